"""The few primitives that need speed, for NumPy arrays and for torch tensors; (N, H, W) float64 in, (N, H', W') out.

All filters correlate: the kernel is not turned around.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .pixelwise import compilable, mapped, summed
from .types import Array, is_tensor, namespace

Border = Literal["valid", "zero", "replicate", "symmetric", "reflect"]

FLOAT32_COUNTS = 1 << 24  # OpenCV counts in float32


@lru_cache(maxsize=64)
def gaussian(size: int, sigma: float) -> NDArray[Any]:
    """Normalised 1-D Gaussian of `size` taps; its outer product with itself is MATLAB's fspecial('gaussian').

    Examples
    --------
    >>> gaussian(3, 0.5).round(4).tolist()
    [0.1065, 0.787, 0.1065]
    """
    offsets = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    kernel: NDArray[Any] = weights / weights.sum()
    kernel.setflags(write=False)
    return kernel


def like(kernel: NDArray[Any], x: Array) -> Array:
    """Bring a NumPy constant to the kind, type and device of `x`."""
    if not is_tensor(x):
        return kernel
    return namespace(x).asarray(np.array(kernel), dtype=x.dtype, device=x.device)


def pad(x: Array, rows: int, cols: int, border: Border) -> Array:
    """Add `rows` rows above and below and `cols` columns left and right.

    "zero"; "replicate", the border pixel (aaa|abc); "symmetric", mirrored with the border pixel (cba|abc);
    "reflect", mirrored without it (dcb|abcd). A mirror reaches at most the size of the image.
    """
    modes: dict[str, Literal["constant", "edge", "symmetric", "reflect"]] = {
        "zero": "constant", "replicate": "edge", "symmetric": "symmetric", "reflect": "reflect",
    }  # fmt: skip
    if isinstance(x, np.ndarray) and border != "valid":
        padded: Array = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(rows, rows), (cols, cols)], mode=modes[border])
        return padded
    xp = namespace(x)
    for axis, width in ((-2, rows), (-1, cols)):
        if width and border == "zero":
            shape = list(x.shape)
            shape[axis] = width
            zeros = like(np.zeros(shape), x)
            x = xp.concat([zeros, x, zeros], axis=axis)
        elif width and border != "valid":
            index = np.pad(np.arange(x.shape[axis]), width, mode=modes[border])
            x = xp.take(x, xp.asarray(index, device=x.device) if is_tensor(x) else xp.asarray(index), axis=axis)
    return x


def sobel(x: Array, *, border: Border = "zero") -> tuple[Array, Array]:
    """Sobel derivatives, unnormalised: along the rows (right minus left) and down the columns (below minus above).

    float64; of uint8 arrays int16, which holds them exactly.
    """
    if isinstance(x, np.ndarray):
        return _sobel(x, border)
    xp = namespace(x)
    x = pad(xp.astype(x, xp.float64), 1, 1, border)
    smooth = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    along = smooth[..., 2:] - smooth[..., :-2]
    smooth = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    down = smooth[..., 2:, :] - smooth[..., :-2, :]
    return along, down


def _sobel(x: NDArray[Any], border: Border) -> tuple[Array, Array]:
    """`sobel` of arrays (N, H, W)."""
    import cv2

    borders = {
        "zero": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE, "symmetric": cv2.BORDER_REFLECT,
        "reflect": cv2.BORDER_REFLECT_101, "valid": cv2.BORDER_REPLICATE,
    }  # fmt: skip
    if x.dtype != np.uint8 and border != "valid" and compilable(x):  # OpenCV is made for small whole numbers
        first, second = mapped(_derivatives, *_around(pad(x, 1, 1, border)), outputs=2)
        return first, second
    kind = cv2.CV_16S if x.dtype == np.uint8 else cv2.CV_64F
    both = [
        _stacked([cv2.Sobel(image, kind, *order, borderType=borders[border]) for image in x])
        for order in ((1, 0), (0, 1))
    ]
    along, down = (d[:, 1:-1, 1:-1] for d in both) if border == "valid" else both
    return along, down


def _around(padded: Array) -> list[Array]:
    """The eight neighbours of each pixel in an image that was padded by one pixel, row by row."""
    rows, columns = padded.shape[1] - 2, padded.shape[2] - 2
    places = [(down, right) for down in range(3) for right in range(3) if (down, right) != (1, 1)]
    return [padded[:, down : down + rows, right : right + columns] for down, right in places]


def _derivatives(
    nw: Array, north: Array, ne: Array, west: Array, east: Array, sw: Array, south: Array, se: Array
) -> tuple[Array, Array]:
    """Sobel derivatives from the neighbours of a pixel."""
    return (ne - nw) + 2 * (east - west) + (se - sw), (sw - nw) + 2 * (south - north) + (se - ne)


def _stacked(images: list[NDArray[Any]]) -> NDArray[Any]:
    """Put images together, without a copy where there is only one."""
    return images[0][None] if len(images) == 1 else np.stack(images)


def neighbours(x: Array) -> tuple[Array, Array, Array, Array]:
    """Left, right, upper and lower neighbour of each pixel, continued in a straight line beyond the border.

    Of uint8 arrays int16.
    """
    if isinstance(x, np.ndarray):
        x = _continued(x)
        return x[:, 1:-1, :-2], x[:, 1:-1, 2:], x[:, :-2, 1:-1], x[:, 2:, 1:-1]
    xp = namespace(x)
    x = xp.astype(x, xp.float64)
    wide = xp.concat([2 * x[..., :1] - x[..., 1:2], x, 2 * x[..., -1:] - x[..., -2:-1]], axis=-1)
    above, below = 2 * x[..., :1, :] - x[..., 1:2, :], 2 * x[..., -1:, :] - x[..., -2:-1, :]
    high = xp.concat([above, x, below], axis=-2)
    return wide[..., :-2], wide[..., 2:], high[..., :-2, :], high[..., 2:, :]


def _continued(x: NDArray[Any]) -> NDArray[Any]:
    """Images with a pixel more on each side, continued in a straight line; nothing is in the corners."""
    n, height, width = x.shape
    wide = np.empty((n, height + 2, width + 2), np.int16 if x.dtype == np.uint8 else x.dtype)
    inner = wide[:, 1:-1, 1:-1]
    inner[...] = x
    for border, first, second in ((0, 0, 1), (-1, -1, -2)):
        wide[:, border, 1:-1] = 2 * inner[:, first] - inner[:, second]
        wide[:, 1:-1, border] = 2 * inner[:, :, first] - inner[:, :, second]
    return wide


def squared_distance(x: Array, y: Array) -> Array:
    """Sum of the squared differences of two maps of one type: (N, H, W) -> (N,) float64."""
    if is_tensor(x):
        xp = namespace(x)
        difference = xp.astype(x, xp.float64) - xp.astype(y, xp.float64)
        return total(difference * difference)
    if x.dtype == np.uint8:
        import cv2

        pairs = zip(np.asarray(x), np.asarray(y), strict=True)
        return np.array([cv2.norm(i, j, cv2.NORM_L2SQR) for i, j in pairs])  # exact
    return summed(_squared_difference, x, y)


def rounded(x: Array) -> Array:
    """Round half to even, and clip to 0..255: float64 -> uint8."""
    if isinstance(x, np.ndarray) and x.dtype == np.float64:
        import cv2

        return _stacked([cv2.addWeighted(image, 1.0, image, 0.0, 0.0, dtype=cv2.CV_8U) for image in x])
    xp = namespace(x)
    return xp.astype(xp.clip(xp.round(x), 0, 255), xp.uint8)


def histogram(levels: Array) -> Array:
    """Count the 256 levels of each image: (N, H, W) uint8 -> (N, 256) float64."""
    if isinstance(levels, np.ndarray) and levels.shape[1] * levels.shape[2] < FLOAT32_COUNTS:
        import cv2

        counts: NDArray[Any] = np.stack([cv2.calcHist([i], [0], None, [256], [0, 256]) for i in levels])
        return counts.reshape(-1, 256).astype(np.float64)  # before OpenCV 5 each is a column
    xp = namespace(levels)
    return _count(xp.astype(xp.reshape(levels, (levels.shape[0], -1)), xp.int64), 256)


def joint_histogram(x: Array, y: Array) -> Array:
    """Count pairs of levels: two (N, H, W) of uint8 -> (N, 256, 256) float64, x down, y across."""
    if isinstance(x, np.ndarray) and x.shape[1] * x.shape[2] < FLOAT32_COUNTS:
        import cv2

        pairs = zip(x, np.asarray(y), strict=True)
        both = [cv2.calcHist(list(pair), [0, 1], None, [256, 256], [0, 256, 0, 256]) for pair in pairs]
        counts: NDArray[Any] = np.stack(both)
        return counts.astype(np.float64)
    xp = namespace(x)
    first, second = (xp.astype(xp.reshape(z, (z.shape[0], -1)), xp.int64) for z in (x, y))
    return xp.reshape(_count(first * 256 + second, 65536), (x.shape[0], 256, 256))


def _count(index: Array, bins: int) -> Array:
    """Count each row of (N, pixels) indices into (N, bins)."""
    xp, n = namespace(index), index.shape[0]
    counts = xp.bincount(xp.reshape(index + like(np.arange(n)[:, None] * bins, index), (-1,)), minlength=n * bins)
    return xp.astype(xp.reshape(counts, (n, bins)), xp.float64)


def _squared_difference(x: Array, y: Array) -> Array:
    return (x - y) * (x - y)


def total(x: Array) -> Array:
    """Sum over the pixels of each image: (N, H, W) -> (N,)."""
    xp = namespace(x)
    return xp.sum(xp.reshape(x, (len(x), -1)), axis=1) if isinstance(x, np.ndarray) else xp.sum(x, axis=(-2, -1))


def mean(x: Array) -> Array:
    """Mean over the pixels of each image: (N, H, W) -> (N,)."""
    return namespace(x).mean(x, axis=(-2, -1))


def sum_log10(x: Array) -> Array:
    """Sum of the decimal logarithms of each image's pixels, all in 1..1e19: (N, H, W) -> (N,)."""
    if not isinstance(x, np.ndarray):
        return total(namespace(x).log10(x))
    flat = x.reshape(len(x), -1)
    part = flat.shape[1] // 16
    # the product of 16 cannot overflow, and costs less than 16 logarithms
    products = np.multiply.reduce(flat[:, : 16 * part].reshape(len(x), 16, part), axis=1)
    sums: NDArray[Any] = np.log10(products).sum(axis=1) + np.log10(flat[:, 16 * part :]).sum(axis=1)
    return sums
