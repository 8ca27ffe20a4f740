"""FILM in PyTorch with what Jittor's model has: what Jittor is compared with, in float32 or float64."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...methods.film.block import pointwise
from ...methods.film.network import FilmNetwork
from ...training.devices import make_fabric
from ...training.engine import FabricEngine
from ...training.loop import collate
from ...training.recipe import Batch
from ...training.recipes.film.recipe import Paper
from ..jittor.pipe import Array, Arrays, Clock, Losses, Pair, Seconds

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def processor() -> Fabric:
    """Launch Fabric on the processor."""
    fabric = make_fabric("cpu", 1, "32-true")
    fabric.launch()
    return fabric


class TorchEngine(FabricEngine):
    """The trainer's engine on the processor, with the methods of `JittorModel` by which both are compared.

    Parameters
    ----------
    recipe : what computes the losses; its own network stays as it is.
    state : the parameters by name.
    precision : "float32" or "float64".

    Attributes
    ----------
    seconds : what each call takes, by its name, in order.
    """

    recipe: Paper

    def __init__(self, recipe: Paper, state: Arrays, precision: str = "float32") -> None:
        super().__init__(processor(), copy(recipe))
        network = FilmNetwork(recipe.grid).to(getattr(torch, precision))
        network.checkpointing = precision == "float64"  # twice the memory, and whose time is not compared
        self.network = self.recipe.network = network
        self.seconds: dict[str, list[Seconds]] = {}
        self.load(state)

    def start(self) -> None:
        """Leave the network as it is: within Fabric's wrapper, what it gives would be float32."""

    def step(self, batch: Batch, draw: np.random.Generator) -> Losses:
        """Take a step with a batch, unless its loss is not finite; return the losses."""
        clock = Clock()
        losses = super().step(batch, draw)
        self.seconds.setdefault("step", []).append(clock.read())
        return losses

    def load(self, state: Arrays) -> None:
        """Take other parameters."""
        self.network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})

    def forward(self, pairs: Sequence[Pair]) -> list[Array]:
        """Fuse pairs, to (H, W) each."""
        clock = Clock()
        with torch.inference_mode():
            fused = [self.network(*self._tensors(pair))[0, 0].numpy() for pair in pairs]
        self.seconds.setdefault("forward", []).append(clock.read())
        return fused

    def stages(self, pair: Pair) -> dict[str, NDArray[Any]]:
        """Return what each part of the network computes of a pair, by the names of `JittorModel.stages`."""
        network: Any = self.network
        a, b, text, shares = self._tensors(pair)
        stages: dict[str, Tensor] = {}
        with torch.no_grad():
            words = pointwise(text, network.text_process.conv.weight, network.text_process.conv.bias)
            branches = {"A": a.permute(0, 2, 3, 1), "B": b.permute(0, 2, 3, 1)}
            for name in ("restormerca1", "restormerca2", "restormerca3"):
                for letter, x in branches.items():
                    branches[letter] = getattr(network, name).branch(letter, x, words, shares)
                    stages[f"{name}.{letter}"] = branches[letter]
            stages["restormer1"] = network.restormer1(torch.cat([*branches.values()], dim=-1))
            x = pointwise(stages["restormer1"], network.conv1.weight, network.conv1.bias)
            stages["restormer2"] = network.restormer2(x)
            stages["restormer3"] = network.restormer3(stages["restormer2"].clone())  # which it writes into
            stages["conv2"] = pointwise(stages["restormer3"], network.conv2.weight, network.conv2.bias)
            stages["fused"] = stages["conv2"].sigmoid()
        return {"text_process": words[0].numpy(), **{n: x[0].permute(2, 0, 1).numpy() for n, x in stages.items()}}

    def gradients(self, pairs: Sequence[Pair]) -> tuple[Losses, dict[str, NDArray[Any]]]:
        """Compute the losses of a batch, and the gradient of "loss" by each parameter."""
        losses = self.recipe.losses(batch_of(pairs), self.network, None)
        parameters = dict(self.network.named_parameters())
        found = torch.autograd.grad(losses["loss"], list(parameters.values()))
        numbers = {name: float(loss.detach()) for name, loss in losses.items()}
        return numbers, {name: gradient.numpy() for name, gradient in zip(parameters, found, strict=True)}

    def _tensors(self, pair: Pair) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.recipe.tensors(batch_of([pair]), [0])


def batch_of(pairs: Sequence[Pair]) -> Batch:
    """Make the batch of pairs that the trainer's loop would."""
    return collate([{"a": a[None], "b": b[None], "text": text, "name": ""} for a, b, text in pairs])
