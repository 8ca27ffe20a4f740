"""Weighted means over a window around each pixel, and formulas of them, in one go.

Compiled for arrays. Tensors, which stay differentiable, and arrays where there is no compiler are multiplied with
banded matrices: `OUTPUTS` neighbouring results are one product of a strip of pixels with a matrix that holds the kernel
on its diagonals, which a BLAS does at full speed on any device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiler import can_sweep, over_windows
from .filters import Border, like, pad, sum_log10, total
from .pixelwise import Formula
from .types import Array, namespace

OUTPUTS = 32  # of one product


def swept(
    formula: Formula,
    products: tuple[tuple[Array, ...], ...],
    kernel: NDArray[Any],
    maps: tuple[Array, ...] = (),
    *,
    across: NDArray[Any] | None = None,
    outputs: int = 1,
    totals: int = 0,
    logarithms: bool = False,
    stride: int = 1,
) -> tuple[Array, ...]:
    """Apply a formula to means in a window that slides over images, valid part.

    Parameters
    ----------
    formula : takes the mean of each product, then each map at that place; gives `outputs` + `totals` numbers.
    products : of which means are taken: an image (N, H, W) alone, or two that are multiplied pixel by pixel.
    kernel : weights of the window down the columns and, without `across`, along the rows.
    maps : of the size of the result, (N, H', W').
    logarithms : whether decimal logarithms of what the formula gives are summed; numbers in 1..1e19.
    stride : keeps every stride-th window, from the first.

    Returns
    -------
    tuple
        `outputs` maps (N, H', W'), then `totals` sums (N,).
    """
    across = kernel if across is None else across
    first = products[0][0]
    height, width = positions(first.shape[1], len(kernel), stride), positions(first.shape[2], len(across), stride)
    if isinstance(first, np.ndarray) and can_sweep(height, width, stride):
        arrays: Any = products  # all of one kind
        return over_windows(
            formula, arrays, [np.asarray(m) for m in maps], (kernel, across), (height, width),
            outputs=outputs, totals=totals, logarithms=logarithms, stride=stride,
        )  # fmt: skip
    means = [_along(_along(_product(*images), kernel, stride, -2), across, stride, -1) for images in products]
    results = formula(*means, *maps)
    reduce: Callable[[Array], Array] = sum_log10 if logarithms else total
    return (*results[:outputs], *(reduce(result) for result in results[outputs:]))


def _product(image: Array, *others: Array) -> Array:
    """Multiply images as float64."""
    xp = namespace(image)
    image = xp.astype(image, xp.float64)
    return image * others[0] if others else image


def positions(length: int, taps: int, stride: int) -> int:
    """Number of positions of a kernel inside `length` pixels."""
    return (length - taps) // stride + 1


def _along(x: Array, kernel: NDArray[Any], stride: int, axis: int) -> Array:
    """Correlate along one axis, -1 or -2, as products with banded matrices."""
    parts = []
    count = positions(x.shape[axis], len(kernel), stride)
    for start in range(0, count, OUTPUTS):
        matrix = _banded(tuple(kernel.tolist()), min(OUTPUTS, count - start), stride)
        weights, pixels = like(matrix, x), slice(start * stride, start * stride + len(matrix))
        parts.append(x[..., pixels] @ weights if axis == -1 else weights.T @ x[..., pixels, :])
    return namespace(x).concat(parts, axis=axis)


@lru_cache(maxsize=256)
def _banded(kernel: tuple[float, ...], count: int, stride: int) -> NDArray[Any]:
    """Matrix (pixels, count) whose column j holds the kernel from row j * stride on."""
    matrix = np.zeros((stride * (count - 1) + len(kernel), count))
    for j in range(count):
        matrix[j * stride : j * stride + len(kernel), j] = kernel
    matrix.setflags(write=False)
    return matrix


def correlate(
    x: Array, rows: NDArray[Any], cols: NDArray[Any] | None = None, *, border: Border = "valid", stride: int = 1
) -> Array:
    """Correlate with a separable kernel: `rows` down the columns, `cols` (default: the same) along the rows.

    With a border other than "valid" the result has the size of `x` (odd kernels). `stride` keeps every
    stride-th pixel, from the first.
    """
    cols = rows if cols is None else cols
    padded = pad(x, len(rows) // 2, len(cols) // 2, border)
    return swept(lambda mean: (mean,), ((padded,),), rows, across=cols, stride=stride)[0]
