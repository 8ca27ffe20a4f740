"""Weighted means over a window around each pixel, and formulas of them, in one go."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from array_api_compat import array_namespace

from ..compiler import machine
from ..compiler.pixelwise import Plane, address
from .band import along, outputs
from .filters import Border, pad, sum_log10, total
from .triple import Array

LINE = 8  # float64 numbers in a line of the cache

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
    shape = (outputs(x.shape[1], len(kernel), stride), outputs(x.shape[2], len(across), stride))
    found = [_aligned(len(x), *shape) for _ in range(kept)]
    down = machine.Down(tuple(_kind(y) for y in images), taps[0], order, stride)
    loop = machine.Loop(formula, taps[1], len(factors), stride, tuple(_kind(m) for m in maps), kept, summed, logarithms)
    sums = [_sweep(down, loop, shape, [y[i] for y in (*images, *maps, *found)]) for i in range(len(x))]
    return (*found, *np.array(sums).T)


def _compilable(shape: tuple[int, ...], kernel: np.ndarray, across: np.ndarray, stride: int) -> bool:
    """Tell whether compiled code can do it: it works on several rows and columns of results at a time."""
    here = machine.processor()
    if here is None or stride > 2:
        return False
    height, width = outputs(shape[1], len(kernel), stride), outputs(shape[2], len(across), stride)
    return height >= here.block and width >= machine.lanes()


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


def _kind(x: np.ndarray) -> str:
    """How compiled code sees a map."""
    return x.dtype.name if x.dtype.name in machine.KINDS else "float64"


def _aligned(*shape: int) -> np.ndarray:
    """Memory whose rows begin where a vector may lie in one line of the cache."""
    row = -(-shape[-1] // LINE) * LINE
    row += LINE * (row % 512 == 0)  # rows at distances of 4096 bytes would share their place in the cache
    whole = np.empty(math.prod(shape[:-1]) * row + LINE)
    start = -(address(whole) // 8) % LINE
    return whole[start : start + whole.size - LINE].reshape(*shape[:-1], row)[..., : shape[-1]]


def _sweep(down: machine.Down, loop: machine.Loop, shape: tuple[int, int], planes: list[np.ndarray]) -> np.ndarray:
    """Run compiled code on one image: fills the last planes, the outputs, and returns the sums."""
    seen, width = [Plane(x) for x in planes], planes[0].shape[1]
    # vectors that read every second number read one too many
    strip = _aligned(machine.ROWS * loop.sums + 1, width)
    if loop.logarithms:
        totals = np.ones((-(-shape[0] // machine.ROWS), loop.totals, shape[1]))
    else:
        totals = np.zeros((1, loop.totals, machine.lanes()))
    rows = (x for plane in seen for x in (plane.address, plane.row))
    call = machine.sweep(down, loop)
    call(shape[0], width, shape[1], address(strip), strip.strides[0], address(totals), *rows)
    found: np.ndarray = (np.log10(totals) if loop.logarithms else totals).sum(axis=(0, 2))
    return found


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
