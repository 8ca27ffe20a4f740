"""Weighted means over a window around each pixel, and formulas of them, in one go."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from . import machine
from .band import along, outputs
from .filters import Border, pad, sum_log10, total
from .pixelwise import Plane, address
from .triple import Array

Formula = Callable[..., tuple[Array, ...]]


def swept(
    formula: Formula,
    x: Array,
    kernel: np.ndarray,
    factors: tuple[Array | None, ...] = (None,),
    maps: tuple[Array, ...] = (),
    *,
    across: np.ndarray | None = None,
    kept: int = 1,
    summed: int = 0,
    logarithms: bool = False,
    stride: int = 1,
) -> tuple[Array, ...]:
    """Apply a formula to means in a window that slides over an image, valid part.

    Parameters
    ----------
    formula : takes the mean of `x` times each factor, then each map at that place; gives `kept` + `summed` numbers.
    x : (N, H, W), as are the factors; a factor of None is 1.
    kernel : weights of the window down the columns and, without `across`, along the rows.
    maps : of the size of the result, (N, H', W').
    logarithms : whether decimal logarithms of what the formula gives are summed; numbers in 1..1e19.
    stride : keeps every stride-th window, from the first.

    Returns
    -------
    tuple
        `kept` maps (N, H', W'), then `summed` sums (N,).
    """
    across = kernel if across is None else across
    if not isinstance(x, np.ndarray) or not _compilable(x.shape, kernel, across, stride):
        return _interpreted(formula, x, kernel, factors, maps, across, kept, logarithms, stride)
    taps = (tuple(kernel.tolist()), tuple(across.tolist()))
    images, order = _distinct(x, factors)
    found, sums = [], []
    for i in range(len(x)):
        sweep = Sweep(formula, [y[i] for y in images], order, [m[i] for m in maps], taps, kept, summed, stride)
        sums.append(sweep(logarithms))
        found.append(sweep.found)
    stacked = (found[0][k][None] if len(x) == 1 else np.stack([f[k] for f in found]) for k in range(kept))
    return (*stacked, *np.array(sums).T)


def _compilable(shape: tuple[int, ...], kernel: np.ndarray, across: np.ndarray, stride: int) -> bool:
    """Tell whether compiled code can do it: it works on several rows and columns of results at a time."""
    here = machine.processor()
    if here is None or stride > 2:
        return False
    height, width = outputs(shape[1], len(kernel), stride), outputs(shape[2], len(across), stride)
    return height >= here.block and width >= here.lanes


def _interpreted(
    formula: Formula,
    x: Array,
    kernel: np.ndarray,
    factors: tuple[Array | None, ...],
    maps: tuple[Array, ...],
    across: np.ndarray,
    kept: int,
    logarithms: bool,
    stride: int,
) -> tuple[Array, ...]:
    """`swept` of tensors, of small arrays, and where there is no compiler."""
    xp = array_namespace(x)
    x = xp.astype(x, xp.float64)
    products = (x if factor is None else x * factor for factor in factors)
    means = [along(along(both, kernel, stride, -2), across, stride, -1) for both in products]
    results = formula(*means, *maps)
    reduce = sum_log10 if logarithms else total
    return (*results[:kept], *(reduce(result) for result in results[kept:]))


def _distinct(x: np.ndarray, factors: tuple[Array | None, ...]) -> tuple[list[np.ndarray], tuple[int | None, ...]]:
    """The images that are read, `x` first, and which of them each factor is."""
    images, order = [x], []
    for factor in factors:
        place = next((i for i, image in enumerate(images) if image is factor), None)
        if factor is not None and place is None:
            images.append(factor)
            place = len(images) - 1
        order.append(place)
    return images, tuple(order)


class Sweep:
    """One image of `swept`: some rows at a time, first down the columns, then along the rows into the formula."""

    def __init__(
        self,
        formula: Formula,
        images: list[np.ndarray],
        factors: tuple[int | None, ...],
        maps: list[np.ndarray],
        taps: tuple[tuple[float, ...], tuple[float, ...]],
        kept: int,
        summed: int,
        stride: int,
    ) -> None:
        here = machine.processor()
        assert here is not None
        self.here, self.stride = here, stride
        self.width, self.sums, self.summed = images[0].shape[1], len(factors), summed
        self.height = outputs(images[0].shape[0], len(taps[0]), stride)
        self.columns = outputs(self.width, len(taps[1]), stride)
        self.found = [np.empty((self.height, self.columns)) for _ in range(kept)]
        self.images = [Plane(image) for image in images]
        self.maps = [Plane(m) for m in (*maps, *self.found)]
        kinds = tuple(plane.kind for plane in self.maps[: len(maps)])
        self.loop = machine.Loop(formula, taps[1], self.sums, kinds, kept, summed, stride=stride)
        self.down = machine.columns(tuple(plane.kind for plane in self.images), taps[0], factors, stride)

    def __call__(self, logarithms: bool) -> np.ndarray:
        """Fill the maps `found` and return the sums."""
        go = machine.pixels(self.loop._replace(logarithms=logarithms))
        # vectors that read every second number read one too many
        strip = np.empty(machine.ROWS * self.width * self.sums + 2 * self.here.lanes)
        totals = np.zeros((self.summed, self.columns if logarithms else self.here.lanes))
        found: Any = np.zeros(self.summed)
        for top, rows in self._strips():
            images = (x for image in self.images for x in image.below(top * self.stride))
            self.down(rows, self.width, address(strip), *images)
            if logarithms:
                totals[:] = 1.0
            row = 8 * self.width
            maps = (x for plane in self.maps for x in plane.below(top))
            go(rows, self.columns, address(strip), row, rows * row, address(totals), *maps)
            if logarithms:
                found += np.log10(totals).sum(axis=1)
        return found if logarithms else totals.sum(axis=1)

    def _strips(self) -> list[tuple[int, int]]:
        """Cut the rows of the result into strips of nearly equal height: first row, rows."""
        count = -(-self.height // machine.ROWS)
        edges = [self.height * i // count for i in range(count + 1)]
        return [(top, below - top) for top, below in pairwise(edges)]


def itself(mean: Array) -> tuple[Array]:
    """The mean as it is."""
    return (mean,)


def correlate(
    x: Array, rows: np.ndarray, cols: np.ndarray | None = None, *, border: Border = "valid", stride: int = 1
) -> Array:
    """Correlate with a separable kernel: `rows` down the columns, `cols` (default: the same) along the rows.

    With a border other than "valid" the result has the size of `x` (odd kernels). `stride` keeps every
    stride-th pixel, from the first.
    """
    cols = rows if cols is None else cols
    return swept(itself, pad(x, len(rows) // 2, len(cols) // 2, border), rows, across=cols, stride=stride)[0]


def windowed(x: Array, kernel: np.ndarray, times: Array | None = None) -> Array:
    """Correlate `x`, or its product with `times`, with `kernel` both ways, valid part."""
    return swept(itself, x, kernel, (times,))[0]
