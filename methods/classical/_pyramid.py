"""Gaussian pyramids with the 5-tap kernel (1, 4, 6, 4, 1) / 16, for images of any size."""

from __future__ import annotations

import cv2
import numpy as np

from ..method import Gray
from ._common import halvings

_TAPS = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 8


def gaussian_pyramid(image: Gray, levels: int) -> list[Gray]:
    """Return the image (H, W) and up to `levels` reduced ones, each of half the size (rounded up) of the one before."""
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
