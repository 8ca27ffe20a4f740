"""The tensors of a published network, under the names of its file, and the layers that are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_TOKENS = 1 << 16  # that pass at a time: their hidden maps are four times as wide


class Layers(nn.Module):
    """Tensors by name, and the operations of networks on them."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._names = frozenset(tensors)
        for name, tensor in tensors.items():
            if "running_" in name:
                self.register_buffer(_plain(name), tensor)
            else:
                self.register_parameter(_plain(name), nn.Parameter(tensor, requires_grad=False))

    def __getitem__(self, name: str) -> Tensor:
        """Give a tensor by its name in the file."""
        tensor: Tensor = getattr(self, _plain(name))
        return tensor

    def conv(self, x: Tensor, name: str, border: str = "constant", groups: int = 1) -> Tensor:
        """Convolve (N, C, H, W) without change of size; beyond the border lie zeros, "reflect" or "replicate"."""
        weight, bias = self[f"{name}.weight"], self[f"{name}.bias"] if f"{name}.bias" in self._names else None
        reach = weight.shape[-1] // 2
        if border == "constant" or not reach:
            return functional.conv2d(x, weight, bias, padding=reach, groups=groups)
        return functional.conv2d(functional.pad(x, [reach] * 4, mode=border), weight, bias, groups=groups)

    def norm(self, x: Tensor, name: str) -> Tensor:
        """Normalise (N, C, …) by the statistics of the training."""
        mean, variance, weight, bias = (
            self[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, mean, variance, weight, bias)

    def linear(self, x: Tensor, name: str) -> Tensor:
        """Map the last axis."""
        return functional.linear(x, self[f"{name}.weight"], self[f"{name}.bias"])

    def layer_norm(self, x: Tensor, name: str) -> Tensor:
        """Normalise the last axis by its own statistics."""
        weight = self[f"{name}.weight"]
        return functional.layer_norm(x, weight.shape, weight, self[f"{name}.bias"])


def _plain(name: str) -> str:
    """Turn a name into one that a module takes."""
    return name.replace(".", "|")


def raster_blocks(net: Layers, x: Tensor, names: Sequence[str]) -> Tensor:
    """Apply transformer blocks whose window is one token, as Tang's networks do.

    A token is not a pixel's channels: the authors view the memory of (N, C, H, W) as (N, H, W, C), so it is C
    neighbours in the rows of one channel. As each attends to itself alone, attention is its value, projected.
    """
    channels = x.shape[1]
    tokens = x.contiguous().view(-1, channels)
    parts = [_through(net, part, names) for part in tokens.split(_TOKENS)]
    return torch.cat(parts).view(x.shape)


def _through(net: Layers, x: Tensor, names: Sequence[str]) -> Tensor:
    for name in names:
        weight, bias = (net[f"{name}.attn.qkv.{part}"][-x.shape[1] :] for part in ("weight", "bias"))
        value = functional.linear(net.layer_norm(x, f"{name}.norm1"), weight, bias)
        x = x + net.linear(value, f"{name}.attn.proj")
        hidden = functional.gelu(net.linear(net.layer_norm(x, f"{name}.norm2"), f"{name}.mlp.fc1"))
        x = x + net.linear(hidden, f"{name}.mlp.fc2")
    return x
