"""The few primitives that need speed, for NumPy arrays and for torch tensors; (N, H, W) float64 in, (N, H', W') out.

All filters correlate: the kernel is not turned around.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from .triple import Array

Border = Literal["valid", "zero", "replicate", "symmetric", "reflect"]

BLOCK = 32  # outputs of one banded product: few enough that the band is narrow, enough for the BLAS to run well
STRIP = 8192  # pixels of a strip: its temporaries stay in the second-level cache


@lru_cache(maxsize=64)
def gaussian(size: int, sigma: float) -> np.ndarray:
    """Normalised 1-D Gaussian of `size` taps; its outer product with itself is MATLAB's fspecial('gaussian').

    Examples
    --------
    >>> gaussian(3, 0.5).round(4).tolist()
    [0.1065, 0.787, 0.1065]
    """
    offsets = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    kernel: np.ndarray = weights / weights.sum()
    kernel.setflags(write=False)
    return kernel


def like(kernel: np.ndarray, x: Array) -> Array:
    """Bring a NumPy constant to the kind, type and device of `x`."""
    if is_numpy_array(x):
        return kernel
    return array_namespace(x).asarray(np.array(kernel), dtype=x.dtype, device=x.device)


def pad(x: Array, rows: int, cols: int, border: Border) -> Array:
    """Add `rows` rows above and below and `cols` columns left and right.

    "zero"; "replicate", the border pixel (aaa|abc); "symmetric", mirrored with the border pixel (cba|abc);
    "reflect", mirrored without it (dcb|abcd). A mirror reaches at most the size of the image.
    """
    xp = array_namespace(x)
    for axis, width in ((-2, rows), (-1, cols)):
        if width and border == "zero":
            shape = list(x.shape)
            shape[axis] = width
            zeros = xp.zeros(tuple(shape), dtype=x.dtype, device=x.device) if not is_numpy_array(x) else np.zeros(shape)
            x = xp.concat([zeros, x, zeros], axis=axis)
        elif width and border != "valid":
            modes = {"replicate": "edge", "symmetric": "symmetric", "reflect": "reflect"}
            index = np.pad(np.arange(x.shape[axis]), width, mode=modes[border])  # type: ignore[call-overload]
            taken = xp.asarray(index) if is_numpy_array(x) else xp.asarray(index, device=x.device)
            x = xp.take(x, taken, axis=axis)
    return x


@lru_cache(maxsize=256)
def _band(kernel: tuple[float, ...], outputs: int, stride: int) -> np.ndarray:
    """Matrix whose column j holds the kernel from row j * stride on."""
    band = np.zeros((stride * (outputs - 1) + len(kernel), outputs))
    for j in range(outputs):
        band[j * stride : j * stride + len(kernel), j] = kernel
    return band


def _blocks(length: int, kernel: np.ndarray, stride: int) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Cut one axis into blocks: where each block reads, where it writes, and its band matrix."""
    taps = tuple(float(tap) for tap in kernel)
    outputs = (length - len(taps)) // stride + 1
    for start in range(0, outputs, BLOCK):
        count = min(BLOCK, outputs - start)
        band = _band(taps, count, stride)
        yield slice(start * stride, start * stride + len(band)), slice(start, start + count), band


def _along_width(x: Array, kernel: np.ndarray, stride: int) -> Array:
    """Correlate the last axis, valid part, as products with banded matrices: a BLAS does them at full speed."""
    blocks = list(_blocks(x.shape[-1], kernel, stride))
    if not is_numpy_array(x):
        return array_namespace(x).concat([x[..., read] @ like(band, x) for read, _, band in blocks], axis=-1)
    out = np.empty((*x.shape[:-1], blocks[-1][1].stop))
    for read, write, band in blocks:
        np.matmul(x[..., read], band, out=out[..., write])
    return out


def _along_height(x: Array, kernel: np.ndarray, stride: int) -> Array:
    """Correlate the last axis but one, valid part; see `_along_width`."""
    blocks = list(_blocks(x.shape[-2], kernel, stride))
    if not is_numpy_array(x):
        return array_namespace(x).concat([like(band.T, x) @ x[..., read, :] for read, _, band in blocks], axis=-2)
    out = np.empty((*x.shape[:-2], blocks[-1][1].stop, x.shape[-1]))
    for read, write, band in blocks:
        np.matmul(band.T, x[..., read, :], out=out[..., write, :])
    return out


