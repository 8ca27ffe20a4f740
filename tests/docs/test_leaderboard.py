"""The leaderboard of the documentation: our stored rows, with the reference results of the same pairs beside them."""

from __future__ import annotations

import importlib.util
import math
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fusionbench import run
from fusionbench.datasets import write
from fusionbench.files import sha256_of
from fusionbench.reference import References, Sources
from fusionbench.reference.beside import KEPT
from fusionbench.results import Results
from fusionbench.results.records import read_record

DOCS = Path(__file__).parents[2] / "docs"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_reference_rows_stand_by_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mkdocs")
    nothing = (math.nan, math.nan)  # intervals take most of the time, and are not looked at
    monkeypatch.setattr("fusionbench.results.leaderboard.boards.mean_interval", lambda values, resamples: nothing)
    page = load("boards")._leaderboard()
    tables = {part.partition(" ")[0]: part for part in page.split("\n## ")[1:]}
    references = References()
    for dataset in ("TNO", "VIFB", "RoadScene", "MSRS"):
        marked = re.findall(r"^\| (.+? \(reference\))", tables[dataset], re.MULTILINE)
        assert sorted(label.replace("\\", "") for label in marked) == sorted(
            entry.label for entry in references.of(dataset)
        )
    lines = [line for line in tables["TNO"].splitlines() if line.startswith(("| densefuse", "| DenseFuse"))]
    assert len(lines) == 2
    theirs, ours = (re.findall(r"\d+\.\d+", line)[:12] for line in sorted(lines))
    assert len(ours) == 12
    assert ours == theirs  # our network gives the published images again
    assert "(reference)" not in tables["All"]


@pytest.mark.parametrize("dataset", ["TNO", "VIFB"])
def test_the_stored_hashes_are_those_of_the_data(shared: Path, dataset: str) -> None:
    stored = read_record(DOCS / "board" / dataset / KEPT, Sources)
    assert stored is not None
    for each in (each for each in Results(DOCS / "board").runs if each.dataset == dataset):
        files = replace(each.manifest, root=str(shared / "data" / dataset))
        for name in each.manifest.pairs:
            both = files.source_files(name)
            assert both is not None
            assert [sha256_of(file) for file in both] == stored.pairs[name]


def test_hashes_are_kept_of_one_data_set_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for side in ("ir", "vi"):
            image = np.full((16, 16), len(name + side) + (name == "two"), np.uint8)
            write(tmp_path / name / "scenes" / side / "0.png", image)
        run("average", tmp_path / name / "scenes", out=tmp_path / "runs" / name, metrics=["EN"])
    one, two = (Results(tmp_path / "runs" / name).runs[0] for name in ("one", "two"))
    keep_sources = load("board").keep_sources
    keep_sources(one, tmp_path)
    keep_sources(one, tmp_path)
    stored = read_record(tmp_path / KEPT, Sources)
    assert stored is not None
    assert stored.pairs == {"0": [sha256_of(tmp_path / "one/scenes" / side / "0.png") for side in ("ir", "vi")]}
    with pytest.raises(SystemExit, match="average was run on other sources of scenes than the runs in"):
        keep_sources(two, tmp_path)
    (tmp_path / "one/scenes/ir/0.png").unlink()
    with pytest.raises(SystemExit, match="the sources of 0 of scenes are gone"):
        keep_sources(one, tmp_path)
