"""Exposure fusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...datasets.pair import Pair
from ..colour import is_colour
from ..method import Gray, Image, Method
from ._common import Floats, each


class Mertens(Method):
    """Exposure fusion: pixels weighted by contrast, saturation and well-exposedness, blended over pyramids.

    Sources that all have colour are fused in colour, as the paper does, others by luminance, without the saturation
    term.

    Parameters
    ----------
    contrast, saturation, exposure : exponents of the three terms.
    """

    name = "mertens"
    title = "Mertens"
    reference = (
        "T. Mertens, J. Kautz, F. Van Reeth (2007): Exposure Fusion. Pacific Graphics, 382-390. doi:10.1109/PG.2007.17"
    )
    venue = "Pacific Graphics"
    tasks = ("MEF",)
    any_number = True

    def __init__(self, contrast: float = 1.0, saturation: float = 1.0, exposure: float = 1.0) -> None:
        self.contrast, self.saturation, self.exposure = contrast, saturation, exposure

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(lambda *images: self._merge(*(image * 255 for image in images)), a, b, *further)

    def fuse_images(self, a: Image, b: Image, pair: Pair, *further: Image) -> Image | None:
        """Fuse colour images in colour; see `Method.fuse_images`."""
        if all(is_colour(image) for image in (a, b, *further)):
            return self._merge(*(image.astype(np.float64) for image in (a, b, *further)))
        return None

    def _merge(self, *images: Floats) -> Gray:
        """Fuse (H, W) or (H, W, 3) in 0..255 by OpenCV, which divides by 255 itself; the result is about [0, 1]."""
        import cv2

        merger = cv2.createMergeMertens(self.contrast, self.saturation, self.exposure)
        return np.asarray(merger.process([np.ascontiguousarray(x, dtype=np.float32) for x in images]))
