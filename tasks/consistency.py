"""Whether a detector finds in a fused image what it finds in the sources: a number for pairs that nobody has labelled.

The objects that count are those that the detector finds in either source; of two of one class that overlap by half, the
surer one. What it finds in the fused image is matched with them, the surest first, by class and an overlap of half.

It says how much of what a detector sees the fusion keeps, and how little it adds. It does not say that the detector is
right: an error in a source is to be found in the fused image, too, and an object that only the fused image shows counts
against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .measures.matching import overlap
from .measures.scores import Counts, Scores
from .models.onnx import suppress
from .records import Detections

SURE = 0.25  # the score from which on a detection is one
HALF = 0.5  # the overlap by which two boxes are of one object


class Agreement:
    """How many detections agree, image by image; see `Statistics`.

    Parameters
    ----------
    wanted : what is found in the sources of each image, by its name, from `joined`.
    found : what is found in the fused images.
    classes : the names of the classes.
    """

    def __init__(
        self, wanted: Mapping[str, Detections], found: Mapping[str, Detections], classes: Sequence[str]
    ) -> None:
        self.images: list[str] = list(wanted)
        self.classes = tuple(classes)
        # for each image and class: wanted, found, matched, and the sum of the matches' overlaps
        self._counts = np.array([_agree(wanted[name], found[name], len(classes)) for name in self.images])
        self._counts = self._counts.reshape(len(self.images), len(classes), 4)

    def scores(self, counts: Counts | None = None) -> Scores:
        """Score the images, each as often as `counts` says."""
        table = self._counts.sum(axis=0) if counts is None else np.tensordot(counts, self._counts, axes=1)
        rows = {
            name: _values(row) | {"objects": float(row[0])}
            for name, row in zip(self.classes, table, strict=True)
            if row[:2].any()
        }
        return Scores(len(self.images) if counts is None else int(counts.sum()), _values(table.sum(axis=0)), rows)


def joined(parts: Sequence[Detections]) -> Detections:
    """Bring what was found in the sources of a pair together."""
    corners = np.concatenate([part.corners for part in parts])
    classes = np.concatenate([part.classes for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    sure = scores >= SURE
    corners, classes, scores = corners[sure], classes[sure], scores[sure]
    kept = suppress(corners, classes, scores, HALF)
    return Detections(corners[kept], classes[kept], scores[kept])


def _agree(wanted: Detections, found: Detections, classes: int) -> NDArray[np.float64]:
    counts = np.zeros((classes, 4))
    sure = found.scores >= SURE
    np.add.at(counts[:, 0], wanted.classes, 1)
    np.add.at(counts[:, 1], found.classes[sure], 1)
    common = overlap(found.corners, wanted.corners, np.zeros(len(wanted), bool))
    common = np.where(found.classes[:, None] == wanted.classes[None], common, 0.0)
    for place in np.argsort(-found.scores, kind="stable"):
        if sure[place] and len(wanted) and (best := common[place].max()) >= HALF:
            counts[found.classes[place], 2:] += 1, best
            common[:, common[place].argmax()] = 0  # each object once
    return counts


def _values(counts: NDArray[np.float64]) -> dict[str, float]:
    wanted, found, matched, overlaps = counts
    nan = float("nan")
    return {
        "F1": 2 * matched / (wanted + found) if wanted + found else nan,
        "recall": matched / wanted if wanted else nan,
        "precision": matched / found if found else nan,
        "overlap": overlaps / matched if matched else nan,
    }
