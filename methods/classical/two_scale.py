"""Two-scale fusion by saliency."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..method import Gray, Method
from ._common import at_least, each, mean_filter


class TwoScale(Method):
    """Two-scale fusion: the mean of the bases, the details weighted by their saliency.

    Parameters
    ----------
    window : side of the averaging window that splits base from detail, pixels.
    """

    name = "two-scale"
    tasks = ("IVF",)
    reference = (
        "D. P. Bavirisetti, R. Dhuli (2016): Two-scale image fusion of visible and infrared images using saliency "
        "detection. Infrared Physics & Technology 76, 52-64. doi:10.1016/j.infrared.2016.01.009"
    )
    venue = "Infrared Physics & Technology"

    def __init__(self, window: int = 35) -> None:
        self.window = at_least("window", window, 1)

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(self._fuse_one, a, b)

    def _fuse_one(self, a: Gray, b: Gray) -> Gray:
        base_a, base_b = self._base(a), self._base(b)
        # Saliency is how far a pixel, freed of noise by a 3x3 median, stands out from its surroundings.
        salient_a = np.abs(base_a - cv2.medianBlur(a, 3))
        salient_b = np.abs(base_b - cv2.medianBlur(b, 3))
        total = salient_a + salient_b
        share = np.divide(salient_a, total, out=np.full_like(total, 0.5), where=total > 0)
        return 0.5 * (base_a + base_b) + share * (a - base_a) + (1 - share) * (b - base_b)

    def _base(self, image: Gray) -> Gray:
        return mean_filter(image, self.window)
