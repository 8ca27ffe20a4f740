"""Two-scale fusion by saliency."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..method import Gray, Method
from ._common import at_least, each, mean, mean_filter, shares


class TwoScale(Method):
    """Two-scale fusion: the mean of the bases, the details weighted by their saliency.

    Parameters
    ----------
    window : side of the averaging window that splits base from detail, pixels.
    """

    name = "two-scale"
    title = "Two-scale"
    tasks = ("IVF",)
    reference = (
        "D. P. Bavirisetti, R. Dhuli (2016): Two-scale image fusion of visible and infrared images using saliency "
        "detection. Infrared Physics & Technology 76, 52-64. doi:10.1016/j.infrared.2016.01.009"
    )
    venue = "Infrared Physics & Technology"
    any_number = True

    def __init__(self, window: int = 35) -> None:
        self.window = at_least("window", window, 1)

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(self._fuse_one, a, b, *further)

    def _fuse_one(self, *sources: Gray) -> Gray:
        import cv2

        bases = [self._base(source) for source in sources]
        # Saliency is how far a pixel, freed of noise by a 3x3 median, stands out from its surroundings.
        saliences = [np.abs(base - cv2.medianBlur(x, 3)) for base, x in zip(bases, sources, strict=True)]
        fused = mean(bases)
        for share, base, x in zip(shares(saliences), bases, sources, strict=True):
            fused = fused + share * (x - base)
        return fused

    def _base(self, image: Gray) -> Gray:
        return mean_filter(image, self.window)
