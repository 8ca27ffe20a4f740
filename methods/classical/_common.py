"""What the classical methods share: the loop over a batch, limits, pyramids, and the choice between coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import cv2
import numpy as np
import pywt
from numpy.typing import NDArray

from ...errors import InputError, unknown
from ..method import Gray

Floats = NDArray[np.floating[Any]]
Scalar = TypeVar("Scalar", np.float32, np.float64)
_TAPS = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 8  # of the kernel of pyramids, doubled


def each(fuse_one: Callable[[Gray, Gray], Floats], a: Gray, b: Gray) -> Gray:
    """Fuse every pair of a batch (N, 1, H, W) by a function of two images (H, W)."""
    fused = np.empty(a.shape, dtype=np.float32)
    for n in range(len(a)):
        fused[n, 0] = fuse_one(a[n, 0], b[n, 0])
    return fused


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
    pyramid = [image]
    for _ in range(halvings(image.shape, levels)):
        pyramid.append(np.asarray(cv2.pyrDown(pyramid[-1]), dtype=np.float32))
    return pyramid


def expand(image: Gray, like: Gray) -> Gray:
    """Return the image (H, W) at the size of the next finer level: zeros between the pixels, then the kernel.

    `cv2.pyrUp` does the same for even sides; for odd ones it treats the last row and column unlike the first, so that
    a mirrored image would not give the mirrored result.
    """
    spread = np.zeros_like(like)
    spread[::2, ::2] = image
    return np.asarray(cv2.sepFilter2D(spread, -1, _TAPS, _TAPS, borderType=cv2.BORDER_REFLECT_101), dtype=np.float32)


def mean_filter(image: NDArray[Scalar], side: int) -> NDArray[Scalar]:
    """Return the mean over a square window around each pixel of an image (H, W), the border pixels repeated."""
    return np.asarray(cv2.blur(image, (side, side), borderType=cv2.BORDER_REPLICATE), dtype=image.dtype)


def stronger(a: Floats, b: Floats) -> Floats:
    """Return, for each coefficient, the one of larger magnitude; a's where they are equal."""
    return np.where(np.abs(a) >= np.abs(b), a, b)


def stronger_nearby(a: Floats, b: Floats) -> Floats:
    """Return coefficients of the source that is stronger around them: the rule of Li, Manjunath and Mitra.

    The source with the larger maximum of magnitude in the 3x3 neighbourhood wins; then a 3x3 majority vote removes
    single pixels that were taken from the other source than all around them.

    Parameters
    ----------
    a, b : (N, 1, H, W).

    Returns
    -------
    (N, 1, H, W), every value a coefficient of a or of b.
    """
    window = np.ones((3, 3), dtype=np.uint8)
    chosen = np.empty_like(a)
    for n in range(len(a)):
        activity_a, activity_b = (cv2.dilate(np.abs(x[n, 0]), window) for x in (a, b))
        votes = cv2.boxFilter(
            (activity_a >= activity_b).astype(np.float32), -1, (3, 3), normalize=False, borderType=cv2.BORDER_REPLICATE
        )
        chosen[n, 0] = np.where(votes >= 5, a[n, 0], b[n, 0])
    return chosen
