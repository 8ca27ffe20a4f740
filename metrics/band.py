"""Filters along one axis as products with banded matrices, valid part: a BLAS does these at full speed, on any device.

`outputs` neighbouring results are one product of a window of pixels with a matrix that holds the kernel on its
diagonals. Few outputs waste little on the zeros of the matrix, many keep the BLAS busy: the sizes below were measured.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace
from numpy.lib.stride_tricks import as_strided

from .triple import Array

DOWN, ACROSS = 8, 16  # outputs of one product of arrays, down the columns and along the rows
TENSOR = 32  # the same of tensors


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


def along_height(x: Array, kernel: np.ndarray, stride: int) -> Array:
    """Correlate (N, H, W) down its columns: (N, H', W)."""
    if not isinstance(x, np.ndarray):
        return _tensor_blocks(x, kernel, stride, axis=-2)
    (n, height, width), (s0, s1, s2) = x.shape, x.strides
    found = outputs(height, len(kernel), stride)
    out = np.empty((n, found, width))
    whole = found // DOWN
    matrix = band(kernel, DOWN, stride).T
    windows = as_strided(x, (n, whole, matrix.shape[1], width), (s0, s1 * DOWN * stride, s1, s2), writeable=False)
    np.matmul(matrix, windows, out=out[:, : whole * DOWN].reshape(n, whole, DOWN, width))
    if found > whole * DOWN:
        matrix = band(kernel, found - whole * DOWN, stride).T
        top = whole * DOWN * stride
        np.matmul(matrix, x[:, top : top + matrix.shape[1]], out=out[:, whole * DOWN :])
    return out


def along_width_in_blocks(
    x: np.ndarray, kernel: np.ndarray, stride: int, flat: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate (H, W) along its rows into blocks of columns: (W' // 16, H, 16), and the rest (H, W' % 16).

    Both lie in `flat`, (H W',), one after the other. Columns of the full width would take twice the time to write.
    """
    (height, width), (s0, s1) = x.shape, x.strides
    found = outputs(width, len(kernel), stride)
    flat = np.empty((height * found,)) if flat is None else flat
    whole = found // ACROSS
    matrix = band(kernel, ACROSS, stride)
    blocks = flat[: whole * height * ACROSS].reshape(whole, height, ACROSS)
    rest = flat[whole * height * ACROSS :].reshape(height, -1)
    windows = as_strided(x, (whole, height, len(matrix)), (s1 * ACROSS * stride, s0, s1), writeable=False)
    np.matmul(windows, matrix, out=blocks)
    if rest.size:
        matrix = band(kernel, found - whole * ACROSS, stride)
        left = whole * ACROSS * stride
        np.matmul(x[:, left : left + len(matrix)], matrix, out=rest)
    return blocks, rest


def along_width(x: Array, kernel: np.ndarray, stride: int) -> Array:
    """Correlate a tensor (N, H, W) along its rows: (N, H, W')."""
    return _tensor_blocks(x, kernel, stride, axis=-1)


def _tensor_blocks(x: Array, kernel: np.ndarray, stride: int, axis: int) -> Array:
    """Correlate a tensor along one axis, block by block."""
    xp, parts = array_namespace(x), []
    found = outputs(x.shape[axis], len(kernel), stride)
    for start in range(0, found, TENSOR):
        matrix = band(kernel, min(TENSOR, found - start), stride)
        read = slice(start * stride, start * stride + len(matrix))
        weights = xp.asarray(np.array(matrix), dtype=x.dtype, device=x.device)
        parts.append(x[..., read] @ weights if axis == -1 else weights.T @ x[..., read, :])
    return xp.concat(parts, axis=axis)
