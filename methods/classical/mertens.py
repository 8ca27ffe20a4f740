"""Exposure fusion."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ...datasets.pair import Pair
from ..colour import is_colour
from ..method import Gray, Image, Method
from ._common import Floats, each


class Mertens(Method):
    """Exposure fusion: pixels weighted by contrast, saturation and well-exposedness, blended over pyramids.

    Two colour sources are fused in colour, as the paper does, others by luminance, without the saturation term.

    Parameters
    ----------
    contrast, saturation, exposure : exponents of the three terms.
    """

    name = "mertens"
    reference = (
        "T. Mertens, J. Kautz, F. Van Reeth (2007): Exposure Fusion. Pacific Graphics, 382-390. doi:10.1109/PG.2007.17"
    )
    venue = "Pacific Graphics"
    tasks = ("MEF",)

    def __init__(self, contrast: float = 1.0, saturation: float = 1.0, exposure: float = 1.0) -> None:
        self.contrast, self.saturation, self.exposure = contrast, saturation, exposure

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(lambda x, y: self._merge(x * 255, y * 255), a, b)

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image | None:
        """Fuse two colour images in colour; see `Method.fuse_images`."""
        if is_colour(a) and is_colour(b):
            return self._merge(a.astype(np.float64), b.astype(np.float64))
        return None

    def _merge(self, a: Floats, b: Floats) -> Gray:
        """Fuse (H, W) or (H, W, 3) in 0..255 by OpenCV, which divides by 255 itself; the result is about [0, 1]."""
        merger = cv2.createMergeMertens(self.contrast, self.saturation, self.exposure)
        return np.asarray(merger.process([np.ascontiguousarray(x, dtype=np.float32) for x in (a, b)]))
