"""The loop: it repeats itself, survives, learns, and names what spoils a loss."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock

from fusionbench.errors import InputError, RunError
from fusionbench.methods.u2fusion.checkpoints import load_generator
from fusionbench.methods.u2fusion.network import Generator
from fusionbench.training import TrainOptions, resume, train
from fusionbench.training.devices import make_fabric
from fusionbench.training.engine import FabricEngine
from fusionbench.training.loop import Loop, collate
from fusionbench.training.state import load_run
from fusionbench.weights import save_state

from .runs import FOLDERS, Line, make_pairs, rows

RUN = "import sys, json; from fusionbench.training import train; train(**json.loads(sys.argv[1]))"


@pytest.mark.slow
def test_the_same_run_twice_has_the_same_losses(small: dict[str, Any]) -> None:
    first, second = (train(**small | {"epochs": 2}, name=f"{n}", workers=n) for n in (0, 1))
    assert (first / "losses.csv").read_bytes() == (second / "losses.csv").read_bytes()
    assert (first / "losses_by_epoch.csv").read_bytes() == (second / "losses_by_epoch.csv").read_bytes()
    other = train(**small | {"seed": 1, "epochs": 1}, name="other")
    assert (first / "losses.csv").read_bytes() != (other / "losses.csv").read_bytes()


def test_two_processes_do_not_train_in_one_folder(small: dict[str, Any]) -> None:
    folder = train(**small | {"epochs": 1}, name="taken")
    before = (folder / "losses.csv").read_bytes()
    with FileLock(folder / ".lock"), pytest.raises(InputError, match=r"another process trains in .*taken: wait"):
        resume(folder, quiet=True, epochs=2)
    assert (folder / "losses.csv").read_bytes() == before
    resume(folder, quiet=True, epochs=2)
    assert (folder / "losses.csv").read_bytes() != before


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_been(small: dict[str, Any]) -> None:
    options = small | {"epochs": 5}
    whole = train(**options, name="whole")
    process = subprocess.Popen([sys.executable, "-c", RUN, json.dumps({**options, "name": "killed"})])
    folder = whole.with_name("killed")
    limit = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < limit:
        if (folder / "losses.csv").exists() and len((folder / "losses.csv").read_text().splitlines()) > 5:
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, "the run ended before it could be killed"
    assert 5 <= len(rows(folder / "losses.csv")) < 15
    assert resume(folder, quiet=True) == folder
    for name in ("losses.csv", "losses_by_epoch.csv", "checkpoints/best.safetensors"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    names = [sorted(path.name for path in (run / "checkpoints").iterdir()) for run in (folder, whole)]
    assert names[0] == names[1]


@pytest.mark.slow
def test_learning_lowers_the_loss(small: dict[str, Any]) -> None:
    folder = train(**small | {"epochs": 6, "lr": 2e-3}, name="long")
    losses = [float(row["loss"]) for row in rows(folder / "losses.csv")]
    assert np.mean(losses[-6:]) < 0.8 * np.mean(losses[:3])


@pytest.mark.slow
def test_training_goes_on_from_given_weights(small: dict[str, Any], tmp_path: Path) -> None:
    torch.manual_seed(7)
    start = Generator()
    save_state(tmp_path / "start.safetensors", start.state_dict())
    folder = train(**small | {"epochs": 1, "lr": 1e-12}, weights=str(tmp_path / "start.safetensors"), name="tuned")
    end = load_generator(folder / "checkpoints/best.safetensors")
    for a, b in zip(start.parameters(), end.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


@pytest.mark.slow
def test_the_official_sequence(small: dict[str, Any], tmp_path: Path) -> None:
    """Three tasks, each with an optimiser of its own; from the second on, the earlier ones hold on."""
    folders = [str(make_pairs(tmp_path / task, count=3, task=task)) for task in FOLDERS]
    options = small | {"dataset": folders, "recipe": "official", "patches": 1, "epochs": (2, 1, 1), "validation": 0}
    folder = train(**options, name="sequence", ewc_lambda=1e9)
    steps = rows(folder / "losses.csv")
    assert [row["stage"] for row in steps] == ["infrared-visible"] * 2 + ["multi-exposure", "multi-focus"]
    # at the first step of a task nothing has moved yet, so nothing is forgotten
    assert [row["ewc_loss"] for row in steps] == ["", "", "0.0", "0.0"]
    for row in steps:
        assert float(row["loss"]) == pytest.approx(20 * float(row["pixel_loss"]) + float(row["ssim_loss"]), rel=1e-5)
    saved = load_run(folder)
    assert saved is not None
    assert saved["memory"]["fisher"]["decoder.conv2_4.bias"] > 0


@pytest.mark.slow
def test_two_processes_learn_what_one_does(small: dict[str, Any]) -> None:
    """Gradients are averaged over two CPU processes (gloo): the curve is that of one, up to rounding.

    Adam divides by the size of a gradient, so that rounding decides the sign of a step where the gradient is next to
    nothing: the smaller the steps, the less of that reaches the losses.
    """
    options = small | {"epochs": 2, "recipe": "joint", "patches": 1, "lr": 1e-4}
    one, two = train(**options, name="one"), train(**options, name="two", devices=2)
    losses = [[float(row["loss"]) for row in rows(run / "losses.csv")] for run in (one, two)]
    assert len(losses[0]) == 6
    np.testing.assert_allclose(losses[1], losses[0], rtol=5e-5)


@pytest.mark.slow
def test_an_error_in_a_process_arrives_as_one_sentence(small: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a batch of 3 cannot be dealt out to 2 devices evenly"):
        train(**small | {"batch_size": 3}, name="odd", devices=2)


@pytest.mark.slow
def test_torchrun_starts_the_processes(small: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "start.py").write_text(RUN)
    options = json.dumps({**small, "epochs": 1, "name": "torchrun"})
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*command, str(tmp_path / "start.py"), options], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert len(rows(Path(small["out"]) / "u2fusion/torchrun/losses.csv")) == 3


@pytest.mark.slow
def test_a_loss_that_is_lost_stops_the_run(small: dict[str, Any]) -> None:
    with pytest.raises(RunError, match=r"the loss is nan at step [2-9], with the pairs pairs/0\d, pairs/0\d"):
        train(**small | {"lr": 1e30, "save_every": 1}, name="wild")
    saved = load_run(Path(small["out"]) / "u2fusion/wild")
    assert saved is not None
    assert all(bool(tensor.isfinite().all()) for tensor in saved["network"].values())


def learn(values: list[float], folder: Path) -> None:
    """Fit a line to numbers."""
    fabric = make_fabric("cpu", 1, "32-true")
    fabric.launch()
    recipe = Line(values)
    Loop(fabric, TrainOptions(), recipe, folder, FabricEngine(fabric, recipe)).run(quiet=True)


def test_the_pair_that_spoils_the_loss_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"the loss is nan at step \d, with pair number 3: the run stops"):
        learn([1.0, 2.0, 3.0, float("nan")], tmp_path)
    assert load_run(tmp_path) is not None


def test_any_recipe_can_be_trained(tmp_path: Path) -> None:
    learn([1.0, 2.0, 3.0, 4.0], tmp_path)
    assert len(rows(tmp_path / "losses.csv")) == 4
    assert rows(tmp_path / "losses_by_epoch.csv")[1]["validation_loss"] == ""


def test_collate_stacks_tensors_and_lists_the_rest() -> None:
    batch = collate([{"x": torch.zeros(2), "name": "a"}, {"x": torch.ones(2), "name": "b"}])
    assert batch["x"].shape == (2, 2)
    assert batch["name"] == ["a", "b"]
