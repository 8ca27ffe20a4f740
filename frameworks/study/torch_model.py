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
from ...sizes import by_size
from ...training.recipes.film.loss import fusion_losses, sobel
from ..jittor.pipe import Array, Arrays, Clock, Config, Losses, Pair, Seconds

SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


class TorchModel:
    """The network with Adam, on the processor; each method is that of `JittorModel`.

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
        network, (a, b, text, shares) = self.network, self._tensors([pair])
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

        def keep(name: str, x: Tensor) -> None:
            values.setdefault(name, []).append((x == 0).flatten())

        prelus = [module for module in self.network.modules() if isinstance(module, nn.PReLU)]
        hooks = [prelu.register_forward_pre_hook(lambda _, inputs: keep("PReLU", inputs[0])) for prelu in prelus]
        kernels = torch.stack([SOBEL, SOBEL.T])[:, None].to(self.type)
        with torch.no_grad():
            for pair in pairs:
                a, b, text, shares = self._tensors([pair])
                fused = self.network(a, b, text, shares)
                keep("|fused - maximum|", fused - torch.maximum(a, b))
                keep("|Sobel - maximum|", sobel(fused) - torch.maximum(sobel(a), sobel(b)))
                keep("|Sobel_x|, |Sobel_y|", nn.functional.conv2d(fused, kernels, padding=1))
        for hook in hooks:
            hook.remove()
        return {name: float(torch.cat(ties).double().mean()) for name, ties in values.items()}

    def _losses(self, pairs: Sequence[Pair]) -> tuple[Tensor, Losses, list[Array]]:
        """Compute the losses as training does: pairs of one size together, each group by its part of the batch."""
        config, total, fused = self.config, dict[str, Tensor](), dict[int, Array]()
        for group in by_size([pair[0] for pair in pairs]):
            a, b, text, shares = self._tensors([pairs[i] for i in group])
            images = self.network(a, b, text, shares)
            part = fusion_losses(images, a, b, config.gradient_weight, config.ssim_weight, config.signed)
            total = {name: total.get(name, 0) + len(group) / len(pairs) * loss for name, loss in part.items()}
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
