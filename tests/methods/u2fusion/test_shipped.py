"""The weights that ship: there, loadable, and as good as their card says."""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
import pytest

from fusionbench import evaluate, get_method, load_dataset
from fusionbench.datasets.images import to_gray
from fusionbench.methods.pipeline import fuse_pair
from fusionbench.weights import describe, get_weights

CARD = ("EN", "SD", "SF", "AG", "VIFF", "Qabf")


def test_they_ship() -> None:
    path = get_weights("u2fusion").path
    assert path is not None
    report = describe(path)
    assert report.method == "u2fusion"
    assert report.parameters == 659_217
    assert path.stat().st_size < 1.4e6
    assert report.metadata["recipe"] == "joint"
    assert (path.parent / "MODEL_CARD.md").is_file()


def test_the_method_works_at_once_and_keeps_what_both_sources_show() -> None:
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
def test_they_score_as_the_official_ones_do(shared: Path) -> None:
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
