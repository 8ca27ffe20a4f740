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
LOG10_2 = math.log10(2)


class Plane:
    """Maps (N, H, W) as compiled code sees them; one number for all pixels of each where they are (N, 1, 1)."""

    __slots__ = ("address", "kind", "memory", "row", "step")

    def __init__(self, x: NDArray[Any], one: bool = False) -> None:
        kind = KIND_OF.get(x.dtype)
        if kind is None or (one and kind != "float64"):
            x, kind = x.astype(np.float64), "float64"
        elif x.strides[2] != x.itemsize:
            x = np.ascontiguousarray(x)
        self.memory = x  # must outlive the call
        self.address = address(x)
        self.step, self.row, _ = x.strides
        if one:
            self.row, kind = 0, "one"
        self.kind = kind


def _places(planes: Sequence[Plane], i: int) -> list[int]:
    """Where the i-th of the maps of each plane lies, and bytes from row to row."""
    places: list[int] = []
    for plane in planes:
        places += (plane.address + i * plane.step, plane.row)
    return places


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
    formula : takes a number of each map; gives `outputs` + `totals` numbers.
    maps : (N, H, W) of one shape; one of shape (N, 1, 1) holds a number for each image.

    Returns
    -------
    tuple
        `outputs` maps (N, H, W), then `totals` sums (N,), float64.
    """
    shape = max((m.shape for m in maps), key=math.prod)
    single = [m.shape != shape for m in maps]
    n, rows, cols = shape
    if cols < lanes():  # a loop takes so many of a row at once
        maps = [np.ascontiguousarray(m) for m in maps]
    if all(one or m.flags.c_contiguous for one, m in zip(single, maps, strict=True)):
        rows, cols = 1, rows * cols
        maps = [m if one else m.reshape(n, 1, cols) for one, m in zip(single, maps, strict=True)]
    results = [np.empty((n, rows, cols)) for _ in range(outputs)]
    planes = [Plane(m, one) for m, one in zip(maps, single, strict=True)]
    call = pixels(Loop(formula, kinds=_kinds(planes), outputs=outputs, totals=totals))
    planes += [Plane(m) for m in results]
    sums = np.zeros((n, totals, lanes()))
    of_sums = address(sums)
    for i in range(n):
        call(rows, cols, of_sums + i * sums.strides[0], *_places(planes, i))
    return (*(m.reshape(shape) for m in results), *sums.sum(axis=2).T)


def can_sweep(rows: int, cols: int, stride: int) -> bool:
    """Tell whether `over_windows` works on results of `rows` x `cols`: it takes several rows and columns at a time."""
    here = processor()
    return here is not None and stride <= 2 and rows >= here.block and cols >= lanes()


def over_windows(
    formula: Formula,
    products: Sequence[tuple[NDArray[Any], ...]],
    maps: Sequence[NDArray[Any]],
    kernels: tuple[NDArray[Any], NDArray[Any]],
    shape: tuple[int, int],
    *,
    outputs: int,
    totals: int,
    logarithms: bool,
    stride: int,
) -> tuple[NDArray[Any], ...]:
    """Apply a formula to weighted means in a window that slides over images, valid part.

    Parameters
    ----------
    formula : takes the mean of each product, then a number of each map; gives `outputs` + `totals` numbers.
    products : of which means are taken, one image (N, H, W) or two that are multiplied.
    maps : of the size of the result, (N, *shape).
    kernels : weights of the window down the columns, and along the rows.
    shape : rows and columns of the result.
    logarithms : whether decimal logarithms of what the formula gives are summed; positive numbers up to 1e300.
    stride : keeps every stride-th window, from the first: 1 or 2.

    Returns
    -------
    tuple
        `outputs` maps (N, *shape), then `totals` sums (N,), float64.
    """
    columns, rows = (tuple(kernel.tolist()) for kernel in kernels)
    images = {id(image): image for product in products for image in product}
    place = {name: i for i, name in enumerate(images)}
    n, _, width = products[0][0].shape
    results = [_aligned(n, *shape) for _ in range(outputs)]
    read, given = [Plane(x) for x in images.values()], [Plane(x) for x in maps]
    down = Down(_kinds(read), columns, tuple(tuple(place[id(x)] for x in product) for product in products), stride)
    loop = Loop(formula, rows, len(products), stride, _kinds(given), outputs, totals, logarithms)
    call, planes = sweep(down, loop), (*read, *given, *(Plane(x) for x in results))
    # vectors that read every second number read one too many
    strip = _aligned(ROWS * loop.sums + 1, width)
    sums = np.zeros((n, totals, 2 if logarithms else 1, lanes()))
    if logarithms:
        sums[:, :, 0] = 1.0
    begin, row, of_sums = address(strip), strip.strides[0], address(sums)
    for i in range(n):
        call(shape[0], width, shape[1], begin, row, of_sums + i * sums.strides[0], *_places(planes, i))
    if logarithms:
        sums[:, :, 0] = np.log10(sums[:, :, 0])
        sums[:, :, 1] *= LOG10_2
    # each total is summed in the same order, whatever others are beside it
    return (*results, *sums.reshape(n, totals, sums.shape[2] * lanes()).sum(axis=2).T)


def _kinds(planes: Sequence[Plane]) -> tuple[str, ...]:
    return tuple(plane.kind for plane in planes)


def _aligned(*shape: int) -> NDArray[Any]:
    """Memory whose rows begin where a vector may lie in one line of the cache."""
    row = -(-shape[-1] // LINE) * LINE
    row += LINE * (row % 512 == 0)  # rows at distances of 4096 bytes would share their place in the cache
    whole = np.empty(math.prod(shape[:-1]) * row + LINE)
    start = -(address(whole) // 8) % LINE
    return whole[start : start + whole.size - LINE].reshape(*shape[:-1], row)[..., : shape[-1]]
