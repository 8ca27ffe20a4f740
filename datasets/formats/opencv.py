"""OpenCV's decoders, whose pixels the field's codes see."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np

from .picture import Image, is_coloured


def opencv_pixels(data: bytes) -> Image | None:
    """Decode to (H, W) or RGB (H, W, 3), unturned; None where OpenCV does not."""
    cv2 = _opencv()
    image = _decode(data, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None or image.ndim == 2:
        return image
    if not is_coloured(image[:1]):
        blue, green, red = cv2.split(image)
        if np.array_equal(blue, green) and np.array_equal(blue, red):
            return np.asarray(blue)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)) if image.dtype != np.float64 else image[..., ::-1]


def opencv_alpha(data: bytes) -> Image | None:
    """Decode the fourth channel alone, (H, W), unturned; None where OpenCV gives none."""
    image = _decode(data, _opencv().IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.shape[2] != 4:
        return None
    return np.ascontiguousarray(image[..., 3])


def _decode(data: bytes, flags: int) -> Image | None:
    cv2 = _opencv()
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


@cache
def _opencv() -> Any:
    """Import OpenCV, and keep it from telling on the terminal what becomes a sentence here."""
    import cv2

    quiet = getattr(cv2, "setLogLevel", None)
    if quiet is not None and "OPENCV_LOG_LEVEL" not in os.environ:
        quiet(0)
    return cv2
