"""Stored runs to make reports of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fusionbench.bench.store import Row, run_folder

METRICS = {
    "EN@film": {"name": "EN", "better": "higher", "protocol": "film"},
    "MSE@film": {"name": "MSE", "better": "lower", "protocol": "film"},
    "Q_SF@liu": {"name": "Q_SF", "better": "zero", "protocol": "liu"},
}


def _store(
    out: Path,
    method: str,
    values: Sequence[tuple[float, float, float] | str],
    dataset: str = "Set",
    first: int = 0,
    seconds: float = float("nan"),
) -> None:
    """Store a run; a string in place of values is the status of a pair without any."""
    folder = run_folder(out, dataset, method)
    folder.open(list(METRICS))
    names = [f"p{index}" for index in range(first, first + len(values))]
    folder.write_manifest(
        {
            "method": {"label": method},
            "dataset": {"name": dataset, "split": "all", "label": dataset},
            "pairs": names,
            "skipped": {},
            "protocols": {"film": "1", "liu": "1"},
            "metrics": METRICS,
        }
    )
    for name, value in zip(names, values, strict=True):
        if isinstance(value, str):
            folder.append(Row(name, value, "why"))  # type: ignore[arg-type]
        else:
            folder.append(Row(name, seconds=seconds, metrics=dict(zip(METRICS, value, strict=True))))
    folder.close()


@pytest.fixture(scope="session")
def store() -> Callable[..., None]:
    return _store


@pytest.fixture(scope="session")
def three_methods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets with three methods and their images, 24 pairs each."""
    out = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(5)
    for dataset in ("One", "Two"):
        base = rng.normal(size=(24, 3))
        for number, method in enumerate(("alpha", "beta", "gamma")):
            values = base + 0.8 * number + 0.3 * rng.normal(size=(24, 3))
            _store(out, method, [tuple(row) for row in values.tolist()], dataset, seconds=0.01 * 10**number)
            ramp = np.add.outer(np.arange(40), np.arange(60)) + 20 * number
            for index in range(2):
                path = run_folder(out, dataset, method).image(f"p{index}")
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(ramp.astype(np.uint8)).save(path)
    return out
