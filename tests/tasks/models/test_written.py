"""What somebody's own model found: what each format says, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.datasets import load_dataset
from fusionbench.datasets.labels import labels_of
from fusionbench.errors import InputError
from fusionbench.tasks.models.written import classes_among, files_below, read_boxes
from fusionbench.tasks.run import score_predictions
from tests.cli.command import call

NAMES, CLASSES = ["1", "street"], ["person", "car"]
BOX = {"image_id": "street", "category": "Car", "bbox": [10, 20, 30, 40], "score": 0.5}


def _read(path: Path, given: list[str] | None = None) -> dict[str, Any]:
    files = files_below(path)
    return read_boxes(files, NAMES, lambda name: (100, 200), CLASSES, given or classes_among(files, CLASSES))


def _json(folder: Path, content: Any) -> Path:
    path = folder / "found.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("content", "given"),
    [
        ([BOX], None),
        ([BOX | {"category": None, "category_id": 2}], None),
        ([BOX | {"category": None, "category_id": 0}], ["car", "tree"]),
        ([BOX | {"category": None, "category_id": 2}], ["tree", "car"]),  # the second of two, from 1
        (
            [BOX | {"category": None, "category_id": 1}, BOX | {"image_id": "x", "category": 0, "category_id": 2}],
            ["car", "tree"],
        ),
        ([BOX | {"image_id": "C:\\data\\vi\\street.png"}], None),
        ("\ufeff" + json.dumps([BOX]).replace(",", ",\r\n"), None),
        (
            {
                "images": [{"id": 7, "file_name": "vis\\street.png"}],
                "categories": [{"id": 3, "name": "car"}],
                "annotations": [{"image_id": 7, "category_id": 3, "bbox": [10, 20, 30, 40], "score": 0.5}],
            },
            None,
        ),
        ([BOX, BOX | {"category": "tree"}, BOX | {"image_id": "elsewhere"}], None),
    ],
)
def test_json(content: Any, given: list[str] | None, tmp_path: Path) -> None:
    path = _json(tmp_path, content)
    for place in (path, tmp_path):
        found = _read(place, given)
        assert len(found["1"]) == 0
        street = found["street"]
        assert (street.corners.tolist(), street.classes.tolist(), street.scores.tolist()) == (
            [[10, 20, 40, 60]], [1], [0.5],
        )  # fmt: skip


def test_numbers_are_names_of_pairs(tmp_path: Path) -> None:
    assert len(_read(_json(tmp_path, [BOX | {"image_id": 1}]))["1"]) == 1


def test_text_files(tmp_path: Path) -> None:
    (tmp_path / "street.txt").write_text("1 0.5 0.5 0.2 0.4 0.25\n\n0 0.1 0.1 0.1 0.1 0.75\n")
    street = _read(tmp_path)["street"]
    np.testing.assert_allclose(street.corners, [[10, 5, 30, 15], [80, 30, 120, 70]])
    assert (street.classes.tolist(), street.scores.tolist()) == ([0, 1], [0.75, 0.25])  # the surest first
    (tmp_path / "classes.txt").write_text("tree\nperson\n")
    street = _read(tmp_path)["street"]
    assert (street.classes.tolist(), street.scores.tolist()) == ([0], [0.25])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is no whole JSON"),
        ({}, "is no list of detections"),
        ([1], "detection 0 of .*found.json is no object"),
        ([BOX | {"image_id": "x"}], r"no image_id of .* is the name of an image \(1, street"),
        ([BOX | {"category": None, "category_id": 9}], "has no class that is known: its category_id is 9"),
        ([BOX | {"category": None, "category_id": [1]}], r"has no class that is known: its category_id is \[1\]"),
        ([BOX | {"category": None, "category_id": 1}], "do not tell whether its 2 classes are numbered from"),
        ([BOX | {"image_id": [1]}], "has no image_id"),
        ([BOX | {"image_id": None}], "has no image_id"),
        ([BOX | {"image_id": 10**400}], "no image_id of"),
        ([BOX | {"score": 10**400}], "or no score"),
        ([BOX | {"bbox": [1, 2, 1e999, 4]}], "has no bbox of four numbers"),
        ({"annotations": [BOX], "images": [{"id": [1]}]}, "number 0 of its images has no id"),
        ({"annotations": [BOX], "images": [{"id": 1, "file_name": n} for n in "ab"]}, "has two images of the id 1"),
        ({"annotations": [BOX], "images": 3}, "its images are no list"),
        ({"annotations": [BOX], "categories": [{"id": 1}]}, "category 1 has no name"),
        ("", "is no whole JSON"),
        ([BOX | {"bbox": [1, 2, 3]}], "has no bbox of four numbers"),
        ([BOX | {"bbox": [1, 2, -3, 4]}], "negative width or height"),
        ([BOX | {"bbox": [1, 2, "3", 4]}], "has no bbox of four numbers"),
        ([BOX | {"score": None}], "or no score"),
        ([BOX | {"score": 1.5}], "has the score 1.5"),
        ('[{"image_id": "street", "category": "car", "bbox": [NaN, 1, 1, 1], "score": 0.5}]', "no bbox of"),
    ],
)  # fmt: skip
def test_damaged_json(content: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        _read(_json(tmp_path, content))
    assert "found.json" in str(error.value)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0 0.5 0.5 0.2 0.4", "line 1 of .*street.txt is not a class, four numbers and a score"),
        ("2 0.5 0.5 0.2 0.4 0.5", "has the class 2, of 2 from 0: person, car"),
        ("-1 0.5 0.5 0.2 0.4 0.5", "has the class -1"),
        ("0.5 0.5 0.5 0.2 0.4 0.5", "has the class 0.5"),
        ("0 50 50 20 40 0.5", "fractions of the image's size, not pixels"),
        ("0 0.5 0.5 0.2 0.4 7", "has the score 7"),
        ("0 0.5 0.5 -0.2 0.4 0.7", "negative width or height"),
        *(
            (f"0 0.5 0.5 {odd} 0.4 0.7", "is not a class, four numbers and a score")
            for odd in ("x", "0,2", "nan", "inf", "1_0", "", "\0")
        ),
    ],
)
def test_damaged_text(line: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "street.txt").write_text(line)
    with pytest.raises(InputError, match=sentence):
        _read(tmp_path)


def test_folders_that_have_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no predictions"):
        _read(tmp_path / "nowhere")
    with pytest.raises(InputError, match="there are no predictions in"):
        _read(tmp_path)
    (tmp_path / "read.me").write_text("")
    with pytest.raises(InputError, match=r"has neither text files .*, nor one JSON file, but read.me"):
        _read(tmp_path)
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("[]")
    with pytest.raises(InputError, match=r"nor one JSON file, but 2: a.json, …"):
        _read(tmp_path)
    (tmp_path / "a.json").unlink()
    (tmp_path / "b.json").unlink()
    (tmp_path / "other.txt").write_text("")
    with pytest.raises(InputError, match=r"none of the files in .* \(other, …\) is named like an image"):
        _read(tmp_path)
    for place in ("street.txt", "labels/street.txt"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("0 0.5 0.5 0.1 0.1 0.5")
    with pytest.raises(InputError, match="two files are of the image street"):
        _read(tmp_path)
    (tmp_path / "street.txt").unlink()
    assert len(_read(tmp_path)["street"]) == 1


def test_a_box_of_no_size_is_one_that_was_found(tmp_path: Path) -> None:
    (tmp_path / "street.txt").write_bytes("\ufeff0 0.5 0.5 0 0.4 0.5\r\n".encode("utf-16-le"))
    assert len(_read(tmp_path)["street"]) == 1
    assert len(_read(_json(tmp_path, [BOX | {"bbox": [1, 1, 0, 0]}]))["street"]) == 1


@pytest.mark.slow
def test_the_labels_themselves_score_one(tmp_path: Path) -> None:
    sample = load_dataset("sample")
    labels = labels_of(sample, "boxes")
    records = [
        {
            "image_id": pair.name, "category": labels.classes[place], "score": 0.9,
            "bbox": [float(left), float(top), float(right - left), float(bottom - top)],
        }
        for pair in sample
        if (boxes := labels.boxes(pair.name)) is not None
        for (left, top, right, bottom), place in zip(boxes.corners, boxes.classes, strict=True)
    ]  # fmt: skip
    path = _json(tmp_path, records)
    record = score_predictions(sample, path, "mine", "perfect", tmp_path)
    values = record.rows["mine"].values
    assert values["AP"] == pytest.approx(1)
    assert values["LAMR"] == pytest.approx(1e-10)
    done = call(
        "tasks", "score", "--predictions", path, "-d", "sample", "--name", "other", "--model", "perfect", "-o", tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "1.000" in done.stdout
    assert all(name in done.stdout for name in ("mine", "other"))
