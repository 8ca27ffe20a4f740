"""The weights that ship: there, loadable, and a fused image that is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench import get_method, load_dataset, run
from fusionbench.datasets.images import read, to_gray
from fusionbench.methods.film.checkpoints import load_network
from fusionbench.methods.pipeline import fuse_pair
from fusionbench.weights import describe, get_weights


def test_they_ship() -> None:
    path = get_weights("film-fusionbench").path
    assert path is not None
    report = describe(path)
    assert report.method == "film"
    assert report.parameters == 2_070_235
    assert path.stat().st_size < 4.3e6  # float16
    assert (report.metadata["recipe"], report.metadata["text"]) == ("short", "describe")
    assert load_network(path).grid == (96, 128)
    assert (path.parent / "MODEL_CARD.md").is_file()


def test_the_record_names_them() -> None:
    record = get_method("film").weights_record  # type: ignore[attr-defined]
    assert record["name"] == "film-fusionbench"
    assert list(record["files"]) == ["film.safetensors"]


def test_the_command_works_offline_at_once(shared: Path, tmp_path: Path) -> None:
    """As the README has it, and colour comes back."""
    rows = run("film", "RoadScene", data_root=shared / "data", limit=1, out=tmp_path, metrics=["EN", "CC", "Qabf"])
    assert rows["status"].tolist() == ["ok"]
    assert (tmp_path / "RoadScene" / "film" / "run.json").is_file()
    colour = read(next((tmp_path / "RoadScene" / "film" / "colour").iterdir()))
    assert colour.ndim == 3
    assert np.ptp(colour.astype(int), axis=2).max() > 10


@pytest.mark.slow
def test_sources_are_not_fused_to_their_negatives(shared: Path) -> None:
    dataset = load_dataset("RoadScene", shared / "data")
    method = get_method("film")
    for pair in list(dataset)[::10]:
        a, b = dataset.read(pair)
        fused = to_gray(fuse_pair(method, a, b, pair).image).astype(float)
        brighter = np.maximum(to_gray(a), to_gray(b)).astype(float)
        assert np.corrcoef(fused.ravel(), brighter.ravel())[0, 1] > 0.5, pair.name
