"""Stored runs to make a leaderboard and reports of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fusionbench.results import Manifest, Row, run_folder
from fusionbench.results.paths import profile_path

METRICS = {
    "EN@film": {"name": "EN", "better": "higher", "protocol": "film"},
    "MSE@film": {"name": "MSE", "better": "lower", "protocol": "film"},
    "Q_SF@liu": {"name": "Q_SF", "better": "zero", "protocol": "liu"},
}


def store(
    out: Path,
    method: str,
    values: Sequence[Sequence[float] | str | None],
    dataset: str = "Set",
    first: int = 0,
    seconds: float = float("nan"),
    names: Sequence[str] = (),
    method_record: Mapping[str, Any] | None = None,
    **manifest: Any,
) -> None:
    """Store a run; a string in place of values is the status of a pair without any, None a pair without a row."""
    folder = run_folder(out, dataset, method)
    folder.open(list(METRICS))
    names = names or [f"p{index}" for index in range(first, first + len(values))]
    content = {
        "method": method_record or {"label": method, "reference": f"The paper on {method}"},
        "dataset": {"name": dataset, "split": "all", "label": dataset},
        "pairs": list(names),
        "protocols": {"film": "1", "liu": "1"},
        "metrics": METRICS,
        **manifest,
    }
    folder.write_manifest(Manifest.parse(content))
    for name, value in zip(names, values, strict=True):
        if isinstance(value, str):
            folder.append(Row(name, value, 'it <b>broke</b>, "badly"'))  # type: ignore[arg-type]
        elif value is not None:
            folder.append(Row(name, seconds=seconds, metrics=dict(zip(METRICS, value, strict=True))))
    folder.close()


@pytest.fixture(scope="session")
def three_methods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets with three methods and their images, 24 pairs each."""
    out = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(5)
    for dataset in ("One", "Two"):
        base = rng.normal(size=(24, 3))
        for number, method in enumerate(("alpha", "beta", "gamma")):
            values = base + 0.8 * number + 0.3 * rng.normal(size=(24, 3))
            store(out, method, [tuple(row) for row in values.tolist()], dataset, seconds=0.01 * 10**number)
            ramp = np.add.outer(np.arange(40), np.arange(60)) + 20 * number
            for index in range(2):
                path = run_folder(out, dataset, method).image(f"p{index}")
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(ramp.astype(np.uint8)).save(path)
    return out


def store_profile(out: Path, label: str, latency: float = 0.02, **changed: Any) -> None:
    """Store what a method costs; `changed` takes the place of entries of the record."""
    record: dict[str, Any] = {
        "method": {"label": label},
        "size": [480, 640],
        "device": "cpu",
        "machine": "A processor",
        "threads": 2,
        "runs": 5,
        "parameters": None,
        "flops": None,
        "latency": {"median": latency, "low": 0.9 * latency, "high": 1.2 * latency},
        "throughput": 1 / latency,
        "peak_memory": 50_000_000,
        "environment": {"torch": "2.13.0"},
        **changed,
    }
    path = profile_path(out, label, tuple(record["size"]), record["device"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture(scope="session")
def profiled(three_methods: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three methods with what they cost; alpha has no network."""
    out = tmp_path_factory.mktemp("profiled") / "runs"
    shutil.copytree(three_methods, out)
    store_profile(out, "alpha", 0.002, peak_memory=8_000_000)
    store_profile(out, "beta", 0.2, parameters=659_217, flops=404_722_483_200)
    store_profile(out, "gamma", 0.05, parameters=2_070_235, flops=221_200_793_600, peak_memory=None)
    return out
