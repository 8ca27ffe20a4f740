"""Models that were trained on the images of each row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import load_dataset
from fusionbench.errors import InputError
from fusionbench.tasks.protocols import find_protocol
from fusionbench.tasks.records import Detections
from fusionbench.tasks.retrained import Recipe, make_trained
from fusionbench.tasks.run import detect

RECIPE = Recipe("yolov8n, 100 epochs", 0, "train")
ROWS = ("source a", "source b")


class Fixed:
    """Finds one person, always at the same place, and as sure as its name says."""

    classes = ("person", "car")

    def __init__(self, spec: str) -> None:
        self.label = self.digest = spec
        self.looked = 0

    def detect(self, image: np.ndarray) -> Detections:
        self.looked += 1
        return Detections(np.array([[1.0, 1, 9, 9]]), np.array([0]), np.array([0.5]))


def test_each_row_is_looked_at_by_its_own_model(tmp_path: Path) -> None:
    sample = load_dataset("sample")
    trained = make_trained("models/{row}.onnx", ROWS, Fixed, "tiny", RECIPE)
    assert [model.label for model in trained.models.values()][1].startswith("models/source-b")
    record = detect(sample, [], trained, find_protocol("detection", "retrained"), tmp_path)
    assert record.settings == {
        "classes": ["person", "car"], "budget": "yolov8n, 100 epochs", "seed": 0, "trained on": "train",
    }  # fmt: skip
    assert record.convention == "detection/retrained/tiny"
    assert {model.looked for model in trained.models.values()} == {len(sample)}
    again = make_trained("models/{row}.onnx", ROWS, Fixed, "tiny", RECIPE)
    assert detect(sample, [], again, find_protocol("detection", "retrained"), tmp_path).rows == record.rows
    assert {model.looked for model in again.models.values()} == {0}


def test_what_does_not_compare() -> None:
    with pytest.raises(InputError, match=r"--model with \{row\} in it, not 'best.onnx'"):
        make_trained("best.onnx", ROWS, Fixed, "tiny", RECIPE)
    with pytest.raises(InputError, match="say with --budget how"):
        Recipe(" ", 0, "train")
    with pytest.raises(InputError, match="were trained on the split all of sample, and would be scored on it"):
        Recipe("x", 0, "all").require_other(load_dataset("sample"))
    trained = make_trained("{row}", ROWS, Fixed, "tiny", RECIPE)
    trained.models["source b"].classes = ("car", "person")  # type: ignore[misc]
    with pytest.raises(InputError, match="the models of source a and source b have other classes"):
        _ = trained.classes
