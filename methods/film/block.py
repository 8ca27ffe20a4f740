"""The transformer block of Restormer, computed channels last and in strips of rows.

Zamir, Arora, Khan, Hayat, Khan, Yang, "Restormer: Efficient Transformer for High-Resolution Image Restoration",
CVPR 2022, https://doi.org/10.1109/CVPR52688.2022.00564.

Maps are (N, H, W, C) and contiguous: a 1x1 convolution is then one matrix product and LayerNorm works on neighbouring
numbers. A strip is so low that its widest maps stay in a processor's cache, which bounds the memory, too. Training and
inference go through the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

HEADS = 8
FACTOR = 4  # the feed-forward part is so many times as wide as its input, twice
GROUP = 128  # hidden channels at a time
STRIP = {"cpu": 7680}  # pixels of a strip, over all images of a batch
STRIP_ELSEWHERE = 1 << 20


class Norm(nn.Module):
    """LayerNorm over the channels of each pixel."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.body = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise maps (N, H, W, C)."""
        normalised: Tensor = self.body(x)
        return normalised


class Attention(nn.Module):
    """Attention among channels (MDTA): for each head, channels of q against channels of k, over all pixels.

    The channels' products and norms are entries of one Gram matrix of (q, k), summed strip by strip; the attention, a
    small matrix, is multiplied into the last 1x1 convolution before either touches a pixel.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(HEADS, 1, 1))
        self.qkv = nn.Conv2d(dim, 3 * dim, 1, bias=False)
        self.qkv_dwconv = nn.Conv2d(3 * dim, 3 * dim, 3, padding=1, groups=3 * dim, bias=False)
        self.project_out = nn.Conv2d(dim, dim, 1, bias=False)

    def strip(self, x: Tensor, edges: tuple[bool, bool]) -> tuple[Tensor, Tensor]:
        """Compute the Gram matrix (N, 2C, 2C) of q and k over a strip, and its v (N, rows, W, C)."""
        dim = x.shape[-1]
        (qk_in, v_in), (qk_dw, v_dw) = ((w[: 2 * dim], w[2 * dim :]) for w in (self.qkv.weight, self.qkv_dwconv.weight))
        qk = depthwise(pointwise(x, qk_in), qk_dw, edges).flatten(1, 2)
        with _in_full(x.device):
            gram = full(qk).transpose(1, 2) @ full(qk)
        return gram, depthwise(pointwise(x, v_in), v_dw, edges)

    def mixing(self, gram: Tensor) -> Tensor:
        """Turn the Gram matrix of the whole image into the matrix (N, C, C) that v is multiplied with."""
        dim = gram.shape[1] // 2
        with _in_full(gram.device):
            norms = gram.diagonal(dim1=1, dim2=2).clamp_min(1e-24).sqrt()
            cosine = gram[:, :dim, dim:] / (norms[:, :dim, None] * norms[:, None, dim:])
            heads = cosine.unflatten(2, (HEADS, -1)).unflatten(1, (HEADS, -1)).diagonal(dim1=1, dim2=3)
            attention = (heads.permute(0, 3, 1, 2) * self.temperature).softmax(dim=-1)
            out = self.project_out.weight.flatten(1).unflatten(1, (HEADS, -1))
            return torch.einsum("ohc,nhcd->nohd", out, attention).flatten(2)


class FeedForward(nn.Module):
    """Gated feed-forward part (GDFN): GELU of one half times the other."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        hidden = FACTOR * dim
        self.project_in = nn.Conv2d(dim, 2 * hidden, 1, bias=False)
        self.dwconv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project_out = nn.Conv2d(hidden, dim, 1, bias=False)

    def strip(self, x: Tensor, edges: tuple[bool, bool]) -> Tensor:
        """Compute a strip, some hidden channels after the other: what they need stays in the cache."""
        inward, depth = (kernel.chunk(2) for kernel in (self.project_in.weight, self.dwconv.weight))
        total: Tensor | None = None
        for at in range(0, inward[0].shape[0], GROUP):
            some = slice(at, at + GROUP)
            gate, value = (depthwise(pointwise(x, w[some]), d[some], edges) for w, d in zip(inward, depth, strict=True))
            gated = times(functional.gelu(gate), value)
            part = pointwise(gated, self.project_out.weight[:, some])
            total = part if total is None else plus(part, total)
        assert total is not None
        return total


class TransformerBlock(nn.Module):
    """x += MDTA(LN(x)); x += GDFN(LN(x)).

    Parameters
    ----------
    dim : channels.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm1 = Norm(dim)
        self.attn = Attention(dim)
        self.norm2 = Norm(dim)
        self.ffn = FeedForward(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Compute maps (N, H, W, C) from such maps; where no gradient is asked for, the result takes their memory."""
        grams = []

        def value(strip: Strip) -> Tensor:
            gram, v = self.attn.strip(self.norm1(strip.wide), strip.edges)
            grams.append(gram)
            return v

        v = join((value(strip) for strip in strips(x)), None if torch.is_grad_enabled() else torch.empty_like(x))
        mixing = self.attn.mixing(torch.stack(grams).sum(dim=0)).transpose(1, 2)
        mixed = (plus(_mix(own, mixing), part) for own, part in zip(split(v), split(x), strict=True))
        between = join(mixed, v)
        done = (plus(self.ffn.strip(self.norm2(strip.wide), strip.edges), strip.own) for strip in strips(between))
        return join(done, x)


