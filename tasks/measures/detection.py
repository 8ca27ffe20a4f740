"""Average precision as COCO defines it, and the log-average miss rate.

- AP: the mean precision at 101 levels of recall, averaged over ten overlaps, 0.50 to 0.95, and over the classes that
  have an object; AP50 and AP75 at one overlap; APs, APm and APl for objects up to 32**2 square pixels, to 96**2, and
  above (doi:10.1007/978-3-319-10602-1_48).
- LAMR: the geometric mean of the miss rate where there are 0.01 to 1 wrong detections an image, at nine points evenly
  apart on a logarithmic axis, at an overlap of 0.5; lower is better (P. Dollár, C. Wojek, B. Schiele, P. Perona:
  Pedestrian Detection: An Evaluation of the State of the Art, IEEE TPAMI 34(4), 2012, doi:10.1109/TPAMI.2011.155).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...datasets.labels import Boxes
from ...errors import InputError
from ..records import Detections
from .matching import OVERLAPS, SIZES, Bools, Floats, Matched, match_image
from .scores import Counts, Scores, mean

Places = NDArray[np.int64]
RECALLS = np.linspace(0, 1, 101)
WRONG_PER_IMAGE = np.array([10 ** (quarter / 4) for quarter in range(-8, 1)])  # as NumPy's power misses 0.1
_TINY = np.spacing(1)
_NONE, _NEVER = np.zeros((0, 4)), np.zeros(0, bool)
_NOTHING = match_image(_NONE, _NEVER, _NEVER, _NONE, np.zeros(0))
_LEAST_MISS = 1e-10  # of which there is a logarithm


@dataclass(frozen=True, eq=False)
class _Levels:
    """The detections of a class for one range of sizes, as places in their order; a row for each of the T overlaps.

    Rows are filled up to the length of the longest with the place behind the last detection, which weighs nothing.

    Attributes
    ----------
    right : shape (T, H), those that are right.
    apart : shape (T, K), those that do not count; the rest is wrong.
    before : shape (T, H), for each right one, how many of those apart are surer.
    """

    right: Places
    apart: Places
    before: Places


@dataclass(frozen=True, eq=False)
class _OfClass:
    """The detections of one class in all images, the surest first.

    Attributes
    ----------
    image : shape (N,), the image of each.
    levels : for each range of sizes.
    objects : shape (images, A).
    """

    image: Places
    levels: tuple[_Levels, ...]
    objects: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Matches:
    """Which detections are right, for each image and class: all that scores of any choice of images need.

    Attributes
    ----------
    images : the names of the images that have an annotation, in the order of `counts`.
    classes : their names.
    """

    images: tuple[str, ...]
    classes: tuple[str, ...]
    _parts: tuple[_OfClass, ...]

    def scores(self, counts: Counts | None = None, sizes: bool = True) -> Scores:
        """Score the images, each as often as `counts` says.

        Parameters
        ----------
        counts : int64, shape (images,): once each by default; drawn with replacement for a bootstrap.
        sizes : whether APs, APm and APl are wanted, which take most of the time.
        """
        counts = np.ones(len(self.images), np.int64) if counts is None else counts
        values = {name: _of_class(part, counts, sizes) for name, part in zip(self.classes, self._parts, strict=True)}
        values = {name: row for name, row in values.items() if row["objects"]}
        keys = [*_keys(sizes), "LAMR"]
        return Scores(int(counts.sum()), {key: mean(row[key] for row in values.values()) for key in keys}, values)


def detection(truth: Mapping[str, Boxes | None], found: Mapping[str, Detections], classes: Sequence[str]) -> Scores:
    """Score detections: `match`, then `Matches.scores`."""
    return match(truth, found, classes).scores()


def match(truth: Mapping[str, Boxes | None], found: Mapping[str, Detections], classes: Sequence[str]) -> Matches:
    """Match detections with objects, image by image and class by class.

    Parameters
    ----------
    truth : the objects of each image, by its name; images with None have no annotation and are left out.
    found : the detections; an image that is missing here has none. Of an image and class the 100 surest count.
    classes : the names of the classes, at the places that boxes and detections give.

    Raises
    ------
    InputError
        A class, a score or a corner is not possible.
    """
    images = tuple(name for name, boxes in truth.items() if boxes is not None)
    for name in images:
        if name in found:
            _check(name, found[name], len(classes))
    parts = []
    for place in range(len(classes)):
        rows = [_match_class(truth[name], found.get(name), place) for name in images]
        parts.append(_joined(rows))
    return Matches(images, tuple(classes), tuple(parts))


def _match_class(boxes: Boxes | None, found: Detections | None, place: int) -> Matched:
    assert boxes is not None
    here = boxes.classes == place
    corners, scores = _NONE, np.zeros(0)
    if found is not None:
        chosen = found.classes == place
        corners, scores = found.corners[chosen], found.scores[chosen]
    if not len(scores) and not here.any():
        return _NOTHING
    return match_image(boxes.corners[here], boxes.crowd[here], boxes.ignored[here], corners, scores)


def _joined(rows: Sequence[Matched]) -> _OfClass:
    """Bring the detections of all images into one order; the earlier image first where scores are equal."""
    image = np.repeat(np.arange(len(rows)), [len(row.scores) for row in rows])
    order = np.argsort(-np.concatenate([np.zeros(0), *(row.scores for row in rows)]), kind="stable")
    nothing = np.zeros((len(SIZES), len(OVERLAPS), 0), bool)
    right = np.concatenate([nothing, *(row.right for row in rows)], axis=2)[..., order]
    wrong = np.concatenate([nothing, *(row.wrong for row in rows)], axis=2)[..., order]
    levels = tuple(map(_levels, right, wrong))
    objects = np.array([row.objects for row in rows], np.int64).reshape(len(rows), len(SIZES))
    return _OfClass(image[order], levels, objects)


def _levels(right: Bools, wrong: Bools) -> _Levels:
    hits, apart = ([np.flatnonzero(row) for row in rows] for rows in (right, ~(right | wrong)))
    before = [np.searchsorted(surer, each) for surer, each in zip(apart, hits, strict=True)]
    count = right.shape[-1]
    return _Levels(_filled(hits, count), _filled(apart, count), _filled(before, 0))


def _filled(rows: Sequence[Places], value: int) -> Places:
    """Make a table of lists, filled up with a value."""
    table = np.full((len(rows), max(map(len, rows))), value)
    for line, row in zip(table, rows, strict=True):
        line[: len(row)] = row
    return table


def _keys(sizes: bool) -> tuple[str, ...]:
    return ("AP", "AP50", "AP75", "APs", "APm", "APl") if sizes else ("AP", "AP50", "AP75")


def _of_class(part: _OfClass, counts: Counts, sizes: bool) -> dict[str, float]:
    """Score a class. Only at right detections does recall change, and only there can precision be the highest."""
    objects, images = counts @ part.objects, int(counts.sum())
    weight = np.append(counts[part.image], 0)
    total = np.cumsum(weight)
    curves = [_curves(levels, weight, total) for levels in part.levels[: None if sizes else 1]]
    ap = np.array([
        _average_precision(*curve, there) for curve, there in zip(curves, objects, strict=False)
    ])  # fmt: skip
    values = [ap[0].mean(), ap[0, 0], ap[0, 5], *ap[1:].mean(axis=1)]
    row = dict(zip(_keys(sizes), map(float, values), strict=True))
    right, wrong = (each[0] for each in curves[0])
    return {"objects": float(objects[0])} | row | {"LAMR": _miss_rate(right, wrong, objects[0], images)}


def _curves(levels: _Levels, weight: Counts, total: Counts) -> tuple[Places, Places]:
    """Count the right and the wrong detections down to each right one: shape (T, H)."""
    hits = np.cumsum(weight[levels.right], axis=1)
    wrong = total[levels.right] - hits
    if levels.apart.size:
        apart = np.cumsum(weight[levels.apart], axis=1)
        wrong -= np.take_along_axis(np.pad(apart, ((0, 0), (1, 0))), levels.before, axis=1)
    return hits, wrong


def _average_precision(right: Places, wrong: Places, objects: int) -> Floats:
    """Average the highest precision at each level of recall or a higher one, 0 where the level is not reached.

    Returns
    -------
    float64, shape (T,) : of each overlap.
    """
    rows, most = right.shape
    if not objects:
        return np.full(rows, np.nan)
    if not most:
        return np.zeros(rows)
    precision = right / (right + wrong + _TINY)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]  # what rows are filled up with has the least
    # a level is reached by so many right ones; looked up in all rows at once, each of which counts from its own start
    needed = np.searchsorted(np.arange(objects + 1) / objects, RECALLS)
    start = np.arange(rows)[:, None] * (objects + 1)
    place = np.searchsorted((right + start).ravel(), needed + start) - np.arange(rows)[:, None] * most
    found = np.take_along_axis(precision, np.minimum(place, most - 1), axis=1)
    return np.asarray(np.where(place < most, found, 0).mean(axis=1))


def _miss_rate(right: Places, wrong: Places, objects: int, images: int) -> float:
    if not objects:
        return float("nan")
    missed = np.append(1.0, 1 - right / objects)
    place = np.searchsorted(wrong / images, WRONG_PER_IMAGE, side="right")  # as many detections as are allowed
    return float(np.exp(np.mean(np.log(np.maximum(missed[place], _LEAST_MISS)))))


def _check(name: str, found: Detections, classes: int) -> None:
    count = len(found.scores)
    if found.corners.shape != (count, 4) or found.classes.shape != (count,):
        raise InputError(f"the detections in {name} are not as many corners, classes and scores")
    if not (np.isfinite(found.corners).all() and np.isfinite(found.scores).all()):
        raise InputError(f"a detection in {name} has a corner or a score that is no number")
    if count and (found.corners[:, :2] > found.corners[:, 2:]).any():
        raise InputError(f"a detection in {name} has its right before its left, or its bottom above its top")
    if count and (found.classes.min() < 0 or found.classes.max() >= classes):
        raise InputError(f"a detection in {name} has the class {_odd(found.classes, classes)}, of {classes} from 0")


def _odd(places: NDArray[np.int64], classes: int) -> int:
    return int(places[(places < 0) | (places >= classes)][0])
