"""Loss curves: read from what training writes, smoothed, overlaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionbench.drawing.losses import plot_losses, smoothed
from fusionbench.errors import InputError
from fusionbench.results.training import EPOCHS, STEPS, Table, read_named, read_training


def train(folder: Path, steps: int = 100, start: float = 2.0, extra: str = "ssim_loss") -> Path:
    """Write the tables of a run as training does."""
    folder.mkdir(parents=True)
    table = Table(folder / STEPS, "step", 0)
    for step in range(1, steps + 1):
        losses = {"loss": start / step, extra: start / step / 2}
        table.add({"step": step, "epoch": 1 + step // 50, "stage": "a, b", **losses, "learning_rate": 1e-3})
    table.close()
    table = Table(folder / EPOCHS, "epoch", 0)
    table.add({"epoch": 1, "step": 50, "stage": "a, b", "loss": 0.1, "validation_loss": 0.2, "learning_rate": 1e-3})
    table.close()
    return folder


def test_the_tables_are_those_that_training_writes(tmp_path: Path) -> None:
    training = read_training(train(tmp_path / "run"))
    assert (training.name, training.losses) == ("run", ["loss", "ssim_loss"])
    assert training.steps["loss"].tolist() == [2.0 / step for step in range(1, 101)]
    assert training.epochs["validation_loss"].tolist() == [0.2]
    assert read_training(tmp_path / "run" / STEPS).name == "run"


def test_a_line_that_is_being_written_does_not_count(tmp_path: Path) -> None:
    path = train(tmp_path / "run", 3) / STEPS
    path.write_text(path.read_text() + "4,1,a,0.")
    assert len(read_training(tmp_path / "run").steps["step"]) == 3


@given(st.lists(st.floats(-1e3, 1e3) | st.just(float("nan")), min_size=1, max_size=30), st.integers(1, 9))
def test_smoothing_is_a_centred_mean(values: list[float], width: int) -> None:
    means = smoothed(np.array(values), width)
    for place in range(len(values)):
        window = np.array(values[max(0, place - (width - 1) // 2) : place + width // 2 + 1])
        window = window[np.isfinite(window)]
        expected = window.mean() if len(window) else np.nan
        assert means[place] == pytest.approx(expected, nan_ok=True, abs=1e-9)


def test_raw_smoothed_held_out_and_rate_of_several_runs(tmp_path: Path) -> None:
    runs = [train(tmp_path / "film/one"), train(tmp_path / "u2fusion/one", 60, 3.0, "pixel_loss")]
    drawn = plot_losses(read_named(runs), smooth=5)
    panels = {axes.get_title(): axes for axes in drawn.axes}
    assert list(panels) == ["loss", "ssim loss", "pixel loss", "learning rate"]
    raw, mean, held_out, *_ = panels["loss"].lines
    values = np.array([2.0 / step for step in range(1, 101)])
    assert np.array_equal(raw.get_ydata(), values)
    assert np.array_equal(mean.get_ydata(), smoothed(values, 5))
    assert (list(held_out.get_xdata()), list(held_out.get_ydata())) == ([50.0], [0.2])
    assert len(panels["loss"].lines) == 6
    assert len(panels["ssim loss"].lines) == 2
    assert len(panels["learning rate"].lines) == 2
    assert panels["loss"].get_yscale() == "log"
    said = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert said[0] == "film/one, mean of 5 steps"
    assert "u2fusion/one, held out" in said


def test_a_long_run_stays_a_small_file(tmp_path: Path) -> None:
    run = train(tmp_path / "run", 10)
    steps = np.arange(1.0, 9001.0)
    table = "".join(f"{step:.0f},1,a,{2 / step!r},1e-3\n" for step in steps.tolist())
    (run / STEPS).write_text(f"step,epoch,stage,loss,learning_rate\n{table}")
    drawn = plot_losses([read_training(run)], tmp_path / "a.png", losses=["loss"], log=False, dpi=60)
    assert max(len(line.get_xdata()) for line in drawn.axes[0].lines) <= 4500
    assert drawn.axes[0].get_yscale() == "linear"
    first = (tmp_path / "a.png").read_bytes()
    plot_losses([read_training(run)], tmp_path / "a.png", losses=["loss"], log=False, dpi=60)
    assert (tmp_path / "a.png").read_bytes() == first


def test_a_loss_that_was_lost_is_marked(tmp_path: Path) -> None:
    path = train(tmp_path / "run", 20) / STEPS
    path.write_text(path.read_text().replace('10,1,"a, b",0.2,', '10,1,"a, b",inf,'))
    assert np.isinf(read_training(tmp_path / "run").steps["loss"]).sum() == 1
    plot_losses(read_named([tmp_path / "run"]), tmp_path / "a.png", dpi=40)


def test_wrong_wishes(tmp_path: Path) -> None:
    run = train(tmp_path / "run")
    training = read_training(run)
    for wish, message in (
        (lambda: plot_losses([]), "no training run to draw"),
        (lambda: read_training(tmp_path / "nothing"), "nothing has no steps in losses.csv: give the folder of a run"),
        (lambda: plot_losses([training], losses=["los"]), "no run has a loss 'los': there are loss, ssim_loss"),
        (lambda: plot_losses([training], tmp_path / "a.gif"), "cannot draw"),
    ):
        with pytest.raises(InputError, match=message):
            wish()
    (run / STEPS).write_text("step,loss\n1,many\n")
    with pytest.raises(InputError, match="is not a table of losses"):
        read_training(run)