@dataclass(frozen=True)
class Strip:
    """Some rows of maps (N, H, W, C).

    Attributes
    ----------
    own : the rows.
    wide : with one row more of each neighbour.
    edges : whether the image ends above, and below.
    """

    own: Tensor
    wide: Tensor
    edges: tuple[bool, bool]


def strips(x: Tensor) -> Iterator[Strip]:
    """Cut maps (N, H, W, C) into strips of rows."""
    parts = split(x)
    last = len(parts) - 1
    if not last:
        yield Strip(x, x, (True, True))
    elif torch.is_grad_enabled():  # the gradient of overlapping views would be as large as the image for each of them
        for i, part in enumerate(parts):
            near = parts[max(0, i - 1) : i + 2]
            wide = [near[0][:, -1:]] * (i > 0) + [part] + [near[-1][:, :1]] * (i < last)
            yield Strip(part, torch.cat(wide, dim=1), (i == 0, i == last))
    else:
        rows = parts[0].shape[1]
        for i, part in enumerate(parts):
            wide_view = x[:, max(0, i * rows - 1) : (i + 1) * rows + 1]
            yield Strip(part, wide_view, (i == 0, i == last))


def split(x: Tensor) -> Sequence[Tensor]:
    """Cut maps (N, H, W, C) into strips that do not overlap; an exported graph has one, and repeats nothing."""
    if torch.compiler.is_exporting():
        return (x,)
    pixels = STRIP.get(x.device.type, STRIP_ELSEWHERE)
    return x.split(max(1, pixels // (x.shape[0] * x.shape[2])), dim=1)


def join(parts: Iterable[Tensor], memory: Tensor | None) -> Tensor:
    """Put strips together: in new memory where a gradient is asked for or none is given, else in the given one.

    Fresh memory costs a visit of the operating system for each page, as much as a cheap operation on it.
    """
    if torch.is_grad_enabled() or memory is None:
        return torch.cat(list(parts), dim=1)
    at = 0
    for part in parts:
        memory[:, at : at + part.shape[1]] = part
        at += part.shape[1]
    return memory


def _mix(v: Tensor, mixing: Tensor) -> Tensor:
    """Multiply each pixel of (N, rows, W, C) with the matrix of its image, (N, C, C)."""
    return (v.flatten(1, 2) @ mixing.to(v.dtype)).view_as(v)


def times(x: Tensor, y: Tensor) -> Tensor:
    """Multiply, in place of `x` where no gradient is asked for: memory that is in the cache is not left for other."""
    return x * y if torch.is_grad_enabled() else x.mul_(y)


def plus(x: Tensor, y: Tensor) -> Tensor:
    """Add, as `times` multiplies."""
    return x + y if torch.is_grad_enabled() or x.dtype != y.dtype else x.add_(y)


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply a 1x1 convolution to maps whose last axis are the channels."""
    return functional.linear(x, weight.flatten(1), bias)


def depthwise(x: Tensor, weight: Tensor, edges: tuple[bool, bool]) -> Tensor:
    """Apply a depthwise 3x3 convolution to maps (N, rows, W, C).

    Parameters
    ----------
    edges : whether the strip's first and last row are the image's, beyond which there are zeros; otherwise they are
        rows of the neighbouring strips, which the result lacks.
    """
    if any(edges):
        x = functional.pad(x, (0, 0, 0, 0, int(edges[0]), int(edges[1])))
    if x.dtype == torch.float64:
        return _shifted(x, weight)
    y = functional.conv2d(x.permute(0, 3, 1, 2), weight, padding=(0, 1), groups=weight.shape[0])
    return y.permute(0, 2, 3, 1)


def _in_full(device: torch.device) -> AbstractContextManager[object]:
    """Turn autocast off; the meta device, on which nothing is computed, has none."""
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)


def _shifted(x: Tensor, weight: Tensor) -> Tensor:
    """Apply a depthwise 3x3 convolution as a sum of shifted maps: in float64 torch would go channel by channel."""
    rows, columns = x.shape[1] - 2, x.shape[2]
    x = functional.pad(x, (0, 0, 1, 1))
    taps = weight.flatten(1).T  # (9, C)
    terms = [x[:, i // 3 : i // 3 + rows, i % 3 : i % 3 + columns] * tap for i, tap in enumerate(taps)]
    return sum(terms[1:], terms[0])


def full(x: Tensor) -> Tensor:
    """Return half-precision numbers in float32, others as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
