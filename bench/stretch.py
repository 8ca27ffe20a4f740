"""Telling from their levels alone whether images were stretched when they were saved.

A saver that scales each image to 0..255 by its own range (MATLAB's `mat2gray`, `cv2.normalize`, many a network's test
code) raises EN, SD, SF and AG by more than methods differ. It shows where the sources do not reach both ends: nearly
every fused image does, exactly, and with few pixels, as only its darkest and brightest lie there. A method that
overshoots and clips reaches the ends of some images, with many pixels or none; one that takes over its sources
reaches them where these do. Stretching between percentiles leaves the same part of the pixels at the ends of each
image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Facts = Mapping[str, float]  # of one image, see `looks`

NEARLY = 0.9  # of the images
ENOUGH = 3  # images whose sources do not reach the ends: below it chance would do
FEW = 1e-3  # of the pixels; a stretch puts single ones at the ends, percentiles a hundredth or so
SAME = 1.5  # the largest of equal parts of pixels over the smallest, without the outermost tenths


@dataclass(frozen=True)
class Stretch:
    """What images were stretched by, how many reach the ends, and how many have sources that do not."""

    by: Literal["range", "maximum", "percentiles"]
    reached: int
    narrow: int


def stretch(images: Sequence[Facts]) -> Stretch | None:
    """Find out whether images were stretched.

    Parameters
    ----------
    images : the facts of each fused image of a data set.

    Returns
    -------
    What they were stretched by: their range, their maximum alone, or percentiles; None where nothing tells it.
    """
    top = [image for image in images if image["sources_max"] < 255]
    narrow = [image for image in images if image["sources_max"] < 255 or image["sources_min"] > 0]
    if _nearly(images, _spans) and len(narrow) >= ENOUGH:
        spanning = sum(map(_spans, images))
        if _nearly(narrow, lambda image: _spans(image) and _few(image)):
            return Stretch("range", spanning, len(narrow))
        if _nearly(narrow, _spans) and _equal(narrow):
            return Stretch("percentiles", spanning, len(narrow))
    few = _nearly(top, lambda image: _reaches_top(image) and image["fused_at_255"] <= FEW)
    if _nearly(images, _reaches_top) and len(top) >= ENOUGH and few:
        return Stretch("maximum", sum(map(_reaches_top, images)), len(top))
    return None


def _nearly(images: Sequence[Facts], holds: Callable[[Facts], bool]) -> bool:
    return len(images) > 0 and sum(map(holds, images)) >= NEARLY * len(images)


def _spans(image: Facts) -> bool:
    return image["fused_min"] == 0 and image["fused_max"] == 255


def _reaches_top(image: Facts) -> bool:
    return image["fused_max"] == 255


def _few(image: Facts) -> bool:
    """Whether few pixels lie at the ends that the sources do not reach."""
    low = image["fused_at_0"] if image["sources_min"] > 0 else 0.0
    high = image["fused_at_255"] if image["sources_max"] < 255 else 0.0
    return max(low, high) <= FEW


def _equal(images: Sequence[Facts]) -> bool:
    """Whether the images have the same part of their pixels at each end."""
    for end, narrow in (("fused_at_0", _low), ("fused_at_255", _high)):
        parts = [image[end] for image in images if narrow(image)]
        if parts:
            low, high = np.quantile(parts, (0.1, 0.9))
            if len(parts) < ENOUGH or low <= FEW or high > SAME * low:
                return False
    return True


def _low(image: Facts) -> bool:
    return image["sources_min"] > 0


def _high(image: Facts) -> bool:
    return image["sources_max"] < 255
