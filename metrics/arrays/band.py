"""Filters along one axis as products with banded matrices, valid part: a BLAS does these at full speed, on any device.

`outputs` neighbouring results are one product of a window of pixels with a matrix that holds the kernel on its
diagonals. For tensors, which stay differentiable, and for arrays where there is no compiler.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace

from .triple import Array

OUTPUTS = 32  # of one product


def outputs(length: int, taps: int, stride: int) -> int:
    """Number of positions of a kernel inside `length` pixels."""
    return (length - taps) // stride + 1


@lru_cache(maxsize=256)
def _band(kernel: tuple[float, ...], count: int, stride: int) -> np.ndarray:
    """Matrix whose column j holds the kernel from row j * stride on."""
    band = np.zeros((stride * (count - 1) + len(kernel), count))
    for j in range(count):
        band[j * stride : j * stride + len(kernel), j] = kernel
    band.setflags(write=False)
    return band


def band(kernel: np.ndarray, count: int, stride: int) -> np.ndarray:
    """Band matrix of `count` outputs, (pixels read, count)."""
    return _band(tuple(kernel.tolist()), count, stride)


def along(x: Array, kernel: np.ndarray, stride: int, axis: int) -> Array:
    """Correlate along one axis, -1 or -2, block by block."""
    xp, parts = array_namespace(x), []
    found = outputs(x.shape[axis], len(kernel), stride)
    for start in range(0, found, OUTPUTS):
        matrix = band(kernel, min(OUTPUTS, found - start), stride)
        read = slice(start * stride, start * stride + len(matrix))
        weights = matrix if isinstance(x, np.ndarray) else xp.asarray(np.array(matrix), dtype=x.dtype, device=x.device)
        parts.append(x[..., read] @ weights if axis == -1 else weights.T @ x[..., read, :])
    return xp.concat(parts, axis=axis)
