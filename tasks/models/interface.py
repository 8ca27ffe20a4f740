"""What a model that looks at images has, whoever computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..records import Detections

Image = NDArray[np.uint8]


class Detector(Protocol):
    """Finds objects.

    Attributes
    ----------
    label : what results call it; with `digest`, the same label means the same detections.
    digest : the SHA-256 of its file, or of what else it computes with.
    classes : the names of its classes, in COCO's words, at the places that detections give.
    """

    label: str
    digest: str
    classes: Sequence[str]

    def detect(self, image: Image) -> Detections:
        """Find the objects of an image, uint8 RGB of shape (H, W, 3)."""


class Segmenter(Protocol):
    """Says of each pixel what it shows; attributes as of a `Detector`."""

    label: str
    digest: str
    classes: Sequence[str]

    def segment(self, image: Image) -> NDArray[np.uint8]:
        """Give the place in `classes` of each pixel of an image, uint8 RGB (H, W, 3); 255 for none."""
