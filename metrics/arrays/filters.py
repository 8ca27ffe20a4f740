"""The few primitives that need speed, for NumPy arrays and for torch tensors; (N, H, W) float64 in, (N, H', W') out.

All filters correlate: the kernel is not turned around.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from array_api_compat import array_namespace

from ..compiler.pixelwise import pixelwise, summed
from .triple import Array

Border = Literal["valid", "zero", "replicate", "symmetric", "reflect"]

FLOAT32_COUNTS = 1 << 24  # OpenCV counts in float32
STRIP = 40960  # pixels worked on at a time: a few such arrays fit the second-level cache, and the allocator keeps them


def _is_array(x: Array) -> bool:
    """Tell arrays from tensors; many times faster than asking for the namespace."""
    return isinstance(x, np.ndarray)


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
    if _is_array(x):
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
            zeros = xp.zeros(tuple(shape), dtype=x.dtype, device=x.device) if not _is_array(x) else np.zeros(shape)
            x = xp.concat([zeros, x, zeros], axis=axis)
        elif width and border != "valid":
            modes = {"replicate": "edge", "symmetric": "symmetric", "reflect": "reflect"}
            index = np.pad(np.arange(x.shape[axis]), width, mode=modes[border])  # type: ignore[call-overload]
            taken = xp.asarray(index) if _is_array(x) else xp.asarray(index, device=x.device)
            x = xp.take(x, taken, axis=axis)
    return x


def sobel(x: Array, *, border: Border = "zero") -> tuple[Array, Array]:
    """Sobel derivatives, unnormalised: along the rows (right minus left) and down the columns (below minus above).

    float64; of uint8 arrays int16, which holds them exactly.
    """
    if _is_array(x):
        return _sobel_opencv(x, border)
    xp = array_namespace(x)
    x = pad(xp.astype(x, xp.float64), 1, 1, border)
    smooth = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    along = smooth[..., 2:] - smooth[..., :-2]
    smooth = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    down = smooth[..., 2:, :] - smooth[..., :-2, :]
    return along, down


def _sobel_opencv(x: np.ndarray, border: Border) -> tuple[np.ndarray, np.ndarray]:
    """`sobel` of arrays (N, H, W)."""
    import cv2

    borders = {
        "zero": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE, "symmetric": cv2.BORDER_REFLECT,
        "reflect": cv2.BORDER_REFLECT_101, "valid": cv2.BORDER_REPLICATE,
    }  # fmt: skip
    kind = cv2.CV_16S if x.dtype == np.uint8 else cv2.CV_64F
    both = [
        _stacked([cv2.Sobel(image, kind, *order, borderType=borders[border]) for image in x])
        for order in ((1, 0), (0, 1))
    ]
    along, down = (d[:, 1:-1, 1:-1] for d in both) if border == "valid" else both
    return along, down


def _stacked(images: list[np.ndarray]) -> np.ndarray:
    """Put images together, without a copy where there is only one."""
    return images[0][None] if len(images) == 1 else np.stack(images)


def gradient(x: Array) -> tuple[Array, Array]:
    """Derivatives as np.gradient: central differences, one-sided at the border; along the rows, down the columns."""
    west, east, north, south = neighbours(x)
    return (east - west) / 2, (south - north) / 2


def neighbours(x: Array) -> tuple[Array, Array, Array, Array]:
    """Left, right, upper and lower neighbour of each pixel, continued in a straight line beyond the border.

    Of uint8 arrays int16.
    """
    xp = array_namespace(x)
    if x.dtype == xp.uint8:
        x = xp.astype(x, xp.int16 if _is_array(x) else xp.float64)
    wide = xp.concat([2 * x[..., :1] - x[..., 1:2], x, 2 * x[..., -1:] - x[..., -2:-1]], axis=-1)
    above, below = 2 * x[..., :1, :] - x[..., 1:2, :], 2 * x[..., -1:, :] - x[..., -2:-1, :]
    high = xp.concat([above, x, below], axis=-2)
    return wide[..., :-2], wide[..., 2:], high[..., :-2, :], high[..., 2:, :]


def squared_distance(x: Array, y: Array) -> Array:
    """Sum of the squared differences of two maps of one type: (N, H, W) -> (N,) float64."""
    if not _is_array(x):
        xp = array_namespace(x)
        difference = xp.astype(x, xp.float64) - xp.astype(y, xp.float64)
        return total(difference * difference)
    if x.dtype == np.uint8:
        import cv2

        return np.array([cv2.norm(i, j, cv2.NORM_L2SQR) for i, j in zip(x, y, strict=True)])  # exact
    return summed(_squared_difference, x, y)


def product(x: Array, y: Array) -> Array:
    """Multiply two maps."""
    return x * y


def histogram(levels: Array) -> Array:
    """Count the 256 levels of each image: (N, H, W) uint8 -> (N, 256) float64."""
    if _is_array(levels) and levels.shape[1] * levels.shape[2] < FLOAT32_COUNTS:
        import cv2

        counts = np.stack([cv2.calcHist([i], [0], None, [256], [0, 256]) for i in levels])
        return counts.reshape(-1, 256).astype(np.float64)  # before OpenCV 5 each is a column
    xp = array_namespace(levels)
    return _count(xp, xp.astype(xp.reshape(levels, (levels.shape[0], -1)), xp.int64), 256)


def joint_histogram(x: Array, y: Array) -> Array:
    """Count pairs of levels: two (N, H, W) of uint8 -> (N, 256, 256) float64, x down, y across."""
    if _is_array(x) and x.shape[1] * x.shape[2] < FLOAT32_COUNTS:
        import cv2

        both = [cv2.calcHist([i, j], [0, 1], None, [256, 256], [0, 256, 0, 256]) for i, j in zip(x, y, strict=True)]
        return np.stack(both).astype(np.float64)
    xp = array_namespace(x)
    first, second = (xp.astype(xp.reshape(z, (z.shape[0], -1)), xp.int64) for z in (x, y))
    return xp.reshape(_count(xp, first * 256 + second, 65536), (x.shape[0], 256, 256))


def _count(xp: Any, index: Array, bins: int) -> Array:
    """Count each row of (N, pixels) indices into (N, bins)."""
    n = index.shape[0]
    offset = (
        xp.asarray(np.arange(n)[:, None] * bins)
        if _is_array(index)
        else bins * xp.arange(n, device=index.device)[:, None]
    )
    counts = xp.bincount(xp.reshape(index + offset, (-1,)), minlength=n * bins)
    return xp.astype(xp.reshape(counts, (n, bins)), xp.float64)


@pixelwise
def _squared_difference(x: Array, y: Array) -> Array:
    return (x - y) * (x - y)


def total(x: Array) -> Array:
    """Sum over the pixels of each image: (N, H, W) -> (N,)."""
    return x.reshape(len(x), -1).sum(axis=1) if _is_array(x) else array_namespace(x).sum(x, axis=(-2, -1))


def mean(x: Array) -> Array:
    """Mean over the pixels of each image: (N, H, W) -> (N,)."""
    return array_namespace(x).mean(x, axis=(-2, -1))


def sum_log10(x: Array) -> Array:
    """Sum of the decimal logarithms of each image's pixels, all in 1..1e19: (N, H, W) -> (N,)."""
    if not _is_array(x):
        xp = array_namespace(x)
        return xp.sum(xp.log10(x), axis=(-2, -1))
    flat = x.reshape(x.shape[0], -1)
    half = flat.shape[1] // 16
    # the product of 16 cannot overflow, and costs less than 16 logarithms
    products = np.multiply.reduce(flat[:, : 16 * half].reshape(len(flat), 16, half), axis=1)
    return np.log10(products).sum(axis=1) + np.log10(flat[:, 16 * half :]).sum(axis=1)


