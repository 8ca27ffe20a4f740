"""Which detections of an image are right: the matching of COCO's evaluation.

T.-Y. Lin et al.: Microsoft COCO: Common Objects in Context, ECCV 2014, doi:10.1007/978-3-319-10602-1_48; the rules are
those of its evaluation code (pycocotools 2.0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OVERLAPS = np.linspace(0.5, 0.95, 10)  # intersection over union from which on a detection may be right
SIZES = ("all", "small", "medium", "large")
AREAS = np.array([(0, 1e10), (0, 32**2), (32**2, 96**2), (96**2, 1e10)])  # square pixels, both ends included
MOST = 100  # detections of an image and class: the surest


@dataclass(frozen=True, eq=False)
class Matched:
    """How the N detections of a class fare in one image, for A ranges of size and T overlaps.

    Attributes
    ----------
    scores : shape (N,), the highest first.
    right, wrong : shape (A, T, N); neither for a detection that does not count.
    objects : shape (A,), how many objects there are to be found.
    """

    scores: Floats
    right: Bools
    wrong: Bools
    objects: NDArray[np.int64]


def match_image(truth: Floats, crowd: Bools, ignored: Bools, found: Floats, scores: Floats) -> Matched:
    """Match the detections of one class in one image with its objects.

    From the surest on, a detection takes the object that it overlaps most and that no surer one has taken. An object
    that is ignored, or not of the size that is asked for, is taken only where no other can be; what takes it does not
    count. A crowd can be taken by many, and how far they lie in it counts, in place of the union. A detection that
    takes nothing is wrong, or does not count where it is not of the size.

    Parameters
    ----------
    truth : shape (G, 4), left, top, right, bottom of the objects.
    crowd, ignored : shape (G,).
    found : shape (N, 4), the detections.
    scores : shape (N,).
    """
    order = np.argsort(-scores, kind="stable")[:MOST]
    found, scores = found[order], scores[order]
    apart = _outside(_area(truth)) | (crowd | ignored)  # (A, G): not to be found
    right = np.zeros((len(SIZES), len(OVERLAPS), len(found)), bool)
    wrong = np.broadcast_to(~_outside(_area(found))[:, None], right.shape).copy()
    overlaps = overlap(found, truth, crowd)
    least = np.minimum(OVERLAPS, 1 - 1e-10)
    free = np.ones((len(SIZES), len(OVERLAPS), len(truth)), bool)
    row = np.arange(len(SIZES))[:, None], np.arange(len(OVERLAPS))[None]
    for number in np.flatnonzero(overlaps.max(axis=1, initial=0) >= least[0]):
        near = np.flatnonzero(overlaps[number] >= least[0])
        near = near[np.argsort(overlaps[number, near], kind="stable")]  # the last of those in reach is the nearest
        reach = (overlaps[number, near] >= least[:, None]) & (free[..., near] | crowd[near])  # (A, T, near)
        wanted = reach & ~apart[:, None, near]
        reach = np.where(wanted.any(axis=2, keepdims=True), wanted, reach)
        taken = near[len(near) - 1 - np.argmax(reach[..., ::-1], axis=2)]  # (A, T)
        takes = reach.any(axis=2)
        counts = takes & ~apart[row[0], taken]
        free[(*row, taken)] &= ~takes
        right[..., number] = counts
        wrong[..., number] &= ~takes
    return Matched(scores, right, wrong, np.sum(~apart, axis=1, dtype=np.int64))


def overlap(found: Floats, truth: Floats, crowd: Bools) -> Floats:
    """Intersection over union of detections (N, 4) and objects (G, 4), over the detection for crowds: (N, G)."""
    low = np.maximum(found[:, None, :2], truth[None, :, :2])
    high = np.minimum(found[:, None, 2:], truth[None, :, 2:])
    width, height = np.moveaxis(high - low, 2, 0)
    common = np.where((width > 0) & (height > 0), width * height, 0)
    own = _area(found)[:, None]
    union = np.where(crowd, own, own + _area(truth) - common)
    return np.divide(common, union, out=np.zeros_like(common), where=common > 0)


def _area(corners: Floats) -> Floats:
    size: Floats = corners[:, 2:] - corners[:, :2]
    return size[:, 0] * size[:, 1]


def _outside(area: Floats) -> Bools:
    """Whether boxes are not of each range of sizes: (A, N)."""
    return np.asarray((area < AREAS[:, :1]) | (area > AREAS[:, 1:]))
