"""One of the three stages in which the text weighs the images' features."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import WIDTH, TextAttention
from .block import TransformerBlock, plus, pointwise, split, times

DIM = 32
Grid = tuple[int, int]
# Which attention belongs to which branch: the published names say A1 and A2 where they mean A and B.
_ATTENTION = {"A": "cross_attentionA1", "B": "cross_attentionA2"}


class Tokens(nn.Module):
    """The 1x1 convolution from features to tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(DIM, DIM, 1)


class Stage(nn.Module):
    """Two branches of one shape, A and B, that share nothing but the text.

    Parameters
    ----------
    channels : of the inputs.
    grid : height and width of the working grid, on which the tokens are cut.
    """

    def __init__(self, channels: int, grid: Grid) -> None:
        super().__init__()
        self.grid = grid
        for branch in "AB":
            self.add_module(f"conv{branch}1", nn.Conv2d(channels, DIM, 3, padding=1, bias=False))
            self.add_module(f"prelu{branch}1", nn.PReLU())
            self.add_module(f"conv{branch}2", nn.Conv2d(DIM, DIM, 1))
            self.add_module(f"prelu{branch}2", nn.PReLU())
            self.add_module(f"conv{branch}3", nn.Conv2d(2 * DIM, DIM, 1))
            self.add_module(f"prelu{branch}3", nn.PReLU())
        for branch in "AB":
            self.add_module(f"restormer{branch}1", TransformerBlock(DIM))
        for branch in "AB":
            self.add_module(_ATTENTION[branch], TextAttention())
        for branch in "AB":
            self.add_module(f"imagef2textf{branch}1", Tokens())

    def branch(self, name: str, x: Tensor, text: Tensor, shares: Tensor) -> Tensor:
        """Compute the features (N, H, W, 32) of a branch, "A" or "B", from its input (N, H, W, C)."""
        features = self.features(name, x)
        attention = cast(TextAttention, getattr(self, _ATTENTION[name]))
        weights = attention(text, self.tokens(name, features), shares)
        return self.weighed(name, features, weights)

    def features(self, name: str, x: Tensor) -> Tensor:
        """Compute the features before the text comes in."""
        maps = functional.conv2d(x.permute(0, 3, 1, 2), self._conv(name, 1).weight, padding=1)
        maps = self._prelu(name, 1)(maps).permute(0, 2, 3, 1).contiguous()
        features: Tensor = getattr(self, f"restormer{name}1")(maps)
        return features

    def tokens(self, name: str, features: Tensor) -> Tensor:
        """Cut features into tokens (N, T, 256): 256 neighbours in the raster of one channel of the working grid."""
        conv = self._tokens(name)
        rows, columns = self._to_grid(features)
        on_grid = _pick(features, rows, columns).flatten(1, 2)
        assert conv.bias is not None
        kernel = conv.weight.flatten(1).expand(on_grid.shape[0], -1, -1)
        maps = torch.baddbmm(conv.bias[:, None], kernel, on_grid.transpose(1, 2))
        return maps.reshape(maps.shape[0], -1, WIDTH)

    def weighed(self, name: str, features: Tensor, weights: Tensor) -> Tensor:
        """Bring the weights of the places (N, 256) back to the image.

        A token starts at a multiple of 256 in the raster of its channel, so a place is a column of pixels, the same in
        all channels: its weight is one number for each pixel, and the two 1x1 convolutions around it become one.
        """
        to_tokens, second, third = self._tokens(name), self._conv(name, 2), self._conv(name, 3)
        assert to_tokens.bias is not None
        assert second.bias is not None
        both = second.weight.flatten(1) @ to_tokens.weight.flatten(1)
        both_bias = second.weight.flatten(1) @ to_tokens.bias
        direct, guided = third.weight.flatten(1).chunk(2, dim=1)
        height, width = self.grid
        places = weights.repeat(1, height * width // WIDTH).view(-1, height, width, 1).to(features.dtype)
        rows, columns = self._to_grid(features)
        back_rows, back_columns = self._from_grid(features)
        places = _pick(places, back_rows, back_columns)
        sampled = _pick(features, _through(rows, back_rows), _through(columns, back_columns))
        parts = []
        for f, g, place in zip(split(features), split(sampled), split(places), strict=True):
            seen = times(pointwise(g, both, both_bias), place)
            seen = self._prelu(name, 2)(plus(seen, second.bias.to(f.dtype)))
            mixed = plus(pointwise(f, direct + guided, third.bias), pointwise(seen, guided))
            parts.append(self._prelu(name, 3)(mixed))
        return torch.cat(parts, dim=1)

    def _to_grid(self, features: Tensor) -> tuple[Tensor | None, Tensor | None]:
        return tuple(_nearest(features.shape[i + 1], self.grid[i], features.device) for i in range(2))  # type: ignore[return-value]

    def _from_grid(self, features: Tensor) -> tuple[Tensor | None, Tensor | None]:
        return tuple(_nearest(self.grid[i], features.shape[i + 1], features.device) for i in range(2))  # type: ignore[return-value]

    def _conv(self, name: str, number: int) -> nn.Conv2d:
        return cast(nn.Conv2d, getattr(self, f"conv{name}{number}"))

    def _prelu(self, name: str, number: int) -> nn.PReLU:
        return cast(nn.PReLU, getattr(self, f"prelu{name}{number}"))

    def _tokens(self, name: str) -> nn.Conv2d:
        return cast(Tokens, getattr(self, f"imagef2textf{name}1")).conv


def _nearest(length: int, wanted: int, device: torch.device) -> Tensor | None:
    """Say which of `length` samples torch takes for each of `wanted` in a nearest-neighbour resize; None for all.

    It scales in float32, which now and then falls short of a whole number. Written as arithmetic, so that whoever runs
    an exported graph rounds as well: what others call a nearest-neighbour resize differs. Not kept: a tensor that is
    made while a graph is traced belongs to the graph.
    """
    if length == wanted:
        return None
    scale = float(np.float32(length) / np.float32(wanted))
    places = torch.arange(wanted, dtype=torch.float32, device=device) * scale
    return places.floor().clamp(max=length - 1).long()


def _pick(maps: Tensor, rows: Tensor | None, columns: Tensor | None) -> Tensor:
    if rows is not None:
        maps = maps.index_select(1, rows)
    return maps if columns is None else maps.index_select(2, columns)


def _through(first: Tensor | None, then: Tensor | None) -> Tensor | None:
    """Chain two resizes of an axis."""
    return then if first is None else first if then is None else first[then]
