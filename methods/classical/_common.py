"""What the classical methods share: the loop over a batch, limits, pyramids, and the choice between coefficients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeVar

import numpy as np
import pywt
from numpy.typing import NDArray

from ...errors import InputError, unknown
from ..method import Gray

Floats = NDArray[np.floating[Any]]
Scalar = TypeVar("Scalar", np.float32, np.float64)
_TAPS = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 8  # of the kernel of pyramids, doubled


def each(fuse_one: Callable[..., Floats], *sources: Gray) -> Gray:
    """Fuse every scene of a batch (N, 1, H, W) by a function of images (H, W), one of each source."""
    fused = np.empty(sources[0].shape, dtype=np.float32)
    for n in range(len(fused)):
        fused[n, 0] = fuse_one(*(source[n, 0] for source in sources))
    return fused


def mean(images: Sequence[NDArray[Scalar]]) -> NDArray[Scalar]:
    """Return the mean of images of one shape, added up in their order."""
    total = reduce(np.add, images)
    return np.asarray(total / total.dtype.type(len(images)))


def shares(weights: Sequence[NDArray[Scalar]]) -> list[NDArray[Scalar]]:
    """Return weights, 0 or more, that add up to 1 at each pixel; equal ones where all are 0."""
    total, equal = reduce(np.add, weights), 1 / len(weights)
    parts = [np.divide(weight, total, out=np.full_like(total, equal), where=total > 0) for weight in weights[:-1]]
    parts.append(1 - reduce(np.add, parts))
    return parts


def at_least(name: str, value: int, least: int) -> int:
    """Return an option's value, or say what the least one is."""
    if value < least:
        raise InputError(f"option {name!r} must be at least {least}, not {value}")
    return value


def wavelet_name(name: str) -> str:
    """Return the name of a discrete wavelet that PyWavelets knows, or raise InputError with the nearest."""
    known = pywt.wavelist(kind="discrete")
    if name not in known:
        raise unknown("wavelet", name, known)
    return name


def halvings(shape: tuple[int, ...], levels: int) -> int:
    """Return how often an image can be halved, `levels` at most, until its shorter side is one pixel.

    Examples
    --------
    >>> halvings((480, 640), 4), halvings((5, 9), 4), halvings((1, 1), 4)
    (4, 2, 0)
    """
    return min(levels, int(min(shape[-2:])).bit_length() - 1)


def gaussian_pyramid(image: Gray, levels: int) -> list[Gray]:
    """Return the image (H, W) and up to `levels` reduced ones, each of half the size (rounded up) of its finer one."""
    import cv2

    pyramid = [image]
    for _ in range(halvings(image.shape, levels)):
        pyramid.append(np.asarray(cv2.pyrDown(pyramid[-1]), dtype=np.float32))
    return pyramid


def expand(image: Gray, like: Gray) -> Gray:
    """Return the image (H, W) at the size of the next finer level: zeros between the pixels, then the kernel.

    `cv2.pyrUp` does the same for even sides; for odd ones it treats the last row and column unlike the first, so that
    a mirrored image would not give the mirrored result.
    """
    import cv2

    spread = np.zeros_like(like)
    spread[::2, ::2] = image
    return np.asarray(cv2.sepFilter2D(spread, -1, _TAPS, _TAPS, borderType=cv2.BORDER_REFLECT_101), dtype=np.float32)


def mean_filter(image: NDArray[Scalar], side: int) -> NDArray[Scalar]:
    """Return the mean over a square window around each pixel of an image (H, W), the border pixels repeated."""
    import cv2

    return np.asarray(cv2.blur(image, (side, side), borderType=cv2.BORDER_REPLICATE), dtype=image.dtype)


def strongest(*sources: Floats) -> Floats:
    """Return, for each coefficient, the one of largest magnitude; the first source's where they are equal."""
    return reduce(lambda a, b: np.where(np.abs(a) >= np.abs(b), a, b), sources)


def strongest_nearby(*sources: Floats) -> Floats:
    """Return coefficients of the source that is strongest around them: the rule of Li, Manjunath and Mitra.

    The source with the largest maximum of magnitude in the 3x3 neighbourhood wins; then a 3x3 majority vote removes
    single pixels that were taken from another source than most around them. Of more than two sources none may have the
    majority: the pixel keeps its own then.

    Parameters
    ----------
    sources : (N, 1, H, W) each.

    Returns
    -------
    (N, 1, H, W), every value a coefficient of one of them.
    """
    import cv2

    window = np.ones((3, 3), dtype=np.uint8)
    chosen = np.empty_like(sources[0])
    for n in range(len(chosen)):
        best = np.argmax([cv2.dilate(np.abs(source[n, 0]), window) for source in sources], axis=0)
        elected = best.copy()
        for place in range(len(sources)):
            own = (best == place).astype(np.float32)
            votes = cv2.boxFilter(own, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REPLICATE)
            elected[votes >= 5] = place
        stack = np.stack([source[n, 0] for source in sources])
        chosen[n, 0] = np.take_along_axis(stack, elected[None], axis=0)[0]
    return chosen