def strips(x: Array) -> Iterator[slice]:
    """Cut the rows of (N, H, W) into strips that fit the cache; a tensor stays whole."""
    height, width = x.shape[-2:]
    rows = max(1, STRIP // max(1, x.shape[0] * width)) if _is_array(x) else height
    for start in range(0, height, rows):
        yield slice(start, min(start + rows, height))


def pieces(*maps: Array) -> Iterator[tuple[Array, ...]]:
    """Cut maps of equal shape (N, H, W) into pieces that fit the cache, each of one image; tensors stay whole.

    Yields one tuple of pieces (1, h, w) after the other, image by image. A map of shape (N, 1, 1) holds one number for
    each image.
    """
    if not _is_array(maps[0]):
        yield maps
        return
    n, height, width = maps[0].shape
    numbers = [m.shape[1:] == (1, 1) for m in maps]
    if all(m.flags.c_contiguous for m in maps):
        maps, height, width = tuple(m.reshape(n, 1, -1) for m in maps), 1, height * width
    rows, cols = (1, STRIP) if height == 1 else (max(1, STRIP // width), width)
    for i in range(n):
        for top in range(0, height, rows):
            for left in range(0, width, cols):
                part = (slice(i, i + 1), slice(top, top + rows), slice(left, left + cols))
                yield tuple(m[i : i + 1] if one else m[part] for m, one in zip(maps, numbers, strict=True))


def in_pieces(formula: Callable[..., tuple[Array, ...]], *maps: Array) -> tuple[Array, ...]:
    """Apply `formula(*maps)`, which gives a tuple of maps and works pixel by pixel, piece by piece."""
    if not _is_array(maps[0]):
        return formula(*maps)
    maps = tuple(np.ascontiguousarray(m) for m in maps)
    out: tuple[np.ndarray, ...] = ()
    for i, piece in enumerate(pieces(*maps)):
        results = formula(*piece)
        if not i:
            out = tuple(np.empty(maps[0].shape) for _ in results)
            targets = pieces(*out)
        for target, result in zip(next(targets), results, strict=True):
            target[...] = result
    return out
