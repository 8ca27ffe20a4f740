"""FILM in PyTorch with the methods of `JittorModel`, in float32 or float64: what Jittor is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.optim import Adam

from ...methods.film.block import pointwise
from ...methods.film.network import FilmNetwork
from ...training.recipes.film.loss import fusion_losses, sobel
from ..jittor.pipe import Array, Arrays, Clock, Config, Losses, Pair, Seconds, by_size

_ACROSS = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
SOBEL = torch.stack([_ACROSS, _ACROSS.T])[:, None]


class TorchModel:
    """The network with Adam, on the processor.

    Parameters
    ----------
    state : the parameters by name.
    config : what is computed.
    precision : "float32" or "float64".

    Attributes
    ----------
    seconds : what each call takes, by its name, in order.
    """

    def __init__(self, state: Arrays, config: Config, precision: str = "float32") -> None:
        self.config, self.type = config, getattr(torch, precision)
        self.network = FilmNetwork(config.grid).to(self.type)
        self.seconds: dict[str, list[Seconds]] = {}
        self.load(state)

    def load(self, state: Arrays) -> None:
        """Take other parameters; the optimiser starts anew."""
        self.network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
        self.optimiser = Adam(self.network.parameters(), lr=0.0)

    def weights(self) -> Arrays:
        """Return the parameters by name."""
        return {name: tensor.numpy().copy() for name, tensor in self.network.state_dict().items()}

    def forward(self, pairs: Sequence[Pair]) -> list[Array]:
        """Fuse pairs, to (H, W) each."""
        with self._timed("forward"), torch.inference_mode():
            return [self.network(*self._tensors([pair]))[0, 0].numpy() for pair in pairs]

    def stages(self, pair: Pair) -> dict[str, NDArray[Any]]:
        """Return what each part of the network computes of a pair, by the names of `JittorModel.stages`."""
        stages: dict[str, Tensor] = {}
        network = self.network
        a, b, text, shares = self._tensors([pair])
        with torch.no_grad():
            words = pointwise(text, network.text_process.conv.weight, network.text_process.conv.bias)
            maps = {"A": a[..., None][:, 0], "B": b[..., None][:, 0]}
            for name in ("restormerca1", "restormerca2", "restormerca3"):
                for letter in "AB":
                    maps[letter] = getattr(network, name).branch(letter, maps[letter], words, shares)
                    stages[f"{name}.{letter}"] = maps[letter]
            x = torch.cat([maps["A"], maps["B"]], dim=-1)
            for name in ("restormer1", "restormer2", "restormer3"):
                stages[name] = x = getattr(network, name)(x.clone())  # a block uses its input's memory again
                if name == "restormer1":
                    x = pointwise(x, network.conv1.weight, network.conv1.bias)
            stages["conv2"] = x = pointwise(x, network.conv2.weight, network.conv2.bias)
            stages["fused"] = x.sigmoid()
        return {"text_process": words[0].numpy(), **{n: x[0].permute(2, 0, 1).numpy() for n, x in stages.items()}}

    def gradients(self, pairs: Sequence[Pair]) -> tuple[Losses, dict[str, NDArray[Any]]]:
        """Compute the losses of a batch, and the gradient of "loss" by each parameter."""
        loss, losses, _ = self._losses(pairs)
        parameters = dict(self.network.named_parameters())
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        return losses, {name: gradient.numpy() for name, gradient in zip(parameters, gradients, strict=True)}

    def step(self, pairs: Sequence[Pair], rate: float) -> tuple[Losses, list[Array]]:
        """Take a step of Adam with a batch; return the losses and the fused images before it."""
        with self._timed("step"):
            loss, losses, fused = self._losses(pairs)
            self.optimiser.param_groups[0]["lr"] = rate
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
        return losses, fused

    def ties(self, pairs: Sequence[Pair]) -> dict[str, float]:
        """Return the part of the values, of each operator, at which the frameworks' gradients differ."""
        values: dict[str, list[Tensor]] = {}
        hooks = [
            module.register_forward_pre_hook(lambda _, inputs: values.setdefault("PReLU", []).append(inputs[0] == 0))
            for module in self.network.modules()
            if isinstance(module, nn.PReLU)
        ]
        with torch.no_grad():
            for group in by_size(pairs):
                a, b, text, shares = self._tensors([pairs[i] for i in group])
                fused = self.network(a, b, text, shares)
                for name, x in {
                    "|fused - maximum|": fused - torch.maximum(a, b),
                    "|Sobel - maximum|": sobel(fused) - torch.maximum(sobel(a), sobel(b)),
                    "|Sobel_x|, |Sobel_y|": nn.functional.conv2d(fused, SOBEL.to(self.type), padding=1),
                }.items():
                    values.setdefault(name, []).append(x == 0)
        for hook in hooks:
            hook.remove()
        return {name: float(torch.cat([x.flatten() for x in ties]).double().mean()) for name, ties in values.items()}

    def _losses(self, pairs: Sequence[Pair]) -> tuple[Tensor, Losses, list[Array]]:
        """Compute the losses as training does: pairs of one size together, each group by its part of the batch."""
        config, total, fused = self.config, dict[str, Tensor](), dict[int, Array]()
        for group in by_size(pairs):
            a, b, text, shares = self._tensors([pairs[i] for i in group])
            images = self.network(a, b, text, shares)
            part = fusion_losses(images, a, b, config.gradient_weight, config.ssim_weight, config.signed)
            weight = len(group) / len(pairs)
            total = {name: total.get(name, 0) + weight * loss for name, loss in part.items()}
            fused |= dict(zip(group, images.detach()[:, 0].numpy(), strict=True))
        losses = {name: float(loss.detach()) for name, loss in total.items()}
        return total["loss"], losses, [fused[i] for i in range(len(pairs))]

    def _tensors(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        a, b = (torch.from_numpy(np.stack([pair[i] for pair in pairs])[:, None]).to(self.type) for i in (0, 1))
        texts = [torch.from_numpy(np.array(pair[2])).to(self.type) for pair in pairs]
        shares = [text.new_full((len(text),), 1 / len(text)) for text in texts]
        return a, b, pad_sequence(texts, batch_first=True), pad_sequence(shares, batch_first=True)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        clock = Clock()
        yield
        self.seconds.setdefault(name, []).append(clock.read())
