"""A run says its settings at the start, and at the end how long it took and which weights are the best."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from fusionbench.training import resume, train
from fusionbench.weights.files import load_state

from .runs import rows
from .test_photographs import RECIPE


def test_start_and_end(tmp_path: Path, small: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text(RECIPE)
    options = {"dataset": small["dataset"], "out": tmp_path / "runs", "device": "cpu", "validation": 0.25}
    run = train(method=f"{tmp_path / 'mine.py'}", patch=16, batch_size=2, lr=0.02, patches=None, **options)
    said = capsys.readouterr().err
    table = dict(re.findall(r"│ ([\w ]+?) +│ (.+?) *│", said))
    assert (table["batch size"], table["learning rate"], table["epochs"]) == ("2", "0.02", "1")
    assert (table["samples"], table["recipe"], table["device"]) == (
        "6 to learn from in an epoch, 2 held out",
        "fit",
        "cpu",
    )
    assert table["patch"] == "16"
    assert "patches" not in table
    best = run / "checkpoints" / "best.safetensors"
    loss = float(rows(run / "losses_by_epoch.csv")[0]["validation_loss"])
    told = re.search(r"took [\d.]+ s; best validation loss (\S+) in epoch 1: (.+)", said)
    assert told is not None
    assert float(told[1]) == pytest.approx(loss, rel=1e-5)
    assert (told[1], told[2].strip()) == (load_state(best).metadata["loss"], str(best))
    assert told[0].strip() in (run / "log.txt").read_text()
    resume(run, quiet=True)
    assert capsys.readouterr().err == ""
