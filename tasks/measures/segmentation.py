"""Intersection over union and accuracy of masks.

- IoU of a class: its pixels that are right, over those that are of it or are taken for it; mIoU is the mean over the
  classes.
- Acc of a class: its pixels that are right, over those that are of it; mAcc is the mean. aAcc is that of all pixels.

A class that is neither in any true mask nor in any that was found is left out of mIoU; one that is only in those that
were found has an IoU of 0, and no Acc. The counts are summed over all images first, as the field does. Pixels that are
`VOID` in the true mask count for nothing; those that are so in a mask that was found are wrong, and taken for no class.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...datasets.labels import VOID
from ...errors import InputError
from .scores import Counts, Scores, mean

Mask = NDArray[np.uint8]


class Confusions:
    """Which class is taken for which, in each image: filled image by image.

    Parameters
    ----------
    classes : the names, at the places that masks hold; at most 255.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        if not 0 < len(classes) <= VOID:
            raise InputError(f"masks have 1 to {VOID} classes, not {len(classes)}")
        self.classes = tuple(classes)
        self.images: list[str] = []
        self._counts: list[NDArray[np.int64]] = []

    def add(self, name: str, truth: Mask | None, found: Mask) -> None:
        """Count the pixels of an image; one without a true mask is left out.

        Parameters
        ----------
        name : of the image, for `images`.
        truth, found : uint8, shape (H, W): places of classes, `VOID` for none.

        Raises
        ------
        InputError
            The masks differ in size, or hold labels that are no class.
        """
        if truth is None:
            return
        if truth.shape != found.shape:
            sizes = " and ".join("x".join(map(str, mask.shape)) for mask in (truth, found))
            raise InputError(f"the masks of {name} differ in size: {sizes}")
        self._counts.append(confusion(truth, found, len(self.classes), name))
        self.images.append(name)

    def matrix(self, counts: Counts | None = None) -> NDArray[np.int64]:
        """Sum the images, each as often as `counts` says: shape (K, K + 1).

        Row i, column j: pixels of class i that were taken for class j; in the last column, for none.
        """
        size = len(self.classes)
        table = np.array(self._counts, np.int64).reshape(len(self._counts), size, size + 1)
        return table.sum(axis=0) if counts is None else np.tensordot(counts, table, axes=1)

    def scores(self, counts: Counts | None = None) -> Scores:
        """Score the images, each as often as `counts` says: int64, shape (images,)."""
        matrix = self.matrix(counts)
        right, total = np.diagonal(matrix), matrix.sum(axis=1)
        union = total + matrix[:, :-1].sum(axis=0) - right
        rows = {
            name: {"IoU": _share(hit, either), "Acc": _share(hit, own), "pixels": float(own)}
            for name, hit, own, either in zip(self.classes, right, total, union, strict=True)
            if either
        }
        values = {
            "mIoU": mean(row["IoU"] for row in rows.values()),
            "mAcc": mean(row["Acc"] for row in rows.values()),
            "aAcc": _share(right.sum(), total.sum()),
        }
        return Scores(len(self.images) if counts is None else int(counts.sum()), values, rows)


def segmentation(masks: Iterable[tuple[str, Mask | None, Mask]], classes: Sequence[str]) -> Scores:
    """Score masks, (name, true mask or None, mask that was found), one image at a time."""
    confusions = Confusions(classes)
    for name, truth, found in masks:
        confusions.add(name, truth, found)
    return confusions.scores()


def confusion(truth: Mask, found: Mask, classes: int, name: str = "an image") -> NDArray[np.int64]:
    """Count the pixels of one image, by true class and by the class that was found: shape (classes, classes + 1).

    Raises
    ------
    InputError
        A mask holds labels that are no class; it names the image.
    """
    for mask, whose in ((truth, "true"), (found, "predicted")):
        highest = int(np.max(mask, initial=0, where=mask != VOID))
        if highest >= classes:
            raise InputError(f"the {whose} mask of {name} has the label {highest}, of {classes} classes from 0")
    counted = truth != VOID
    taken = np.minimum(found[counted], classes).astype(np.int64)
    places = truth[counted].astype(np.int64) * (classes + 1) + taken
    return np.bincount(places, minlength=classes * (classes + 1)).reshape(classes, classes + 1)


def _share(part: np.int64, whole: np.int64) -> float:
    return float(part / whole) if whole else float("nan")
