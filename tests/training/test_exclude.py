"""What a list of names leaves out of a training run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import write
from fusionbench.errors import InputError
from fusionbench.training.options import TrainOptions
from fusionbench.training.sources import training_pairs


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    for name in ("01", "02", "03", "04"):
        write(tmp_path / "scenes" / "ir" / f"IR{name}.png", np.zeros((20, 24), np.uint8))
        write(tmp_path / "scenes" / "vis" / f"VIS{name}.png", np.zeros((20, 24), np.uint8))
    (tmp_path / "scenes" / "test.txt").write_text("04\n")
    return tmp_path / "scenes"


def names(scenes: Path, text: str, dataset: str | None = None) -> list[str]:
    path = scenes.parent / "out.txt"
    path.write_bytes(text.encode("utf-16"))
    return [pair.name for pair in training_pairs(TrainOptions(dataset=(dataset or str(scenes),), exclude=str(path)))]


@pytest.mark.parametrize("line", ["02", "D:\\data\\ir\\IR02.png", "7,VIS02.png", "'2',"])
def test_a_list_in_any_form(scenes: Path, line: str) -> None:
    assert names(scenes, f"{line}\n") == ["scenes/01", "scenes/03"]


def test_names_that_the_split_leaves_out_anyway(scenes: Path) -> None:
    assert names(scenes, "04\n01\n") == ["scenes/02", "scenes/03"]


def test_a_name_that_is_not_there_is_said_by_line(scenes: Path) -> None:
    with pytest.raises(InputError, match=r"leave out has 05: it is in none of .*scenes \(line 2 of out.txt\)"):
        names(scenes, "01\n05\n")


def test_photographs(scenes: Path) -> None:
    assert names(scenes, "IR02.png\n", f"photos:{scenes / 'ir'}") == [
        f"ir/IR{name}:{task}" for name in ("01", "03", "04") for task in ("MFF", "MEF")
    ]
