"""Weighted means over a window around each pixel, for formulas that only sum over pixels afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from .band import TALL, Strip, along, outputs, strip
from .filters import summed, total
from .triple import Array


def windowed(x: Array, kernel: np.ndarray, times: Array | None = None) -> Array:
    """Correlate `x`, or its product with `times`, with `kernel` both ways, valid part, for formulas that sum pixels.

    The result holds the pixels of `correlate(x, kernel)` in an order of its own, which is the same for all images of
    one size: (N, 1, H' W') for arrays. Not to put them back in place saves a third of the time.
    """
    if not isinstance(x, np.ndarray):
        return _windowed_tensor(x, kernel, times)
    out = np.empty((x.shape[0], 1, math.prod(outputs(length, len(kernel), 1) for length in x.shape[1:])))
    for i, part, rows, work in _window_strips(x, kernel):
        work(x[i, rows], None if times is None else times[i, rows], out[i, 0, part])
    return out


def _windowed_tensor(x: Array, kernel: np.ndarray, times: Array | None) -> Array:
    """`windowed` of tensors."""
    return along(along(x if times is None else x * times, kernel, 1, -2), kernel, 1, -1)


def _window_strips(x: np.ndarray, kernel: np.ndarray) -> Iterator[tuple[int, slice, slice, Strip]]:
    """Strips that `windowed` works on: image, where the results lie, the rows they are made of, and the filter."""
    height, width = (outputs(length, len(kernel), 1) for length in x.shape[1:])
    tops = range(0, height, TALL)
    works = [strip(min(TALL, height - top), width, kernel, kernel, 1) for top in (tops[0], tops[-1])]
    for i in range(x.shape[0]):
        for top in tops:
            work = works[top == tops[-1]]
            high = work.shape[0]
            yield i, slice(top * width, (top + high) * width), slice(top, top + high + len(kernel) - 1), work


def summed_moments(
    formula: Callable[..., Array],
    x: Array,
    kernel: np.ndarray,
    variance: Callable[..., Array],
    others: list[tuple[Array, ...]],
    reduce: Callable[[Array], Array] | None = None,
) -> list[Array]:
    """Sum formula(mean of x y, mean of x, `variance` of x, *maps) over the pixels of each image, means in a window.

    Once for each (y, *maps) of `others`; the maps are in the order of `windowed`. What belongs to `x` is computed strip
    by strip and used up while it is in the cache: (N,) each. See `window_moments`.
    """
    reduce = reduce or total
    if not isinstance(x, np.ndarray):
        moments = window_moments(x, kernel, variance)
        return [reduce(formula(_windowed_tensor(x, kernel, y), *moments, *maps)) for y, *maps in others]
    sums = np.zeros((len(others), x.shape[0]))
    both, average, spread = np.empty((3, 1, 1, TALL * x.shape[2]))
    for i, part, rows, work in _window_strips(x, kernel):
        of_both, of_x, spread_of_x = (flat[..., : part.stop - part.start] for flat in (both, average, spread))
        work(x[i, rows], None, of_x[0, 0])
        work(x[i, rows], x[i, rows], spread_of_x[0, 0])
        variance(spread_of_x, of_x, out=spread_of_x)
        for total_of, (y, *maps) in zip(sums, others, strict=True):
            work(x[i, rows], y[i, rows], of_both[0, 0])
            pieces_of = (m[i : i + 1, :, part] for m in maps)
            total_of[i] += summed(formula, of_both, of_x, spread_of_x, *pieces_of, reduce=reduce)[0]
    return list(sums)


def window_moments(x: Array, kernel: np.ndarray, variance: Callable[..., Array]) -> tuple[Array, Array]:
    """Mean in a window around each pixel, and `variance(mean square, mean)`, both in the order of `windowed`."""
    average = windowed(x, kernel)
    if not isinstance(x, np.ndarray):
        return average, variance(_windowed_tensor(x, kernel, x), average)
    found, scratch = np.empty_like(average), np.empty(TALL * x.shape[2])
    for i, part, rows, work in _window_strips(x, kernel):
        flat = scratch[: part.stop - part.start]
        work(x[i, rows], x[i, rows], flat)
        variance(flat, average[i, 0, part], out=found[i, 0, part])
    return average, found
