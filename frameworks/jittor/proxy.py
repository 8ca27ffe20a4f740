"""A network in the worker, used from this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .pipe import Array, Arrays, Config, Losses, Pair, Seconds
from .worker import Worker

if TYPE_CHECKING:
    from torch import nn


class JittorModel:
    """A network in a worker, with its optimiser: each method is that of `inside.model.Model`.

    Parameters
    ----------
    worker : the process.
    state : the parameters: by name, or those of a network in PyTorch.
    config : what is computed.

    Attributes
    ----------
    seconds : what each call takes, by its name, in order: the first of a kind may have had to compile.
    """

    def __init__(self, worker: Worker, state: Arrays | nn.Module, config: Config) -> None:
        self.worker, self.number = worker, worker.new_number()
        self.seconds: dict[str, list[Seconds]] = {}
        arrays = state if isinstance(state, dict) else {n: t.numpy() for n, t in state.state_dict().items()}
        self._call("make", arrays, config)

    def load(self, state: Arrays) -> None:
        """Take other parameters; the optimiser starts anew."""
        self._call("load", state)

    def weights(self) -> Arrays:
        """Return the parameters by name."""
        return self._call("weights")

    def forward(self, pairs: Sequence[Pair]) -> list[Array]:
        """Fuse pairs, to (H, W) each."""
        return self._call("forward", list(pairs))

    def stages(self, pair: Pair) -> Arrays:
        """Return what each part of the network computes of a pair, by name.

        "text_process" (L, 256), and (C, H, W) of "restormerca1.A", "restormerca1.B", …, "restormer1", "restormer2",
        "restormer3", "conv2", and "fused".
        """
        return self._call("stages", pair)

    def losses(self, pairs: Sequence[Pair], gradient_weight: float | None = None) -> Losses:
        """Compute the losses of a batch, without a gradient."""
        return self._call("losses", list(pairs), gradient_weight)

    def gradients(self, pairs: Sequence[Pair]) -> tuple[Losses, Arrays]:
        """Compute the losses of a batch, and the gradient of "loss" by each parameter."""
        return self._call("gradients", list(pairs))

    def step(
        self, pairs: Sequence[Pair], rate: float, gradient_weight: float | None = None
    ) -> tuple[Losses, list[Array]]:
        """Take a step of Adam with a batch, unless its loss is not finite; return losses and fused images before it.

        Pairs may differ in size and in length of text; `gradient_weight` stands in for the configured one.
        """
        return self._call("step", list(pairs), rate, gradient_weight)

    def memory(self) -> dict[str, Any]:
        """Return the optimiser's state: `step`, and by parameter `m` and `v`."""
        return self._call("memory")

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what `memory` returned."""
        self._call("remember", memory)

    def _call(self, method: str, *arguments: Any) -> Any:
        value, seconds = self.worker.call(self.number, method, *arguments)
        self.seconds.setdefault(method, []).append(seconds)
        return value
