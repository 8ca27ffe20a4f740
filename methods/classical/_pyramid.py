"""Gaussian pyramids with the 5-tap kernel (1, 4, 6, 4, 1) / 16, for images of any size."""

from __future__ import annotations

import cv2
import numpy as np

from ..method import Gray
from ._common import halvings


def gaussian_pyramid(image: Gray, levels: int) -> list[Gray]:
    """Return the image (H, W) and up to `levels` reduced ones, each of half the size (rounded up) of the one before."""
    pyramid = [image]
    for _ in range(halvings(image.shape, levels)):
        pyramid.append(np.asarray(cv2.pyrDown(pyramid[-1]), dtype=np.float32))
    return pyramid


def expand(image: Gray, like: Gray) -> Gray:
    """Return the image (H, W) at the size of the pyramid's next finer level."""
    height, width = like.shape
    return np.asarray(cv2.pyrUp(image, dstsize=(width, height)), dtype=np.float32)
