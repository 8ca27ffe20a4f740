"""Fusion of ratio-of-low-pass pyramids."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ...errors import InputError
from ..method import Gray, Method
from ._common import at_least, each, expand, gaussian_pyramid, mean, strongest


def contrast_pyramid(image: Gray, levels: int, floor: float) -> list[Gray]:
    """Return the local contrasts of an image (H, W), ratios of low-pass levels minus 1, and last the low-pass rest."""
    low = [level + np.float32(floor) for level in gaussian_pyramid(image, levels)]
    contrast = [fine / expand(coarse, fine) - 1 for fine, coarse in pairwise(low)]
    return [*contrast, low[-1]]


def collapse(pyramid: list[Gray], floor: float) -> Gray:
    """Return the image of which `pyramid` is the contrast pyramid."""
    image = pyramid[-1]
    for contrast in reversed(pyramid[:-1]):
        image = (contrast + 1) * expand(image, contrast)
    return image - np.float32(floor)


class Ratio(Method):
    """Ratio (contrast) pyramids: the strongest luminance contrast of each level, the mean of the rest.

    The contrast pyramid of Toet, van Ruyven and Valeton (1989, Optical Engineering 28(7), doi:10.1117/12.7977034) is
    the same thing: contrast is ratio minus 1, and both choose by its magnitude.

    Parameters
    ----------
    levels : levels of contrast, 1 at least; fewer where the image is too small.
    floor : luminance added on both sides of each ratio, so that reconstruction stays exact, more than 0. In the dark,
        ratios are the noise of the last bits: they win every comparison and burn specks into the fused image.
    """

    name = "ratio"
    title = "Ratio"
    reference = (
        "A. Toet (1989): Image fusion by a ratio of low-pass pyramid. "
        "Pattern Recognition Letters 9(4), 245-253. doi:10.1016/0167-8655(89)90003-2"
    )
    venue = "Pattern Recognition Letters"
    any_number = True

    def __init__(self, levels: int = 4, floor: float = 4 / 255) -> None:
        self.levels = at_least("levels", levels, 1)
        if not floor > 0:
            raise InputError(f"option 'floor' must be more than 0, not {floor}")
        self.floor = floor

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(self._fuse_one, a, b, *further)

    def _fuse_one(self, *sources: Gray) -> Gray:
        *levels, rests = zip(*(contrast_pyramid(source, self.levels, self.floor) for source in sources), strict=True)
        return collapse([*(strongest(*level) for level in levels), mean(rests)], self.floor)
