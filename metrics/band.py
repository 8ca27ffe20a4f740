"""Filters along one axis as products with banded matrices, valid part: a BLAS does these at full speed, on any device.

`outputs` neighbouring results are one product of a window of pixels with a matrix that holds the kernel on its
diagonals. Few outputs waste little on the zeros of the matrix, many keep the BLAS busy: the sizes below were measured.
"""

from __future__ import annotations

import threading
from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace
from numpy.lib.stride_tricks import as_strided

from .triple import Array

DOWN, ACROSS = 8, 16  # outputs of one product of arrays, down the columns and along the rows
TENSOR = 32  # the same of tensors
TALL = 96  # rows of results that a filter works on at a time
KEPT = 64  # strip filters that a thread keeps


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


class Strip:
    """A separable filter of some rows of an image, with the memory it works in: small enough for the cache, and reused.

    Parameters
    ----------
    height, width : of the results.
    rows, cols : kernels down the columns and along the rows.
    stride : keeps every stride-th pixel.
    """

    def __init__(self, height: int, width: int, rows: np.ndarray, cols: np.ndarray, stride: int) -> None:
        self.shape = height, width
        self.source = np.empty((stride * (height - 1) + len(rows), stride * (width - 1) + len(cols)))
        columns = np.empty((height, self.source.shape[1]))
        # each product: what is read, the matrix, where it goes; the last of them is for the rest of the rows
        self.down = [
            (windows, np.ascontiguousarray(matrix.T), out)
            for windows, matrix, out in _products(self.source, rows, stride, DOWN, columns)
        ]
        self.across = [(w.swapaxes(1, 2), m) for w, m, _ in _products(columns.T, cols, stride, ACROSS, None)]

    def __call__(self, x: np.ndarray, times: np.ndarray | None, flat: np.ndarray) -> list[np.ndarray]:
        """Filter rows `x`, or their product with `times`, into `flat`: blocks of 16 columns, and one of the rest.

        Returns views of the blocks, (blocks, height, columns). Columns of the full width take twice the time to write.
        """
        if times is None:
            np.copyto(self.source, x)
        else:
            np.multiply(x, times, out=self.source)
        for windows, matrix, out in self.down:
            np.matmul(matrix, windows, out=out)
        start, blocks = 0, []
        for windows, matrix in self.across:
            shape = (*windows.shape[:2], matrix.shape[1])
            stop = start + shape[0] * shape[1] * shape[2]
            blocks.append(flat[start:stop].reshape(shape))
            np.matmul(windows, matrix, out=blocks[-1])
            start = stop
        return blocks


def _products(
    x: np.ndarray, kernel: np.ndarray, stride: int, size: int, out: np.ndarray | None
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """Cut the first axis of `x` into windows of which each gives `size` results, and the rest: windows, matrix, out."""
    found, (s0, s1) = outputs(x.shape[0], len(kernel), stride), x.strides
    whole, cuts = found // size * size, []
    for start, count in ((0, size), (whole, found - whole)):
        blocks = (whole if start == 0 and count == size else found - start) // count if count else 0
        if blocks:
            matrix = band(kernel, count, stride)
            shape, strides = (blocks, len(matrix), x.shape[1]), (s0 * count * stride, s0, s1)
            windows = as_strided(x[start * stride :], shape, strides)
            target = None if out is None else out[start : start + blocks * count].reshape(blocks, count, -1)
            cuts.append((windows, matrix, target))
    return cuts


_local = threading.local()


def strip(height: int, width: int, rows: np.ndarray, cols: np.ndarray, stride: int) -> Strip:
    """Get the strip filter of this thread for these sizes and kernels."""
    known: dict[tuple[object, ...], Strip] = _local.__dict__.setdefault("strips", {})
    key = (height, width, rows.tobytes(), cols.tobytes(), stride)
    if key not in known:
        if len(known) >= KEPT:
            known.clear()  # the images changed their size
        known[key] = Strip(height, width, rows, cols, stride)
    return known[key]


def along(x: Array, kernel: np.ndarray, stride: int, axis: int) -> Array:
    """Correlate a tensor along one axis, -1 or -2, block by block."""
    xp, parts = array_namespace(x), []
    found = outputs(x.shape[axis], len(kernel), stride)
    for start in range(0, found, TENSOR):
        matrix = band(kernel, min(TENSOR, found - start), stride)
        read = slice(start * stride, start * stride + len(matrix))
        weights = xp.asarray(np.array(matrix), dtype=x.dtype, device=x.device)
        parts.append(x[..., read] @ weights if axis == -1 else weights.T @ x[..., read, :])
    return xp.concat(parts, axis=axis)