def correlate(
    x: Array, rows: np.ndarray, cols: np.ndarray | None = None, *, border: Border = "valid", stride: int = 1
) -> Array:
    """Correlate with a separable kernel: `rows` down the columns, `cols` (default: the same) along the rows.

    With a border other than "valid" the result has the size of `x` (odd kernels). `stride` keeps every
    stride-th pixel, from the first.
    """
    cols = rows if cols is None else cols
    x = pad(x, len(rows) // 2, len(cols) // 2, border)
    return _along_height(_along_width(x, cols, stride), rows, stride)


def correlate2d(x: Array, kernel: np.ndarray, *, border: Border = "valid") -> Array:
    """Correlate with any small 2-D kernel, as a sum of shifted images."""
    height, width = kernel.shape
    x = pad(x, height // 2, width // 2, border)
    h, w = x.shape[-2] - height + 1, x.shape[-1] - width + 1
    terms = [
        float(kernel[i, j]) * x[..., i : i + h, j : j + w]
        for i in range(height)
        for j in range(width)
        if kernel[i, j] != 0
    ]
    return sum(terms[1:], start=terms[0])


def box(x: Array, size: int, *, border: Border = "valid") -> Array:
    """Mean over a window of size x size pixels."""
    return correlate(x, np.full(size, 1 / size), border=border)


def sobel(x: Array, *, border: Border = "zero") -> tuple[Array, Array]:
    """Sobel derivatives, unnormalised: along the rows (right minus left) and down the columns (below minus above)."""
    x = pad(x, 1, 1, border)
    smooth = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    along = smooth[..., 2:] - smooth[..., :-2]
    smooth = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    down = smooth[..., 2:, :] - smooth[..., :-2, :]
    return along, down


def gradient(x: Array) -> tuple[Array, Array]:
    """Derivatives as np.gradient: central differences, one-sided at the border; along the rows, down the columns."""
    xp = array_namespace(x)
    along = xp.concat([x[..., 1:2] - x[..., :1], (x[..., 2:] - x[..., :-2]) / 2, x[..., -1:] - x[..., -2:-1]], axis=-1)
    down = xp.concat(
        [x[..., 1:2, :] - x[..., :1, :], (x[..., 2:, :] - x[..., :-2, :]) / 2, x[..., -1:, :] - x[..., -2:-1, :]],
        axis=-2,
    )
    return along, down


def histogram(levels: Array, bins: int = 256) -> Array:
    """Count the levels 0..bins-1 of each image: (N, H, W) integers -> (N, bins) float64."""
    xp = array_namespace(levels)
    n = levels.shape[0]
    index = xp.astype(xp.reshape(levels, (n, -1)), xp.int64)
    return _count(xp, index, n, bins)


def joint_histogram(x: Array, y: Array, bins: int = 256) -> Array:
    """Count pairs of levels: two (N, H, W) of integers 0..bins-1 -> (N, bins, bins) float64, x down, y across."""
    xp = array_namespace(x)
    n = x.shape[0]
    index = xp.astype(xp.reshape(x, (n, -1)), xp.int64) * bins + xp.astype(xp.reshape(y, (n, -1)), xp.int64)
    return xp.reshape(_count(xp, index, n, bins * bins), (n, bins, bins))


def _count(xp: Any, index: Array, n: int, bins: int) -> Array:
    """Count each row of (N, pixels) indices into (N, bins)."""
    if not is_numpy_array(index):
        index = index + bins * xp.arange(n, device=index.device)[:, None]
    else:
        index = index + bins * np.arange(n)[:, None]
    return xp.astype(xp.reshape(xp.bincount(xp.reshape(index, (-1,)), minlength=n * bins), (n, bins)), xp.float64)


def total(x: Array) -> Array:
    """Sum over the pixels of each image: (N, H, W) -> (N,)."""
    return array_namespace(x).sum(x, axis=(-2, -1))


def mean(x: Array) -> Array:
    """Mean over the pixels of each image: (N, H, W) -> (N,)."""
    return array_namespace(x).mean(x, axis=(-2, -1))


def sum_log10(x: Array) -> Array:
    """Sum of the decimal logarithms of each image's pixels, all >= 1 and < 1e19: (N, H, W) -> (N,)."""
    xp = array_namespace(x)
    return xp.sum(xp.log10(x), axis=(-2, -1))


def strips(x: Array) -> Iterator[slice]:
    """Cut the rows of (N, H, W) into strips that fit the cache; a tensor, which has kernels of its own, stays whole."""
    height, width = x.shape[-2:]
    rows = max(1, STRIP // max(1, x.shape[0] * width)) if is_numpy_array(x) else height
    for start in range(0, height, rows):
        yield slice(start, min(start + rows, height))
