"""Folders are read once by a load, whatever is looked for in them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import load_dataset
from fusionbench.datasets.images import write


@pytest.mark.parametrize(
    "names",
    [("ir/{}.png", "vi/{}.png"), ("{}_ir.png", "{}_vi.png"), ("set/{}/ir.png", "set/{}/vi.png")],
)
@pytest.mark.parametrize("said", [False, True])
def test_no_folder_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str], said: bool
) -> None:
    for name in names:
        for i in range(5):
            write(tmp_path / "lab" / name.format(i), np.zeros((8, 8), np.uint8))
    scans: list[str] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda place: scans.append(os.fspath(place)) or scan(place))  # type: ignore[func-returns-value]
    a, b = (name.format("{name}") if said else None for name in names)
    dataset = load_dataset(tmp_path / "lab", a=a, b=b, task="IVF")
    assert len(dataset) == 5
    assert sorted(scans) == sorted(set(scans))
    scans.clear()
    assert len(load_dataset(tmp_path / "lab", a=a, b=b, task="IVF")) == 5
    assert scans  # what is there is looked at anew by each load
