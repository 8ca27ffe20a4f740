"""Runs of fusionbench 0.1 go on, and their weights load.

They started from weights that are all zero, so that whole checkpoints pack into next to nothing.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from fusionbench.training import resume
from fusionbench.training.state import load_run
from fusionbench.weights.convert import load_weights
from fusionbench.weights.files import load_state

from .runs import make_pairs, rows

STORED = Path(__file__).parent / "stored"
COLUMNS = {"u2fusion": "ewc_loss", "film": "gradient_loss"}


@pytest.mark.parametrize("method", COLUMNS)
def test_a_run_of_0_1_goes_on(method: str, tmp_path: Path, vgg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(STORED / f"{method}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    make_pairs(Path("pairs"), count=4, size=(20, 24))
    folder = Path("stored")
    best = folder / "checkpoints/best.safetensors"
    weights = load_weights(best, method)[0]
    assert load_state(best).metadata["recipe"] == "official"
    (Path(json.loads((folder / "options.json").read_text())["weights"])).symlink_to(
        folder / "checkpoints/best.safetensors"
    )
    saved = load_run(folder)
    assert saved is not None
    assert saved["network"].keys() == weights.keys()
    resume(folder, quiet=True, epochs=2, **({"vgg": str(vgg)} if method == "u2fusion" else {}))
    table = rows(folder / "losses.csv")
    assert [row["epoch"] for row in table] == list("1122")
    assert COLUMNS[method] in table[0]
    options = json.loads((folder / "options.json").read_text())
    own = {"u2fusion": {"patch": 16, "patches": 1, "ewc_lambda": 8e4}, "film": {"grid": "16x16", "text": "none"}}[
        method
    ]
    assert own.items() <= options["settings"].items()
