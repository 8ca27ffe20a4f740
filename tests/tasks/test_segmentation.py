"""Intersection over union and accuracy against a plain reading with sets of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench.datasets.labels import VOID
from fusionbench.errors import InputError
from fusionbench.tasks.measures import Confusions, by_group, segmentation

CLASSES = ("road", "person", "car", "bus")
Mask = NDArray[np.uint8]


def masks(rng: np.random.Generator, number: int, classes: int = 4) -> list[tuple[str, Mask, Mask]]:
    """Make true masks, with void, and masks that mostly agree."""
    made = []
    for index in range(number):
        shape = tuple(rng.integers(1, 12, 2))
        truth = rng.integers(0, classes, shape).astype(np.uint8)
        found = np.where(rng.random(shape) < 0.6, truth, rng.integers(0, classes, shape)).astype(np.uint8)
        found[rng.random(shape) < 0.05] = VOID
        truth[rng.random(shape) < 0.15] = VOID
        made.append((str(index), truth, found))
    return made


def reading(made: list[tuple[str, Mask, Mask]]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Read the definitions, pixel by pixel."""
    pixels = [
        (int(true), int(said))
        for _, truth, found in made
        for true, said in zip(truth.ravel(), found.ravel(), strict=True)
        if true != VOID
    ]
    rows = {}
    for place, name in enumerate(CLASSES):
        own = {index for index, (true, _) in enumerate(pixels) if true == place}
        said = {index for index, (_, said) in enumerate(pixels) if said == place}
        if own | said:
            accuracy = len(own & said) / len(own) if own else np.nan
            rows[name] = {"IoU": len(own & said) / len(own | said), "Acc": accuracy, "pixels": float(len(own))}
    values = {
        "mIoU": np.mean([row["IoU"] for row in rows.values()]) if rows else np.nan,
        "mAcc": np.nanmean([row["Acc"] for row in rows.values()]) if pixels else np.nan,
        "aAcc": np.mean([true == said for true, said in pixels]) if pixels else np.nan,
    }
    return {key: float(value) for key, value in values.items()}, rows


def check(made: list[tuple[str, Mask, Mask]]) -> None:
    scores = segmentation(made, CLASSES)
    values, rows = reading(made)
    assert scores.images == len(made)
    assert scores.values == pytest.approx(values, abs=1e-12, nan_ok=True)
    assert scores.classes.keys() == rows.keys()
    for name, row in rows.items():
        assert scores.classes[name] == pytest.approx(row, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(20))
def test_scores_are_the_plain_reading(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check(masks(rng, int(rng.integers(1, 8)), int(rng.integers(1, 5))))


def of(*rows: list[int]) -> Mask:
    return np.array(rows, np.uint8)


@pytest.mark.parametrize(
    ("truth", "found"),
    [
        pytest.param(of([VOID, VOID]), of([0, 1]), id="void only"),
        pytest.param(of([0, 0]), of([VOID, VOID]), id="nothing found"),
        pytest.param(of([0, 0]), of([0, 1]), id="a class that is only found"),
        pytest.param(of([0, 1]), of([0, 0]), id="a class that is only true"),
        pytest.param(of([0, VOID]), of([0, 3]), id="found on void"),
        pytest.param(np.zeros((0, 3), np.uint8), np.zeros((0, 3), np.uint8), id="no pixels"),
    ],
)
def test_edge_cases_are_the_plain_reading(truth: Mask, found: Mask) -> None:
    check([("a", truth, found)])


def test_images_that_are_drawn_twice_count_twice() -> None:
    made = masks(np.random.default_rng(4), 5)
    confusions = Confusions(CLASSES)
    for name, truth, found in made:
        confusions.add(name, truth, found)
    confusions.add("without annotation", None, made[0][2])
    assert confusions.images == ["0", "1", "2", "3", "4"]
    counts = np.array([2, 0, 1, 0, 2])
    drawn = [each for each, times in zip(made, counts, strict=True) for _ in range(times)]
    assert confusions.scores(counts) == segmentation(drawn, CLASSES)
    groups = by_group(confusions, {"0": "day", "3": "day", "4": "night"})
    assert groups["day"] == segmentation([made[0], made[3]], CLASSES)
    matrix = confusions.matrix()
    assert matrix.shape == (4, 5)
    assert matrix.sum() == sum(int((truth != VOID).sum()) for _, truth, _ in made)
    assert matrix[:, -1].sum() == sum(int(((truth != VOID) & (found == VOID)).sum()) for _, truth, found in made)


@pytest.mark.parametrize(
    ("truth", "found", "message"),
    [
        (of([0, 1]), of([0], [1]), "the masks of street differ in size: 1x2 and 2x1"),
        (of([0, 4]), of([0, 1]), "the true mask of street has the label 4, of 4 classes from 0"),
        (of([0, 1]), of([0, 254]), "the predicted mask of street has the label 254, of 4 classes from 0"),
    ],
)
def test_masks_that_are_not_possible_are_refused(truth: Mask, found: Mask, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Confusions(CLASSES).add("street", truth, found)


def test_masks_have_room_for_their_classes() -> None:
    with pytest.raises(InputError, match="masks have 1 to 255 classes, not 256"):
        Confusions(list(map(str, range(256))))
