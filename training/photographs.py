"""Pairs of sources made from one ordinary photograph, so that fusion can be learnt without paired data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .patches import Images

Photo = NDArray[np.uint8]


def foci(photo: Photo, draw: np.random.Generator) -> Images:
    """Make a multi-focus pair: what is sharp in one is blurred in the other.

    The focal plane is a smooth random map, as objects at two depths are; the blur is Gaussian with sigma 1 to 4 pixels.
    """
    import cv2

    plane = _smooth_noise(photo.shape[:2], draw) > 0
    matte = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 1.5)  # focus falls off gradually
    sharp = photo.astype(np.float32)
    blurred = cv2.GaussianBlur(sharp, (0, 0), float(draw.uniform(1, 4)))
    matte = matte if photo.ndim == 2 else matte[..., None]
    near, far = sharp * matte + blurred * (1 - matte), sharp * (1 - matte) + blurred * matte
    return _to_uint8(near), _to_uint8(far)


def exposures(photo: Photo, draw: np.random.Generator) -> Images:
    """Make a multi-exposure pair: one over-, one underexposed by 1 to 3 stops, clipped as a sensor clips.

    The photograph's tone curve is taken for a gamma of 2.2.
    """
    light = (photo.astype(np.float32) / 255) ** 2.2
    over, under = (np.clip(light * 2**stops, 0, 1) ** (1 / 2.2) * 255
                   for stops in (draw.uniform(1, 3), -draw.uniform(1, 3)))  # fmt: skip
    return _to_uint8(over), _to_uint8(under)


def _smooth_noise(shape: tuple[int, ...], draw: np.random.Generator) -> NDArray[np.float32]:
    """Return noise with blobs of about 40 pixels, of median 0: both sides of it cover half of the image."""
    import cv2

    coarse = draw.standard_normal((max(2, shape[0] // 40 + 1), max(2, shape[1] // 40 + 1))).astype(np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine - np.median(fine), dtype=np.float32)


def _to_uint8(image: NDArray[np.floating]) -> Photo:
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
