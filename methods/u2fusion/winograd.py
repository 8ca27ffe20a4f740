"""The generator on a CPU, with Winograd's minimal filtering F(4x4, 3x3).

A 3x3 convolution of a 4x4 tile takes 36 products in place of 144. The transform of the input, usually what eats
the gain, is made once per feature map here: the dense block's concatenation happens in the transformed domain, in one
preallocated buffer, and each layer multiplies the part of it that exists so far. The result differs from the plain
network by float32 rounding only.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, https://doi.org/10.1109/CVPR.2016.435.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod

import torch
from torch import Tensor
from torch.nn import functional

from ..tiles import regions
from .network import DENSE, GROWTH, RADIUS, SLOPE, Generator

STEP = 4  # a tile gives 4x4 outputs from 6x6 inputs
CHUNK = 512  # tiles multiplied at a time, so that the products are still in the cache when they are transformed
PIXELS = 96 * 1024  # of a region computed at a time: about 230 MB of buffers

# Kernel transform G of F(4, 3) at the points 0, 1, -1, 2, -2 and infinity.
_G = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]


class _Scratch(threading.local):
    """Memory of each thread that is used again and again: fresh pages would cost more than the arithmetic on them."""

    def __init__(self) -> None:
        self.flat: dict[str, Tensor] = {}

    def __reduce__(self) -> tuple[type[_Scratch], tuple[()]]:
        """Copy none of the memory."""
        return _Scratch, ()

    def take(self, name: str, *shape: int) -> Tensor:
        """Give a tensor of this shape with any content; it lives until the name is taken again."""
        size = prod(shape)
        if name not in self.flat or self.flat[name].numel() < size:
            self.flat[name] = torch.zeros(size)  # never NaN, also where it is not written
        return self.flat[name][:size].view(shape)


def _to_points(d: Sequence[Tensor], out: Sequence[Tensor], scratch: _Scratch) -> None:
    """Apply B^T of F(4, 3): six samples to their values at the six points."""
    even, odd = scratch.take("even", *d[0].shape), scratch.take("odd", *d[0].shape)
    torch.sub(d[4], d[2], alpha=4, out=even)
    torch.sub(d[3], d[1], alpha=4, out=odd)
    torch.add(even, odd, out=out[1])
    torch.sub(even, odd, out=out[2])
    torch.sub(d[4], d[2], out=even)
    torch.sub(d[3], d[1], out=odd)
    torch.add(even, odd, alpha=2, out=out[3])
    torch.sub(even, odd, alpha=2, out=out[4])
    torch.add(torch.sub(d[4], d[2], alpha=5, out=even), d[0], alpha=4, out=out[0])
    torch.add(torch.sub(d[5], d[3], alpha=5, out=odd), d[1], alpha=4, out=out[5])


def _from_points(m: Sequence[Tensor], out: Sequence[Tensor], scratch: _Scratch) -> None:
    """Apply A^T of F(4, 3): values at the six points to four outputs; changes `m`."""
    total, total2 = scratch.take("even", *m[0].shape), scratch.take("odd", *m[0].shape)
    torch.add(m[1], m[2], out=total)
    torch.add(m[3], m[4], out=total2)
    difference, difference2 = m[1].sub_(m[2]), m[3].sub_(m[4])
    torch.add(m[0].add_(total), total2, out=out[0])
    torch.add(difference, difference2, alpha=2, out=out[1])
    torch.add(total, total2, alpha=4, out=out[2])
    torch.add(m[5].add_(difference), difference2, alpha=8, out=out[3])


@dataclass(frozen=True)
class _Layer:
    kernel: Tensor  # (36, inputs, outputs), transformed
    bias: Tensor


class _Canvas:
    """One region's feature maps with a border of one pixel, and their transforms."""

    def __init__(self, height: int, width: int, scratch: _Scratch) -> None:
        self.height, self.width, self.scratch = height, width, scratch
        self.rows, self.columns = ceil(height / STEP), ceil(width / STEP)
        self.transformed = scratch.take("transformed", 36, self.rows * self.columns, (DENSE + 1) * GROWTH)

    def border(self, channels: int) -> Tensor:
        """Make room for maps (H, W, channels) and their border; what lies beyond H and W must only be finite."""
        return self.scratch.take("maps", self.rows * STEP + 2, self.columns * STEP + 2, channels)

    def store(self, maps: Tensor, at: int, edge: float | None) -> None:
        """Fill the border of the maps and put their transform at channel `at`."""
        fill_border(maps, self.height, self.width, edge)
        channels = maps.shape[2]
        target = self.transformed.view(6, 6, self.rows, self.columns, -1)[..., at : at + channels]
        span = max(1, CHUNK // self.columns)
        for top in range(0, self.rows, span):
            count = min(span, self.rows - top)
            rows = [maps[top * STEP + i :: STEP][:count] for i in range(6)]
            points = self.scratch.take("points", 6, *rows[0].shape)
            _to_points(rows, points.unbind(), self.scratch)
            columns = [points[:, :, j::STEP][:, :, : self.columns] for j in range(6)]
            _to_points(columns, [target[:, j, top : top + count] for j in range(6)], self.scratch)

    def convolve(self, layer: _Layer) -> Tensor:
        """Convolve the maps stored so far, with bias and activation."""
        inputs, outputs = layer.kernel.shape[1:]
        maps = self.border(outputs)
        span = max(1, CHUNK // self.columns)
        for top in range(0, self.rows, span):
            count = min(span, self.rows - top)
            tiles = slice(top * self.columns, (top + count) * self.columns)
            products = self.scratch.take("products", 36, count * self.columns, outputs)
            torch.bmm(self.transformed[:, tiles, :inputs], layer.kernel, out=products)
            products[7] += layer.bias  # the value 1 at the point (1, 1) is a constant 1 in all sixteen outputs
            points = products.view(6, 6, count, self.columns, outputs)
            half = self.scratch.take("half", 4, 6, count, self.columns, outputs)
            _from_points(points.unbind(0), half.unbind(), self.scratch)
            band = maps[1 + top * STEP : 1 + (top + count) * STEP, 1:-1]
            tiled = band.unflatten(1, (self.columns, STEP)).unflatten(0, (count, STEP))
            # (rows, 4, columns, 4, C) -> (4, rows, columns, C) for each of the four columns of a tile
            _from_points(half.unbind(1), [tiled[:, :, :, j].transpose(0, 1) for j in range(STEP)], self.scratch)
            functional.leaky_relu_(band, SLOPE)
        return maps


def fill_border(maps: Tensor, height: int, width: int, edge: float | None) -> None:
    """Fill the border of (H + 2, W + 2, C) maps: with what lies one pixel inside the edge, or with a constant.

    What lies farther out only completes the last tiles; it is set to zero, so that nothing can grow there.
    """
    maps[height + 2 :] = 0
    maps[:, width + 2 :] = 0
    maps[0] = maps[2] if edge is None else edge
    maps[height + 1] = maps[height - 1] if edge is None else edge
    maps[:, 0] = maps[:, 2] if edge is None else edge
    maps[:, width + 1] = maps[:, width - 1] if edge is None else edge


class FastGenerator:
    """The generator's forward pass for one pair at a time, float32, on the CPU.

    Parameters
    ----------
    network : the plain network, whose weights are copied.
    pixels : size of a region computed at a time; memory grows with it.
    """

    def __init__(self, network: Generator, pixels: int = PIXELS) -> None:
        self.pixels, self.scratch = pixels, _Scratch()
        state = network.state_dict()
        self.edges = network.encoder.conv1_1.edge, network.decoder.conv2_1.edge
        self.first = _plain(state, "encoder.conv1_1")
        self.last = _plain(state, "decoder.conv2_4")
        self.dense = [_transformed(state, f"encoder.dense{i}", i) for i in range(1, DENSE + 1)]
        self.decoder = [_transformed(state, "decoder.conv2_1", DENSE + 1)]
        self.decoder += [_transformed(state, f"decoder.conv2_{i}") for i in (2, 3)]

    @torch.inference_mode()
    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse sources of shape (N, 1, H, W), float32 in [0, 1]; as `Generator.forward`."""
        height, width = first.shape[2:]
        fused = torch.empty_like(first)
        for n in range(first.shape[0]):
            sources = torch.stack([first[n, 0], second[n, 0]], dim=-1)
            for read, inner, place in regions(height, width, self.pixels, RADIUS):
                fused[n, 0, *place] = self._region(sources[read])[inner]
        return fused

    def _region(self, sources: Tensor) -> Tensor:
        """Fuse a region as if it were an image; the false border spoils a margin that the caller cuts off."""
        canvas = _Canvas(sources.shape[0], sources.shape[1], self.scratch)
        outer, edge = self.edges
        maps = canvas.border(2)
        maps[1 : 1 + canvas.height, 1 : 1 + canvas.width] = sources
        fill_border(maps, canvas.height, canvas.width, outer)
        thin = functional.leaky_relu(_direct(maps, self.first), SLOPE)
        maps = canvas.border(GROWTH)
        maps[1:-1, 1:-1] = thin
        for i, layer in enumerate(self.dense):
            canvas.store(maps, i * GROWTH, edge)
            maps = canvas.convolve(layer)
        canvas.store(maps, DENSE * GROWTH, edge)
        for layer in self.decoder[:-1]:
            maps = canvas.convolve(layer)
            canvas.store(maps, 0, edge)
        maps = canvas.convolve(self.decoder[-1])
        fill_border(maps, canvas.height, canvas.width, edge)
        fused = _direct(maps, self.last)[: canvas.height, : canvas.width, 0]
        return torch.tanh(fused) / 2 + 0.5


def _direct(maps: Tensor, layer: _Layer) -> Tensor:
    """Convolve (H + 2, W + 2, C) maps without Winograd; for the two layers that are too thin to gain."""
    image = maps.permute(2, 0, 1)[None]
    return functional.conv2d(image, layer.kernel, layer.bias)[0].permute(1, 2, 0)


def _plain(state: Mapping[str, Tensor], name: str) -> _Layer:
    kernel = state[f"{name}.weight"].float().contiguous(memory_format=torch.channels_last)
    return _Layer(kernel, state[f"{name}.bias"].float())


def _transformed(state: Mapping[str, Tensor], name: str, blocks: int = 1) -> _Layer:
    """Transform a kernel; its input blocks are turned from newest first to the buffer's order, oldest first."""
    kernel = state[f"{name}.weight"].double()
    kernel = kernel.unflatten(1, (blocks, -1)).flip(1).flatten(1, 2)
    g = torch.tensor(_G, dtype=torch.float64)
    points = torch.einsum("ik,ockl,jl->ijco", g, kernel, g).flatten(0, 1)
    return _Layer(points.float().contiguous(), state[f"{name}.bias"].float())
