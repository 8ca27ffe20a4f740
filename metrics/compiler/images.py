"""Formulas over NumPy images by compiled code: pixel by pixel, and over the means in a window that slides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .loops import KINDS, ROWS, Down, Loop, pixels, sweep
from .machine import lanes, processor

Formula = Callable[..., tuple[Any, ...]]  # of `Lanes`, while it is compiled

KIND_OF = {np.dtype(kind): kind for kind in KINDS}  # `dtype.name` is put together anew at each call
SMALL = 64  # pixels: fewer are not worth a call of compiled code
LINE = 8  # float64 numbers in a line of the cache


class Plane:
    """A map (H, W) as compiled code sees it; one number for all pixels where the map has shape (1, 1)."""

    __slots__ = ("address", "kind", "memory", "row")

    def __init__(self, x: NDArray[Any], one: bool = False) -> None:
        kind = KIND_OF.get(x.dtype)
        if kind is None or one:
            x, kind = x.astype(np.float64), "float64"
        elif x.strides[1] != x.itemsize:
            x = np.ascontiguousarray(x)
        self.memory = x  # must outlive the call
        self.address = address(x)
        self.row: int = 0 if one else x.strides[0]
        self.kind = "one" if one else kind


def address(x: NDArray[Any]) -> int:
    """Where the numbers of an array lie."""
    place: int = x.__array_interface__["data"][0]
    return place


def can_map(x: NDArray[Any]) -> bool:
    """Tell whether `over_pixels` works on maps (N, H, W) of this size, and is worth it."""
    return x.size >= SMALL and processor() is not None


def over_pixels(formula: Formula, maps: Sequence[NDArray[Any]], outputs: int, totals: int) -> tuple[NDArray[Any], ...]:
    """Apply a formula to maps pixel by pixel.

    Parameters
    ----------
    formula : takes a number of each map (two of a complex one, real and imaginary); gives `outputs` + `totals` numbers.
    maps : (N, H, W) of one shape; one of shape (N, 1, 1) holds a number for each image.

    Returns
    -------
    tuple
        `outputs` maps (N, H, W), then `totals` sums (N,), float64.
    """
    shape = max((m.shape for m in maps), key=math.prod)
    single = [m.shape != shape for m in maps]
    n, rows, cols = shape
    if all(one or m.flags.c_contiguous for one, m in zip(single, maps, strict=True)):
        rows, cols = 1, rows * cols
        maps = [m if one else m.reshape(n, 1, cols) for one, m in zip(single, maps, strict=True)]
    results = [np.empty((n, rows, cols)) for _ in range(outputs)]
    sums = np.zeros((n, totals, lanes()))
    for i in range(n):
        planes = [Plane(m[i], one) for m, one in zip(maps, single, strict=True)]
        call = pixels(Loop(formula, kinds=tuple(p.kind for p in planes), outputs=outputs, totals=totals))
        planes += [Plane(m[i]) for m in results]
        call(rows, cols, address(sums[i]), *(x for plane in planes for x in (plane.address, plane.row)))
    return (*(m.reshape(shape) for m in results), *sums.sum(axis=2).T)


def can_sweep(rows: int, cols: int, stride: int) -> bool:
    """Tell whether `over_windows` works on results of `rows` x `cols`: it takes several rows and columns at a time."""
    here = processor()
    return here is not None and stride <= 2 and rows >= here.block and cols >= lanes()


def over_windows(
    formula: Formula,
    x: NDArray[Any],
    factors: Sequence[NDArray[Any] | None],
    maps: Sequence[NDArray[Any]],
    kernels: tuple[NDArray[Any], NDArray[Any]],
    shape: tuple[int, int],
    *,
    outputs: int,
    totals: int,
    logarithms: bool,
    stride: int,
) -> tuple[NDArray[Any], ...]:
    """Apply a formula to weighted means in a window that slides over an image, valid part.

    Parameters
    ----------
    formula : takes the mean of `x` times each factor, then a number of each map; gives `outputs` + `totals` numbers.
    x, factors : (N, H, W); a factor of None is 1.
    maps : of the size of the result, (N, *shape).
    kernels : weights of the window down the columns, and along the rows.
    shape : rows and columns of the result.
    logarithms : whether decimal logarithms of what the formula gives are summed; numbers in 1..1e19.
    stride : keeps every stride-th window, from the first: 1 or 2.

    Returns
    -------
    tuple
        `outputs` maps (N, *shape), then `totals` sums (N,), float64.
    """
    columns, rows = (tuple(kernel.tolist()) for kernel in kernels)
    images, order = _distinct(x, factors)
    results = [_aligned(len(x), *shape) for _ in range(outputs)]
    down = Down(tuple(_kind(y) for y in images), columns, order, stride)
    loop = Loop(formula, rows, len(factors), stride, tuple(_kind(m) for m in maps), outputs, totals, logarithms)
    sums = [_sweep(down, loop, shape, [y[i] for y in (*images, *maps, *results)]) for i in range(len(x))]
    return (*results, *np.array(sums).T)


def _distinct(
    x: NDArray[Any], factors: Sequence[NDArray[Any] | None]
) -> tuple[list[NDArray[Any]], tuple[int | None, ...]]:
    """The images that are read, `x` first, and which of them each factor is."""
    images, order = [x], []
    for factor in factors:
        place = next((i for i, image in enumerate(images) if image is factor), None)
        if factor is not None and place is None:
            images.append(factor)
            place = len(images) - 1
        order.append(place)
    return images, tuple(order)


def _kind(x: NDArray[Any]) -> str:
    """How compiled code sees a map."""
    return KIND_OF.get(x.dtype, "float64")


def _aligned(*shape: int) -> NDArray[Any]:
    """Memory whose rows begin where a vector may lie in one line of the cache."""
    row = -(-shape[-1] // LINE) * LINE
    row += LINE * (row % 512 == 0)  # rows at distances of 4096 bytes would share their place in the cache
    whole = np.empty(math.prod(shape[:-1]) * row + LINE)
    start = -(address(whole) // 8) % LINE
    return whole[start : start + whole.size - LINE].reshape(*shape[:-1], row)[..., : shape[-1]]


def _sweep(down: Down, loop: Loop, shape: tuple[int, int], maps: list[NDArray[Any]]) -> NDArray[Any]:
    """Run compiled code on one image: fills the last maps, the results, and returns the sums."""
    planes, width = [Plane(x) for x in maps], maps[0].shape[1]
    # vectors that read every second number read one too many
    strip = _aligned(ROWS * loop.sums + 1, width)
    if loop.logarithms:
        totals = np.ones((-(-shape[0] // ROWS), loop.totals, shape[1]))
    else:
        totals = np.zeros((1, loop.totals, lanes()))
    places = (x for plane in planes for x in (plane.address, plane.row))
    call = sweep(down, loop)
    call(shape[0], width, shape[1], address(strip), strip.strides[0], address(totals), *places)
    sums: NDArray[Any] = (np.log10(totals) if loop.logarithms else totals).sum(axis=(0, 2))
    return sums
