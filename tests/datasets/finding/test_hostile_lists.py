"""Lists that no person writes: of brackets, of numbers without end, in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import load_dataset, write
from fusionbench.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for side in ("ir", "vi"):
        for name in ("one", "two"):
            write(tmp_path / "data" / side / f"{name}.png", np.zeros((8, 8), np.uint8))
    return tmp_path / "data"


@pytest.mark.parametrize("name", ["list.json", "list.txt"])
@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[" + "1" * 5000 + "]", "{[1]: 2}", "{[]}", "[" + "(" * 300 + "]", "1\n" * 3 + "1" * 5000]
)
def test_it_is_refused_in_a_sentence(folder: Path, name: str, text: str) -> None:
    path = folder.parent / name
    path.write_text(text)
    with pytest.raises(InputError, match="list"):
        load_dataset(folder, split=path)


def test_a_line_may_be_long(folder: Path) -> None:
    path = folder.parent / "list.txt"
    path.write_text("one,two," * 30_000)  # longer than a column of a table may be
    assert [pair.name for pair in load_dataset(folder, split=path).pairs] == ["one", "two"]


@pytest.mark.parametrize("split", ["s" * 300, "~nobody-of-this-name/list.txt", "a\0b", "/" * 5000])
def test_what_no_path_can_be_is_no_split(folder: Path, split: str) -> None:
    with pytest.raises(InputError, match="split"):
        load_dataset(folder, split=split)
