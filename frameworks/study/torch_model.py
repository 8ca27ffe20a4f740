"""FILM in PyTorch with the methods of `JittorModel`, in float32 or float64: what Jittor is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...methods.film.block import pointwise
from ...methods.film.network import FilmNetwork
from ...training.loop import collate
from ...training.recipes.film.loss import gradients, sobel
from ...training.recipes.film.recipe import Paper
from ..jittor.pipe import Array, Arrays, Clock, Losses, Pair, Seconds


class TorchModel:
    """The recipe's network, losses and Adam, on the processor; each method is that of `JittorModel`.

    Parameters
    ----------
    recipe : what computes the losses; its own network stays as it is.
    state : the parameters by name.
    precision : "float32" or "float64".

    Attributes
    ----------
    seconds : what each call takes, by its name, in order.
    """

    def __init__(self, recipe: Paper, state: Arrays, precision: str = "float32") -> None:
        self.recipe, self.network = copy(recipe), FilmNetwork(recipe.grid).to(getattr(torch, precision))
        self.network.checkpointing = precision == "float64"  # twice the memory, and whose time is not compared
        self.recipe.network = self.network
        self.seconds: dict[str, list[Seconds]] = {}
        self.load(state)

    def load(self, state: Arrays) -> None:
        """Take other parameters; the optimiser starts anew."""
        self.network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
        self.optimiser = self.recipe.optimiser()

    def weights(self) -> Arrays:
        """Return the parameters by name."""
        return {name: tensor.numpy().copy() for name, tensor in self.network.state_dict().items()}

    def memory(self) -> dict[str, Any]:
        """Return the optimiser's state: `step`, and by parameter `m` and `v`."""
        states = {name: self.optimiser.state[each] for name, each in self.network.named_parameters()}
        m, v = ({n: s[key].numpy().copy() for n, s in states.items()} for key in ("exp_avg", "exp_avg_sq"))
        return {"step": int(next(iter(states.values()))["step"]), "m": m, "v": v}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what `memory` returned."""
        for name, each in self.network.named_parameters():
            m, v = (torch.from_numpy(np.array(memory[key][name])) for key in ("m", "v"))
            self.optimiser.state[each] = {"step": torch.tensor(float(memory["step"])), "exp_avg": m, "exp_avg_sq": v}

    def forward(self, pairs: Sequence[Pair]) -> list[Array]:
        """Fuse pairs, to (H, W) each."""
        with self._timed("forward"), torch.inference_mode():
            return [self.network(*self._tensors(pair))[0, 0].numpy() for pair in pairs]

    def stages(self, pair: Pair) -> dict[str, NDArray[Any]]:
        """Return what each part of the network computes of a pair, by the names of `JittorModel.stages`."""
        network, (a, b, text, shares) = self.network, self._tensors(pair)
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
        losses = self._losses(pairs)
        parameters = dict(self.network.named_parameters())
        gradients = torch.autograd.grad(losses["loss"], list(parameters.values()))
        return _numbers(losses), {name: gradient.numpy() for name, gradient in zip(parameters, gradients, strict=True)}

    def step(self, pairs: Sequence[Pair], rate: float) -> tuple[Losses]:
        """Take a step of Adam with a batch; return the losses before it, as the first of what `JittorModel` does."""
        with self._timed("step"):
            self.optimiser.param_groups[0]["lr"] = rate
            self.optimiser.zero_grad()
            losses = self._losses(pairs)
            losses["loss"].backward()
            self.optimiser.step()
        return (_numbers(losses),)

    def ties(self, pairs: Sequence[Pair]) -> dict[str, float]:
        """Return the part of the values, of each operator, at which the frameworks' gradients differ."""
        values: dict[str, list[Tensor]] = {}

        def keep(name: str, x: Tensor) -> None:
            values.setdefault(name, []).append((x == 0).flatten())

        prelus = [module for module in self.network.modules() if isinstance(module, nn.PReLU)]
        hooks = [prelu.register_forward_pre_hook(lambda _, inputs: keep("PReLU", inputs[0])) for prelu in prelus]
        with torch.no_grad():
            for pair in pairs:
                a, b, text, shares = self._tensors(pair)
                fused = self.network(a, b, text, shares)
                keep("|fused - maximum|", fused - torch.maximum(a, b))
                keep("|Sobel - maximum|", sobel(fused) - torch.maximum(sobel(a), sobel(b)))
                keep("|Sobel_x|, |Sobel_y|", gradients(fused))
        for hook in hooks:
            hook.remove()
        return {name: float(torch.cat(ties).double().mean()) for name, ties in values.items()}

    def _losses(self, pairs: Sequence[Pair]) -> dict[str, Tensor]:
        return self.recipe.losses(_batch(pairs), self.network, None)

    def _tensors(self, pair: Pair) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.recipe.tensors(_batch([pair]), [0])

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        clock = Clock()
        yield
        self.seconds.setdefault(name, []).append(clock.read())


def _batch(pairs: Sequence[Pair]) -> dict[str, Any]:
    return collate([{"a": a[None], "b": b[None], "text": text, "name": ""} for a, b, text in pairs])


def _numbers(losses: dict[str, Tensor]) -> Losses:
    return {name: float(loss.detach()) for name, loss in losses.items()}
