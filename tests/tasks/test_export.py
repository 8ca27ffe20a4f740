"""Folders on which others train: the boxes and masks that were written are those of the data set."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import load_dataset
from fusionbench.datasets.labels import labels_of
from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.tasks.export import export

from .made import make_pairs

LABELLED = ("night-street", "day-yard", "smoke")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    fusionbench.run(["average"], "sample", out=out, metrics=["EN"])
    return out


@pytest.mark.parametrize("links", [False, True])
def test_both_layouts_hold_the_labels(links: bool, results: Path, tmp_path: Path) -> None:
    dataset = load_dataset("sample")
    runs = Results(results).runs
    places = export(dataset, runs, tmp_path, links)
    assert len(places) == 3
    boxes, masks = labels_of(dataset, "boxes"), labels_of(dataset, "masks")
    for place in places:
        assert sorted(path.stem for path in (place / "images" / "all").iterdir()) == sorted(LABELLED)
        coco = json.loads((place / "annotations" / "instances_all.json").read_text())
        assert [each["name"] for each in coco["categories"]] == list(boxes.classes)
        for image in coco["images"]:
            name = Path(image["file_name"]).stem
            truth, mask = boxes.boxes(name), masks.mask(name)
            pixels = cv2.imread(str(place / "images" / "all" / image["file_name"]))
            assert pixels.shape[:2] == (image["height"], image["width"]) == mask.shape
            own = [each for each in coco["annotations"] if each["image_id"] == image["id"]]
            size = np.array([image["width"], image["height"]] * 2)
            whole = np.clip(truth.corners, 0, size)
            corners = np.array([each["bbox"] for each in own]).reshape(-1, 4)
            corners[:, 2:] += corners[:, :2]
            np.testing.assert_allclose(corners, whole, atol=1e-9)
            lines = (place / "labels" / "all" / f"{name}.txt").read_text().splitlines()
            rows = np.array([line.split() for line in lines], float).reshape(-1, 5)
            counted = ~(truth.crowd | truth.ignored)
            np.testing.assert_array_equal(rows[:, 0], truth.classes[counted])
            centre, half = rows[:, 1:3] * size[:2], rows[:, 3:] * size[:2] / 2
            np.testing.assert_allclose(np.hstack([centre - half, centre + half]), whole[counted], atol=1e-9)
            np.testing.assert_array_equal(cv2.imread(str(place / "masks" / "all" / f"{name}.png"), 0), mask)
        assert f"path: {json.dumps(str(place.resolve()))}" in (place / "data.yaml").read_text()
    linked = [path.is_symlink() for path in (tmp_path / "average" / "images" / "all").iterdir()]
    assert linked == [links] * 3


def test_a_data_set_without_labels(tmp_path: Path) -> None:
    make_pairs(tmp_path / "set")
    dataset = load_dataset(str(tmp_path / "set"), a="ir", b="vi", task="IVF")
    with pytest.raises(InputError, match="has neither boxes nor masks"):
        export(dataset, [], tmp_path / "out")
