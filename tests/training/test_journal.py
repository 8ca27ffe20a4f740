"""What a run leaves behind: tables, curves, TensorBoard, checkpoints; and what a full disk does to it."""

from __future__ import annotations

import errno
import json
from typing import Any

import cv2
import numpy as np
import pytest

from fusionbench import files
from fusionbench.errors import RunError
from fusionbench.methods.u2fusion.checkpoints import load_generator
from fusionbench.training import resume, train
from fusionbench.training.state import load_run
from fusionbench.weights import load_state

from .runs import rows

pytestmark = pytest.mark.slow


def test_a_run_leaves_everything_behind(small: dict[str, Any]) -> None:
    folder = train(**small, name="one")
    assert folder.name == "one"
    assert folder.parent.name == "u2fusion"
    steps, epochs = rows(folder / "losses.csv"), rows(folder / "losses_by_epoch.csv")
    assert [row["step"] for row in steps] == [str(i) for i in range(1, 10)]
    assert [row["epoch"] for row in steps] == list("111222333")
    assert list(steps[0]) == ["step", "epoch", "stage", "loss", "pixel_loss", "ssim_loss", "learning_rate"]
    for row in steps:
        assert float(row["loss"]) == pytest.approx(100 * float(row["ssim_loss"]) + float(row["pixel_loss"]), rel=1e-5)
    rates = [float(row["learning_rate"]) for row in epochs]
    np.testing.assert_allclose(rates, [1e-4, 0.9e-4, 0.81e-4], rtol=1e-9)
    for i, row in enumerate(epochs):
        mean = np.mean([float(step["loss"]) for step in steps[3 * i : 3 * i + 3]])
        assert float(row["loss"]) == pytest.approx(mean, rel=1e-6)
        assert np.isfinite(float(row["validation_loss"]))
    curves = cv2.imread(str(folder / "loss_curves.png"))
    assert curves is not None
    assert len(np.unique(curves)) > 50
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    losses = [float(row["validation_loss"]) for row in epochs]
    assert names == sorted(
        [
            "best.safetensors",
            "last.pt",
            *(f"epoch{i + 1:03}-loss{loss:.4f}.safetensors" for i, loss in enumerate(losses)),
        ]
    )
    best = load_state(folder / "checkpoints/best.safetensors")
    assert best.metadata["epoch"] == str(1 + int(np.argmin(losses)))
    assert sum(p.numel() for p in load_generator(folder / "checkpoints/best.safetensors").parameters()) == 659_217
    assert json.loads((folder / "options.json").read_text())["batch_size"] == 2


def test_tensorboard_has_scalars_and_pictures(small: dict[str, Any]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = train(**small | {"epochs": 1}, name="board")
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert {"step/loss", "step/pixel_loss", "step/learning_rate", "train/loss", "validation/loss"} <= set(
        tags["scalars"]
    )
    assert set(tags["images"]) == {"a", "b", "fused"}
    written = [float(row["loss"]) for row in rows(folder / "losses.csv")]
    np.testing.assert_allclose([event.value for event in events.Scalars("step/loss")], written, rtol=1e-6)
    picture = cv2.imdecode(np.frombuffer(events.Images("fused")[0].encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (16, 32, 3)  # two held-out patches side by side


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(
    small: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    small["epochs"] = 2
    whole = train(**small, name="whole")
    calls = 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(RunError, match="the disk is full; make room"):
            train(**small, name="full")
    folder = whole.with_name("full")
    assert load_run(folder) is not None
    assert not [path for path in folder.rglob("*") if path.suffix == ".tmp"]
    resume(folder, quiet=True)
    assert (folder / "losses.csv").read_bytes() == (whole / "losses.csv").read_bytes()
