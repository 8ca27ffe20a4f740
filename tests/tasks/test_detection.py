"""Average precision against pycocotools, and the miss rate against a plain reading of its definition."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench.datasets.labels import Boxes
from fusionbench.errors import InputError
from fusionbench.tasks.measures import by_group, detection, match
from fusionbench.tasks.measures.scores import count
from fusionbench.tasks.records import Detections

CLASSES = ("person", "car", "bus")
KEYS = ("AP", "AP50", "AP75", "APs", "APm", "APl")
Truth = dict[str, Boxes | None]
Found = dict[str, Detections]


def boxes(rows: Sequence[Sequence[float]], crowd: Sequence[int] = (), ignored: Sequence[int] = ()) -> Boxes:
    """Make boxes of rows (left, top, right, bottom, class), and the numbers of those that are crowds or ignored."""
    table = np.array(rows, np.float64).reshape(-1, 5)
    flags = [np.isin(np.arange(len(table)), chosen) for chosen in (crowd, ignored)]
    return Boxes(table[:, :4], table[:, 4].astype(np.int64), *flags)


def found(rows: Sequence[Sequence[float]]) -> Detections:
    """Make detections of rows (left, top, right, bottom, class, score)."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4].astype(np.int64), table[:, 5])


def scene(rng: np.random.Generator) -> tuple[Boxes, Detections]:
    """Make objects of all sizes, and detections near them, elsewhere, of other classes, and with equal scores."""
    objects = int(rng.integers(0, 9))
    low = rng.uniform(0, 400, (objects, 2))
    corners = np.hstack([low, low + np.exp(rng.uniform(1, 5.5, (objects, 2)))])
    if rng.random() < 0.5:
        corners = np.round(corners) + np.array([0, 0, 1, 1])
    classes = rng.integers(0, 3, objects)
    truth = Boxes(corners, classes, rng.random(objects) < 0.1, rng.random(objects) < 0.1)
    near = np.repeat(corners, rng.integers(0, 4, objects), axis=0)
    size = np.tile(near[:, 2:] - near[:, :2], 2)
    near = near + rng.normal(0, 0.12, near.shape) * size
    stray = rng.uniform(0, 400, (int(rng.integers(0, 5)), 2))
    everything = np.vstack([near, np.hstack([stray, stray + rng.uniform(3, 200, stray.shape)])])
    everything = np.hstack([np.minimum(everything[:, :2], everything[:, 2:] - 1), everything[:, 2:]])
    labels = np.where(rng.random(len(everything)) < 0.8, rng.integers(0, 3), rng.integers(0, 3, len(everything)))
    return truth, Detections(everything, labels.astype(np.int64), np.round(rng.random(len(everything)), 2))


