"""A network in the worker, seen from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .messages import Array, Arrays, Config, Pair, Took
from .worker import Worker

if TYPE_CHECKING:
    from torch import nn


class JittorModel:
    """A network in a worker, with its optimiser.

    Parameters
    ----------
    worker : the process.
    state : the parameters: by name, or those of a network in PyTorch.
    config : what is computed.

    Attributes
    ----------
    took : what each call has taken, by its name, in order: the first of a kind may have had to compile.
    """

    def __init__(self, worker: Worker, state: Arrays | nn.Module, config: Config) -> None:
        self.worker, self.number, self.config = worker, worker.new_number(), config
        self.took: dict[str, list[Took]] = {}
        arrays = state if isinstance(state, dict) else {n: t.numpy() for n, t in state.state_dict().items()}
        self._call("make", arrays, config)

    def load(self, state: Arrays) -> None:
        """Take other parameters; the optimiser starts anew."""
        self._call("load", state)

    def weights(self) -> Arrays:
        """Return the parameters by name."""
        weights: Arrays = self._call("weights")
        return weights

    def forward(self, pairs: Sequence[Pair]) -> list[Array]:
        """Fuse pairs, to (H, W) each."""
        fused: list[Array] = self._call("forward", list(pairs))
        return fused

    def stages(self, pair: Pair) -> Arrays:
        """Return what each part of the network computes of a pair, (C, H, W), by name.

        "text_process" (L, 256), "restormerca1.A", "restormerca1.B", …, "restormer1", "restormer2", "restormer3",
        "conv2", and "fused".
        """
        stages: Arrays = self._call("stages", pair)
        return stages

    def losses(
        self, pairs: Sequence[Pair], gradient_weight: float | None = None
    ) -> tuple[dict[str, float], list[Array]]:
        """Compute the losses of a batch, and its fused images."""
        losses: tuple[dict[str, float], list[Array]] = self._call("losses", list(pairs), gradient_weight)
        return losses

    def gradients(self, pairs: Sequence[Pair], gradient_weight: float | None = None) -> tuple[dict[str, float], Arrays]:
        """Compute the losses of a batch, and the gradient of "loss" by each parameter."""
        gradients: tuple[dict[str, float], Arrays] = self._call("gradients", list(pairs), gradient_weight)
        return gradients

    def step(
        self, pairs: Sequence[Pair], rate: float, gradient_weight: float | None = None
    ) -> tuple[dict[str, float], list[Array]]:
        """Take a step of Adam with a batch, unless its loss is not finite.

        Parameters
        ----------
        pairs : the batch; pairs may differ in size and in length of text.
        rate : learning rate.
        gradient_weight : of the loss, in place of the configured one.

        Returns
        -------
        The losses and the fused images before the step.
        """
        step: tuple[dict[str, float], list[Array]] = self._call("step", list(pairs), rate, gradient_weight)
        return step

    def memory(self) -> dict[str, Any]:
        """Return the optimiser's state: `step`, and by parameter `m` and `v`."""
        memory: dict[str, Any] = self._call("memory")
        return memory

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what `memory` returned."""
        self._call("remember", memory)

    def drop(self) -> None:
        """Forget the model in the worker."""
        self._call("drop")

    def _call(self, method: str, *arguments: Any) -> Any:
        value, took = self.worker.call(self.number, method, *arguments)
        self.took.setdefault(method, []).append(took)
        return value
