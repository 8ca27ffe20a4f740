"""A run says how re-attached colour was brought into the gamut."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import read, write
from fusionbench.methods.colour import chroma


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """One pair: a bright blue patch over a black infrared image."""
    write(tmp_path / "night" / "ir" / "0.png", np.zeros((32, 32), np.uint8))
    write(tmp_path / "night" / "vi" / "0.png", np.full((32, 32, 3), (40, 90, 250), np.uint8))
    return tmp_path


def test_the_manifest_says_that_chroma_was_scaled_and_it_was(night: Path) -> None:
    fusionbench.run(["average"], night / "night", out=night / "out", metrics=["EN"])
    [file] = (night / "out").rglob("run.json")
    assert json.loads(file.read_text())["chroma"] == "scaled"
    [image] = (night / "out").rglob("colour/0.png")
    shift, full = ((chroma(c) - 128)[:, 0, 0] for c in (read(image), np.full((1, 1, 3), (40, 90, 250), np.uint8)))
    share = shift @ full / (full @ full)
    assert share < 0.9  # it had to be
    assert np.abs(shift - share * full).max() <= 1  # the hue stayed


def test_a_folder_of_a_version_that_clipped_is_not_said_to_be_scaled(night: Path) -> None:
    for step in range(2):
        fusionbench.run(["average"], night / "night", out=night / "out", metrics=["EN"] if step == 0 else ["EN", "SD"])
        [file] = (night / "out").rglob("run.json")
        if step == 0:
            file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "chroma"}))
    assert "chroma" not in json.loads(file.read_text())
