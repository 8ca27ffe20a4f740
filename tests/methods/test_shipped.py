"""The weights that ship: there, loadable, and as good as their cards say."""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
import pytest

from fusionbench import evaluate, get_method, load_dataset, run
from fusionbench.datasets.images import read, to_gray
from fusionbench.methods.film.checkpoints import load_network
from fusionbench.methods.pipeline import fuse_pair
from fusionbench.weights import describe, get_weights

CARD = ("EN", "SD", "SF", "AG", "VIFF", "Qabf")


@pytest.mark.parametrize(
    ("name", "method", "parameters", "size", "notes"),
    [
        ("film-fusionbench", "film", 2_070_235, 4.3e6, {"recipe": "short", "text": "describe"}),
        ("u2fusion", "u2fusion", 659_217, 1.4e6, {"recipe": "joint"}),
    ],
)
def test_they_ship(name: str, method: str, parameters: int, size: float, notes: dict[str, str]) -> None:
    path = get_weights(name).path
    assert path is not None
    report = describe(path)
    assert (report.method, report.parameters) == (method, parameters)
    assert path.stat().st_size < size  # float16
    assert notes.items() <= report.metadata.items()
    assert (path.parent / "MODEL_CARD.md").is_file()


def test_films_have_the_grid_that_they_were_trained_on() -> None:
    assert load_network(get_weights("film-fusionbench").path or "").grid == (96, 128)


def test_films_record_names_them() -> None:
    record = get_method("film").weights_record  # type: ignore[attr-defined]
    assert record["name"] == "film-fusionbench"
    assert list(record["files"]) == ["film.safetensors"]


def test_film_works_offline_at_once(shared: Path, tmp_path: Path) -> None:
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


def test_u2fusion_works_at_once_and_keeps_what_both_sources_show() -> None:
    method = get_method("u2fusion")
    ramp = np.linspace(0, 1, 48, dtype=np.float32)
    waves = 0.5 + 0.3 * np.sin(np.arange(48, dtype=np.float32))
    a = np.broadcast_to(waves * ramp, (48, 48))[None, None]  # stripes on one side
    b = np.broadcast_to((waves * ramp[::-1])[:, None], (48, 48))[None, None]  # bars across, on one side
    fused = method.fuse(np.ascontiguousarray(a), np.ascontiguousarray(b))[0, 0]
    assert np.isfinite(fused).all()
    assert fused.min() >= 0
    assert fused.max() <= 1
    for source in (a, b):
        assert np.corrcoef(fused.ravel(), source.ravel())[0, 1] > 0.4


@pytest.mark.slow
def test_u2fusions_score_as_the_official_ones_do(shared: Path) -> None:
    """RoadScene's 50 test pairs, protocol film, both stretched to 0..255 as the published images are."""
    dataset = load_dataset("RoadScene", shared / "data")
    assert len(dataset) == 50
    official = str(shared / "weights/u2fusion_official.safetensors")
    scores: dict[str, dict[str, float]] = {}
    for name, weights in (("ours", "u2fusion"), ("official", official)):
        method = get_method("u2fusion", weights=weights, quantise="minmax")
        rows = []
        for pair in dataset:
            a, b = dataset.read(pair)
            fused = fuse_pair(method, a, b, pair).image
            rows.append(evaluate(to_gray(fused), to_gray(a), to_gray(b), metrics=list(CARD)))
        scores[name] = {metric: statistics.fmean(float(row[metric]) for row in rows) for metric in CARD}
    won = [metric for metric in CARD if scores["ours"][metric] >= scores["official"][metric]]
    assert len(won) >= 3, scores
