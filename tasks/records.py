"""What detectors and segmenters say of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector found in one image.

    Attributes
    ----------
    corners : float64, shape (N, 4): left, top, right, bottom in pixels of the image.
    classes : int64, shape (N,): places in the list of classes that is scored.
    scores : float64, shape (N,): how sure the detector is, 0 to 1.
    """

    corners: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.corners)

    @classmethod
    def of_table(cls, table: ArrayLike) -> Self:
        """Make them of rows of left, top, right, bottom, class and score, in their order."""
        rows = np.asarray(table, np.float64).reshape(-1, 6)
        return cls(rows[:, :4], rows[:, 4].astype(np.int64), rows[:, 5])

    def surest_first(self) -> Self:
        """Order them by their scores; equal ones stay in their order."""
        order = np.argsort(-self.scores, kind="stable")
        return type(self)(self.corners[order], self.classes[order], self.scores[order])

    def at_places(self, places: NDArray[np.int64]) -> Self:
        """Give each class its place among others, `places[class]`; those of a negative one are left out."""
        new = places[self.classes]
        here = new >= 0
        return type(self)(self.corners[here], new[here], self.scores[here])