def reference(truth: Truth, detections: Mapping[str, Detections]) -> NDArray[np.float64]:
    """Score with pycocotools: a row for each class, and one for all; columns as `KEYS`, NaN where it says -1."""
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")

    class Evaluation(cocoeval.COCOeval):  # type: ignore[name-defined]
        def _prepare(self) -> None:  # which forgets "ignore"
            super()._prepare()
            for objects in self._gts.values():
                for each in objects:
                    each["ignore"] = each["iscrowd"] or each["hard"]

    def record(name: str, corners: NDArray[np.float64], place: int) -> dict[str, Any]:
        left, top, right, bottom = map(float, corners)
        box = [left, top, right - left, bottom - top]
        return {"image_id": name, "category_id": int(place), "bbox": box, "area": box[2] * box[3]}

    objects = [
        record(name, *pair[:2]) | {"iscrowd": int(pair[2]), "hard": bool(pair[3])}
        for name, each in truth.items()
        if each is not None
        for pair in zip(each.corners, each.classes, each.crowd, each.ignored, strict=True)
    ]
    results = [
        record(name, *pair[:2]) | {"score": float(pair[2])}
        for name, each in detections.items()
        if truth[name] is not None
        for pair in zip(each.corners, each.classes, each.scores, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        true, said = coco.COCO(), coco.COCO()
        images = [{"id": name} for name, each in truth.items() if each is not None]
        categories = [{"id": place} for place in range(len(CLASSES))]
        for data, rows in ((true, objects), (said, results)):
            numbered = [row | {"id": number} for number, row in enumerate(rows, 1)]
            data.dataset = {"images": images, "categories": categories, "annotations": numbered}
            data.createIndex()
        evaluation = Evaluation(true, said, "bbox")
        evaluation.params.imgIds = [image["id"] for image in images]  # which it would sort
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][..., -1]  # overlaps, recalls, classes, areas
    tables = [precision[:, :, [k]] for k in range(len(CLASSES))] + [precision]
    return np.array([_summary(table) for table in tables])


def _summary(table: NDArray[np.float64]) -> list[float]:
    parts = [table[..., 0], table[0, ..., 0], table[5, ..., 0], *np.moveaxis(table[..., 1:], -1, 0)]
    return [float(np.mean(part[part > -1])) if (part > -1).any() else np.nan for part in parts]


def ours(truth: Truth, detections: Found) -> NDArray[np.float64]:
    scores = detection(truth, detections, CLASSES)
    none = dict.fromkeys(KEYS, np.nan)
    rows = [*(scores.classes.get(name, none) for name in CLASSES), scores.values]
    return np.array([[row[key] for key in KEYS] for row in rows])


def same(truth: Truth, detections: Found) -> None:
    np.testing.assert_allclose(ours(truth, detections), reference(truth, detections), rtol=0, atol=1e-9)


def test_a_thousand_scenes_score_as_pycocotools_says() -> None:
    rng = np.random.default_rng(5)
    for size in (1, 2, 3, 5, 9, 30, 150, 800):
        scenes = {f"{number:04}": scene(rng) for number in range(size)}
        truth: Truth = {name: pair[0] for name, pair in scenes.items()}
        same(truth, {name: pair[1] for name, pair in scenes.items()})


BOX = (10, 10, 50, 90, 0)
EDGES: dict[str, tuple[Truth, Found]] = {
    "no boxes": ({"a": boxes([BOX])}, {"a": found([])}),
    "no detections at all": ({"a": boxes([BOX])}, {}),
    "no objects": ({"a": boxes([])}, {"a": found([(*BOX, 0.9)])}),
    "nothing": ({"a": boxes([])}, {}),
    "one image without objects": ({"a": boxes([]), "b": boxes([BOX])}, {n: found([(*BOX, 0.9)]) for n in "ab"}),
    "one image without annotation": ({"a": None, "b": boxes([BOX])}, {n: found([(*BOX, 0.9)]) for n in "ab"}),
    "a crowd only": ({"a": boxes([BOX], crowd=[0])}, {"a": found([(*BOX, 0.9)])}),
    "many in a crowd": (
        {"a": boxes([(0, 0, 200, 100, 0), (300, 0, 340, 80, 0)], crowd=[0])},
        {"a": found([(x, 5, x + 30, 80, 0, 0.9 - x / 1000) for x in (0, 40, 80, 120, 180, 300)])},
    ),
    "a crowd on an object": (
        {"a": boxes([(0, 0, 100, 100, 0), (10, 10, 50, 50, 0)], crowd=[0])},
        {"a": found([(10, 10, 50, 50, 0, 0.9), (12, 10, 50, 50, 0, 0.8)])},
    ),
    "ignored": (
        {"a": boxes([BOX, (200, 10, 250, 90, 0)], ignored=[0])},
        {"a": found([(*BOX, 0.9), (11, 10, 50, 90, 0, 0.8), (200, 10, 250, 90, 0, 0.7)])},
    ),
    "ignored only": ({"a": boxes([BOX], ignored=[0])}, {"a": found([(*BOX, 0.9)])}),
    "at the border": (
        {"a": boxes([(0, 0, 40, 40, 1), (600, 440, 640, 480, 1)])},
        {"a": found([(0, 0, 40, 38, 1, 0.9), (600, 440, 650, 490, 1, 0.8), (-5, -5, 40, 40, 1, 0.7)])},
    ),
    "touching": ({"a": boxes([(0, 0, 10, 10, 0)])}, {"a": found([(10, 0, 20, 10, 0, 0.9), (0, 10, 10, 20, 0, 0.8)])}),
    "the same box twice": ({"a": boxes([BOX, BOX])}, {"a": found([(*BOX, 0.9), (*BOX, 0.8), (*BOX, 0.7)])}),
    "two objects as near": (
        {"a": boxes([(0, 0, 10, 10, 0), (2, 0, 12, 10, 0)])},
        {"a": found([(1, 0, 11, 10, 0, 0.9), (2, 0, 12, 10, 0, 0.8)])},
    ),
    "half an overlap exactly": ({"a": boxes([(0, 0, 10, 10, 0)])}, {"a": found([(0, 0, 10, 5, 0, 0.9)])}),
    "no area": ({"a": boxes([(5, 5, 5, 9, 0), BOX])}, {"a": found([(5, 5, 5, 9, 0, 0.9), (*BOX, 0.5)])}),
    "32 by 32 pixels": (
        {"a": boxes([(0, 0, 32, 32, 0), (50, 0, 146, 96, 0)])},
        {"a": found([(0, 0, 32, 32, 0, 0.9), (50, 0, 146, 96, 0, 0.8), (200, 0, 232, 32, 0, 0.85)])},
    ),
    "more than 100": (
        {"a": boxes([BOX])}, {"a": found([(300 + x, 10, 340 + x, 90, 0, 0.9) for x in range(100)] + [(*BOX, 0.1)])},
    ),
    "equal scores": (
        {n: boxes([BOX]) for n in "abc"},
        {"a": found([(*BOX, 0.5)]), "b": found([(90, 0, 99, 9, 0, 0.5), (*BOX, 0.5)]), "c": found([(*BOX, 0.5)])},
    ),
    "another class": ({"a": boxes([BOX])}, {"a": found([(10, 10, 50, 90, 1, 0.9)])}),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_edge_cases_score_as_pycocotools_says(name: str) -> None:
    same(*EDGES[name])


def test_images_that_are_drawn_twice_count_twice() -> None:
    rng = np.random.default_rng(7)
    scenes = {str(number): scene(rng) for number in range(40)}
    truth: Truth = {name: pair[0] for name, pair in scenes.items()}
    detections = {name: pair[1] for name, pair in scenes.items()}
    matches = match(truth, detections, CLASSES)
    for _ in range(5):
        counts = rng.multinomial(40, np.full(40, 1 / 40))
        copies = [(f"{name} {copy}", name) for name, times in zip(truth, counts, strict=True) for copy in range(times)]
        again = detection({c: truth[n] for c, n in copies}, {c: detections[n] for c, n in copies}, CLASSES)
        drawn = matches.scores(counts)
        assert drawn.images == again.images == 40
        np.testing.assert_allclose([*drawn.values.values()], [*again.values.values()], rtol=0, atol=1e-12)
        fewer = matches.scores(counts, sizes=False)
        assert fewer.values.items() <= drawn.values.items()


def test_groups_are_scored_by_themselves() -> None:
    rng = np.random.default_rng(8)
    scenes = {f"{number}{'DN'[number % 2]}": scene(rng) for number in range(20)}
    truth: Truth = {name: pair[0] for name, pair in scenes.items()}
    detections = {name: pair[1] for name, pair in scenes.items()}
    groups = {name: {"D": "day", "N": "night"}[name[-1]] for name in list(scenes)[:18]}
    parts = by_group(match(truth, detections, CLASSES), groups)
    assert list(parts) == ["day", "night"]
    night = {name: truth[name] for name in groups if name[-1] == "N"}
    alone = detection(night, detections, CLASSES)
    assert parts["night"].images == alone.images == 9
    assert parts["night"].values == pytest.approx(alone.values, abs=1e-12, nan_ok=True)
    assert list(count(("a", "b", "c"), ["c", "a", "c", "x"])) == [1, 0, 2]


def _miss_rate(truth: Truth, detections: Found, place: int) -> float:
    """Read the definition: raise the threshold of the score until no more wrong detections than allowed are left."""
    events, total = [], 0
    images = [name for name, each in truth.items() if each is not None]
    for name in images:
        each, said = truth[name], detections.get(name, found([]))
        assert each is not None
        objects = [list(map(float, c)) for c, k in zip(each.corners, each.classes, strict=True) if k == place]
        total += len(objects)
        taken = [False] * len(objects)
        for index in sorted(range(len(said)), key=lambda index: -said.scores[index]):
            if said.classes[index] != place:
                continue
            left, top, right, bottom = map(float, said.corners[index])
            best, which = 0.5, None
            for number, (x0, y0, x1, y1) in enumerate(objects):
                common = max(0, min(right, x1) - max(left, x0)) * max(0, min(bottom, y1) - max(top, y0))
                overlap = common / ((right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - common)
                if overlap >= best and not taken[number]:
                    best, which = overlap, number
            if which is not None:
                taken[which] = True
            events.append((float(said.scores[index]), which is not None))
    rates = []
    for power in range(-8, 1):
        missed = 1.0
        for threshold in sorted({score for score, _ in events}, reverse=True):
            kept = [hit for score, hit in events if score >= threshold]
            if kept.count(False) / len(images) <= 10 ** (power / 4):
                missed = 1 - kept.count(True) / total
        rates.append(max(missed, 1e-10))
    return float(np.exp(np.mean(np.log(rates))))


@pytest.mark.parametrize("seed", range(4))
def test_the_miss_rate_is_the_plain_reading(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth: Truth = {}
    detections: Found = {}
    for number in range(60):
        true, said = scene(rng)
        never = np.zeros(len(true), bool)
        truth[str(number)] = Boxes(true.corners, true.classes, never, never)
        detections[str(number)] = Detections(said.corners, said.classes, rng.random(len(said)))
    scores = detection(truth, detections, CLASSES)
    wanted = [_miss_rate(truth, detections, place) for place in range(3)]
    np.testing.assert_allclose([scores.classes[name]["LAMR"] for name in CLASSES], wanted, rtol=0, atol=1e-12)
    assert scores.values["LAMR"] == pytest.approx(np.mean(wanted), abs=1e-12)
    assert len({round(rate, 3) for rate in wanted}) == 3


def test_the_miss_rate_at_its_ends() -> None:
    truth: Truth = {name: boxes([BOX]) for name in "abcd"}
    right = found([(*BOX, 0.9)])
    assert detection(truth, {}, CLASSES).values["LAMR"] == pytest.approx(1)
    assert detection(truth, dict.fromkeys("abcd", right), CLASSES).values["LAMR"] == pytest.approx(1e-10)
    assert np.isnan(detection({"a": boxes([])}, {"a": right}, CLASSES).values["LAMR"])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (found([(0, 0, np.nan, 1, 0, 0.5)]), "a detection in street has a corner or a score that is no number"),
        (found([(0, 0, 1, 1, 0, np.inf)]), "a detection in street has a corner or a score that is no number"),
        (found([(5, 0, 1, 1, 0, 0.5)]), "a detection in street has its right before its left, or its bottom above its"),
        (found([(0, 0, 1, 1, 3, 0.5)]), "a detection in street has the class 3, of 3 from 0"),
        (found([(0, 0, 1, 1, -1, 0.5)]), "a detection in street has the class -1, of 3 from 0"),
        (Detections(np.zeros((2, 4)), np.zeros(2, np.int64), np.zeros(1)), "not as many corners, classes and scores"),
    ],
)  # fmt: skip
def test_detections_that_are_not_possible_are_refused(said: Detections, message: str) -> None:
    with pytest.raises(InputError, match=message):
        detection({"street": boxes([BOX])}, {"street": said}, CLASSES)
