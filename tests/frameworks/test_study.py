"""The study of two frameworks: its runs, its table, going on; with PyTorch on both sides, and once with Jittor."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from fusionbench.cli import app
from fusionbench.datasets import write
from fusionbench.errors import InputError, RunError
from fusionbench.frameworks.jittor import environment
from fusionbench.frameworks.jittor.messages import Took
from fusionbench.frameworks.study import StudyOptions, planned, run_study, sessions
from fusionbench.frameworks.study.rows import difference_rows, moving_mean, swing, times
from fusionbench.frameworks.study.study import batches, initial_weights, read_pairs

pytestmark = pytest.mark.slow

STEPS = 4


class Pretended(sessions.TorchSession):
    """PyTorch in place of Jittor: its own Adam takes steps that are a thousandth longer."""

    opened: list[str] = []  # noqa: RUF012

    def __init__(self, state: Any, grid: Any, mathematics: str, onednn: bool | None, threads: int | None) -> None:
        Pretended.opened.append(mathematics)
        super().__init__(state, grid, "float32", threads)
        self.longer = 1.001 if mathematics in ("native", "native-adam") else 1.0
        self.facts |= {"framework": "Jittor 9", "onednn": onednn is None}
        self.took["start"] = [Took(2.0, 1.0, 30.0)]

    def step(self, pairs: Any, rate: float) -> dict[str, float]:
        return super().step(pairs, rate * self.longer)


def pretend(patch: pytest.MonkeyPatch, session: type = Pretended) -> None:
    patch.setattr(environment, "require", lambda: "9")
    patch.setattr(sessions, "JittorSession", session)
    Pretended.opened.clear()


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    random = np.random.default_rng(2)
    for index in range(5):
        for side in ("ir", "vi"):
            smooth = np.kron(random.integers(0, 256, (6, 8)), np.ones((8, 8)))
            write(folder / side / f"{index}.png", smooth.astype(np.uint8))
    return folder


@pytest.fixture(scope="module")
def options(scenes: Path) -> StudyOptions:
    return StudyOptions((str(scenes),), steps=STEPS, grid="16x16", image_size="16x24", text="none", orders=1, threads=1)


@pytest.fixture(scope="module")
def finished(options: StudyOptions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study, with PyTorch on both sides."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        pretend(patch)
        run_study(options, folder)
    return folder


@pytest.fixture
def study(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to go on with."""
    pretend(monkeypatch)
    shutil.copytree(finished, tmp_path / "study")
    return tmp_path / "study"


def read(folder: Path) -> pd.DataFrame:
    table = pd.read_csv(folder / "comparison.csv", keep_default_na=False, dtype=str).astype({"value": float})
    return table.set_index(["topic", "point", "run", "item", "quantity"]).sort_index()


def test_the_table_holds_what_was_measured(options: StudyOptions, finished: Path) -> None:
    value = read(finished).value
    assert value.index.is_unique
    losses = pd.read_csv(finished / "losses.csv")
    assert list(losses.step) == list(range(1, STEPS + 1))
    for run in planned(options):
        curve = losses[f"{run.name}:loss"].dropna()
        assert len(curve) == run.steps
        assert np.isfinite(curve).all()
    # the same in both: not a bit differs
    assert value["losses", "", "jittor", "loss", "rms_difference_from_torch"] == 0
    assert value["losses", "", "jittor-native-ties", "loss", "rms_difference_from_jittor"] == 0
    # longer steps are seen, and belong to Adam alone
    adam = value["losses", "", "jittor-native-adam", "loss", "largest_difference_from_jittor"]
    assert 1e-9 < adam < 1e-3
    assert value["losses", "", "jittor-native", "loss", "largest_difference_from_jittor"] == adam
    # other data is another loss
    assert value["losses", "", "torch-order-1", "loss", "rms_difference_from_torch"] > 100 * adam
    for point in ("start", "end"):
        stages = value["forward", point, "torch"].unstack().relative_difference
        assert list(stages.index.sort_values()) == sorted(
            ["text_process", *(f"restormerca{k}.{x}" for k in (1, 2, 3) for x in "AB"),
             "restormer1", "restormer2", "restormer3", "conv2", "fused"]
        )  # fmt: skip
        assert 1e-9 < stages.max() < 1e-5
        gradients = value["gradient", point, "torch"].unstack().relative_difference
        assert len(gradients) == 189 + 1
        assert 1e-9 < gradients["all"] < 1e-4
        ties = value["ties", point, "torch"].unstack().share_of_values
        assert set(ties.index) == {"PReLU", "|fused - maximum|", "|Sobel - maximum|", "|Sobel_x|, |Sobel_y|"}
        assert ties.between(0, 1).all()
    assert value["time", "", "jittor", "start", "compiling_first"] == 30
    assert value["time", "", "torch", "step", "cpu_steady"] > 0
    facts = json.loads((finished / "study.json").read_text())["runs"]
    assert facts["torch-float64"]["precision"] == "float64"
    assert facts["jittor-native-without-onednn"]["onednn"] is False
    assert not (finished / "work").exists()


