"""The labels of a data set, however its files write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VOID = 255  # the label of pixels that count for no class


@dataclass(frozen=True, eq=False)
class Boxes:
    """The annotated objects of one image.

    Attributes
    ----------
    corners : float64, shape (N, 4): left, top, right, bottom in pixels; the first pixel reaches from 0 to 1.
    classes : int64, shape (N,): the place of each object's class in `Labels.classes`.
    crowd : bool, shape (N,): the box holds several objects, as COCO's "iscrowd": detections in it are no errors.
    ignored : bool, shape (N,): neither to be found nor an error when found, as VOC's "difficult".
    """

    corners: NDArray[np.float64]
    classes: NDArray[np.int64]
    crowd: NDArray[np.bool_]
    ignored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.corners)


@dataclass(frozen=True)
class Labels:
    """The labels of a data set, read when they are asked for.

    Attributes
    ----------
    kind : "boxes" or "masks".
    classes : the names of the classes, in the words of COCO where it has them: "person", "car", ...
    boxes : the objects of a pair, by its name; None where the pair has no annotation.
    mask : the classes of a pair's pixels, uint8 of shape (H, W), `VOID` where none counts; None without annotation.
    written : of masks, what the values in the files mean, from 0; None for one that means no class.
    """

    kind: str
    classes: tuple[str, ...]
    boxes: Callable[[str], Boxes | None]
    mask: Callable[[str], NDArray[np.uint8] | None]
    written: tuple[str | None, ...] = ()