def test_a_run_that_fails_leaves_the_finished_ones(
    options: StudyOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dies(Pretended):
        def step(self, pairs: Any, rate: float) -> dict[str, float]:
            raise RunError("Jittor's process ended")

    pretend(monkeypatch, Dies)
    with pytest.raises(RunError, match="process ended"):
        run_study(options, tmp_path)
    assert sorted(file.stem for file in (tmp_path / "runs").iterdir()) == ["torch", "torch-float64"]
    assert sorted(file.name for file in (tmp_path / "work").iterdir()) == [
        "end.npz",
        "judge-end.npz",
        "judge-start.npz",
    ]


def test_only_what_is_not_there_is_run(options: StudyOptions, study: Path) -> None:
    whole = read(study)
    (study / "runs/jittor-native-adam.json").unlink()
    seen: list[str] = []
    run_study(options, study, lambda run, done, total: seen.append(run))
    assert set(seen) == {"jittor-native-adam"}
    timeless = [topic != "time" for topic in whole.index.get_level_values("topic")]
    pd.testing.assert_frame_equal(read(study)[timeless], whole[timeless])


def test_another_study_is_refused_and_a_wider_one_goes_on(options: StudyOptions, study: Path) -> None:
    with pytest.raises(InputError, match="holds a study of other options: choose another --out"):
        run_study(replace(options, seed=1), study)
    run_study(replace(options, orders=2, slow_steps=2), study)
    assert Pretended.opened == ["native"]  # the one without oneDNN, which has fewer steps now
    value = read(study).value
    assert value["losses", "", "torch-order-2", "loss", "rms_difference_from_torch"] > 0


def test_the_judge_is_run_again_for_one_who_is_compared_with_it(options: StudyOptions, study: Path) -> None:
    before = read(study)
    (study / "runs/jittor-native.json").unlink()  # what it is compared with has been cleared away
    seen: list[str] = []
    run_study(options, study, lambda run, done, total: seen.append(run))
    assert set(seen) == {"torch-float64", "jittor-native"}
    timeless = [topic != "time" for topic in before.index.get_level_values("topic")]
    pd.testing.assert_frame_equal(read(study)[timeless], before[timeless])


def test_all_runs_start_alike(options: StudyOptions) -> None:
    first, again = initial_weights(options), initial_weights(options)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    other = initial_weights(replace(options, seed=1))
    assert not np.array_equal(first["conv1.weight"], other["conv1.weight"])


def test_pairs_are_those_of_training(options: StudyOptions) -> None:
    pairs = read_pairs(replace(options, pairs=3))
    assert len(pairs) == 3
    assert all(pair[0].shape == pair[1].shape == (16, 24) and pair[2].shape[1] == 768 for pair in pairs)
    with pytest.raises(InputError, match="1 pairs, fewer than a batch of 2"):
        read_pairs(replace(options, pairs=1))


def test_an_epoch_sees_every_pair_once() -> None:
    drawn = batches(6, 2, 9, seed=3, order=0)
    assert [sorted(chain(*drawn[at : at + 3])) for at in (0, 3, 6)] == [list(range(6))] * 3
    assert drawn == batches(6, 2, 9, seed=3, order=0)
    assert drawn[:3] != drawn[3:6]
    assert drawn != batches(6, 2, 9, seed=4, order=0)


def test_differences_by_hand() -> None:
    judge = {"s:x": np.array([1.0, -4.0]), "g:a": np.array([3.0, 4.0]), "g:b": np.array([0.0])}
    rows = difference_rows(
        "start", {"x": np.array([1.5, -4.25])}, {"a": np.array([3.0, 4.5]), "b": np.array([0])}, judge
    )
    values = {(topic, item, quantity): value for topic, _, item, quantity, value in rows}
    assert values == {
        ("forward", "x", "largest_difference"): 0.5,
        ("forward", "x", "relative_difference"): 0.125,
        ("gradient", "a", "relative_difference"): 0.1,
        ("gradient", "b", "relative_difference"): 0.0,
        ("gradient", "all", "relative_difference"): 0.1,
    }


def test_swing_is_of_what_an_epoch_does_not_explain() -> None:
    steps = np.arange(40.0)
    assert swing(10 - 0.1 * steps, 4) == pytest.approx(0, abs=1e-12)
    wave = np.tile([0.0, 3.0, 0.0, -3.0], 10)
    assert swing(10 - 0.1 * steps + wave, 4) == pytest.approx(np.sqrt(4.5), rel=1e-2)
    assert np.isnan(moving_mean(np.ones(3), 4)).all()
    np.testing.assert_allclose(moving_mean(np.arange(6.0), 3), [np.nan, 1, 2, 3, 4, np.nan])


def test_steady_time_is_that_without_compilation() -> None:
    def took(wall: float, compiling: float = 0.0) -> dict[str, float]:
        return {"wall": wall, "cpu": wall / 2, "compiling": compiling}

    found = {(item, quantity): value for item, quantity, value in times(
        {"start": [took(9, 4)], "step": [took(8, 3), took(5, 1), took(2), took(4)], "forward": [took(1)]}
    )}  # fmt: skip
    assert found["run", "compiling"] == 8
    (first, *_) = times({"start": [took(9, 4)]}, children=30.0)  # compilers that had not ended with the call
    assert first == ("run", "compiling", 25.5)
    assert (found["step", "wall_first"], found["step", "wall_steady"], found["step", "cpu_steady"]) == (8, 3, 1.5)
    assert ("image", "wall_steady") not in found
    assert found["start", "compiling_first"] == 4


@pytest.mark.parametrize(
    ("change", "told"), [({"steps": 3}, "--steps"), ({"lr": 0.0}, "--lr"), ({"pairs": 0}, "--pairs")]
)
def test_options_are_checked(options: StudyOptions, change: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        replace(options, **change)


@pytest.mark.parametrize("given", [[], ["--data", "x.h5", "--dataset", "RoadScene"]])
def test_the_command_takes_one_source_of_data(given: list[str]) -> None:
    done = CliRunner().invoke(app, ["compare-backends", *given])
    assert isinstance(done.exception, InputError)
    assert "either a data set with --dataset, or an H5 file with --data" in str(done.exception)


def test_the_command_writes_tables_picture_and_page(study: Path, scenes: Path, options: StudyOptions) -> None:
    given = {"dataset": scenes, "steps": options.steps, "grid": options.grid, "image-size": options.image_size,
             "text": "none", "orders": 1, "threads": 1, "out": study}  # fmt: skip
    done = CliRunner().invoke(app, ["compare-backends", *(f"--{name}={value}" for name, value in given.items())])
    assert done.exception is None, done.output
    assert f"page     {study / 'index.html'}" in done.stdout
    for name in ("index.html", "comparison.md", "loss_comparison.png", "comparison.csv", "losses.csv"):
        assert (study / name).stat().st_size > 500


@pytest.mark.jittor
def test_the_frameworks_agree(options: StudyOptions, tmp_path: Path) -> None:
    run_study(replace(options, slow_steps=0, orders=0), tmp_path)
    value = read(tmp_path).value
    assert value["forward", "start", "jittor"].unstack().largest_difference.max() <= 1e-5
    assert value["gradient", "start", "jittor", "all", "relative_difference"] <= 1e-4
    assert value["losses", "", "jittor", "loss", "largest_difference_from_torch"] <= 1e-5
    facts = json.loads((tmp_path / "study.json").read_text())["runs"]["jittor"]
    assert facts["framework"] == f"Jittor {environment.installed()}"
