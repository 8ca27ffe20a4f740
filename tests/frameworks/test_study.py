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
import torch
from typer.testing import CliRunner

from fusionbench.cli import app
from fusionbench.errors import InputError, RunError
from fusionbench.frameworks import study as room
from fusionbench.frameworks.jittor import environment
from fusionbench.frameworks.jittor.pipe import Config, Hello, Seconds
from fusionbench.frameworks.jittor.worker import Worker
from fusionbench.frameworks.study import StudyOptions, measure, planned_runs, run_study
from fusionbench.frameworks.study.engine import TorchEngine
from fusionbench.frameworks.study.figure import plot_losses
from fusionbench.frameworks.study.measure import Recipe, batches
from fusionbench.frameworks.study.tables import difference_rows, swing, times
from fusionbench.training import TrainOptions
from fusionbench.training.recipes.film.recipe import Paper

from ..scenes import write_noise

pytestmark = pytest.mark.slow

STEPS = 4


class Pretended(TorchEngine):
    """PyTorch in place of Jittor: its own Adam takes steps that are a thousandth longer."""

    def __init__(self, recipe: Paper, options: TrainOptions) -> None:
        super().__init__(recipe, recipe.network.state_dict())
        self.config = Config(recipe.grid)

    def step(self, batch: Any, draw: Any) -> Any:
        longer = 1.001 if self.config.mathematics in ("native", "native-adam") else 1.0
        (group,) = self.optimiser.param_groups
        group["lr"] *= longer
        losses = super().step(batch, draw)
        group["lr"] /= longer
        return losses


def pretend(patch: pytest.MonkeyPatch, engine: type = Pretended) -> None:
    def hello(worker: Worker) -> Hello:
        return Hello("9", "1", worker._settings[0] is None, "cpu", 1, sound=True, seconds=Seconds(2.0, 1.0, 30.0))

    patch.setattr(environment, "require", lambda: "9")
    patch.setattr(measure, "JittorEngine", engine)
    patch.setattr(Worker, "hello", property(hello))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise(tmp_path_factory.mktemp("scenes"), "01234")


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
    for run in planned_runs(options):
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
    assert value["time", "", "jittor", "start", "compiling_first"] == 30
    assert value["time", "", "torch", "step", "cpu_steady"] > 0
    facts = json.loads((finished / "study.json").read_text())["runs"]
    assert facts["torch-float64"]["precision"] == "float64"
    assert facts["jittor-native-without-onednn"]["onednn"] is False


def test_a_run_that_fails_leaves_the_finished_ones(
    options: StudyOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dies(Pretended):
        def step(self, batch: Any, draw: Any) -> dict[str, float]:
            raise RunError("Jittor's process ended")

    pretend(monkeypatch, Dies)
    with pytest.raises(RunError, match="process ended"):
        run_study(options, tmp_path)
    names = sorted(file.name for file in (tmp_path / "runs").iterdir() if file.is_file())
    assert names == ["torch-float64.json", "torch-float64.npz", "torch.json"]


@pytest.mark.parametrize("files", [["jittor-native-adam.json"], ["jittor-native.json", "torch-float64.npz"]])
def test_only_what_is_not_there_is_run(options: StudyOptions, study: Path, files: list[str]) -> None:
    """Without the judge's last weights, which older studies have not, the judge is run again."""
    whole = read(study)
    for file in files:
        (study / "runs" / file).unlink()
    runs: list[str] = []
    run_study(options, study, lambda run, done, total: runs.append(run))
    assert set(runs) == {file.partition(".")[0] for file in files}
    timeless = [topic != "time" for topic in whole.index.get_level_values("topic")]
    pd.testing.assert_frame_equal(read(study)[timeless], whole[timeless])


def test_another_study_is_refused_and_a_wider_one_goes_on(options: StudyOptions, study: Path) -> None:
    with pytest.raises(InputError, match="holds a study of other options: choose another --out"):
        run_study(replace(options, seed=1), study)
    runs: list[str] = []
    run_study(replace(options, orders=2, slow_steps=2), study, lambda run, done, total: runs.append(run))
    assert set(runs) == {"torch-order-2", "jittor-native-without-onednn"}  # which has fewer steps now
    value = read(study).value
    assert value["losses", "", "torch-order-2", "loss", "rms_difference_from_torch"] > 0


def test_all_studies_of_a_seed_start_alike(options: StudyOptions) -> None:
    first, again, other = (Recipe(replace(options, seed=seed)).network.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_too_few_pairs(options: StudyOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    with pytest.raises(InputError, match="1 pairs, fewer than a batch of 2"):
        run_study(replace(options, pairs=1), tmp_path)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("name", ["torch-float64", "jittor-native"])
def test_a_run_that_is_killed_goes_on_from_its_last_state(
    options: StudyOptions, study: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = json.loads((study / "runs" / f"{name}.json").read_text())
    (study / "runs" / f"{name}.json").unlink()
    monkeypatch.setattr(measure, "SAVED_AFTER", 1)
    steps: list[int] = []

    def progress(run: str, done: int, total: int) -> None:
        steps.append(done)
        if done == 2 and len(steps) == 3:
            raise KilledError

    with pytest.raises(KilledError):
        run_study(options, study, progress)
    run_study(options, study, progress)
    assert steps == [0, 1, 2, 2, 3, 4]
    after = json.loads((study / "runs" / f"{name}.json").read_text())
    assert after["losses"] == before["losses"]
    assert [row[:4] for row in after["values"]] == [row[:4] for row in before["values"]]
    assert len(after["took"]["step"]) == STEPS
    assert not (study / "runs" / name).exists()


def test_an_epoch_sees_every_pair_once() -> None:
    order = batches(6, 2, 8, seed=3, order=0)
    assert [sorted(chain(*epoch)) for epoch in order[:2]] == [list(range(6))] * 2
    assert [len(epoch) for epoch in order] == [3, 3, 2]
    assert order == batches(6, 2, 8, seed=3, order=0)
    assert order[0] != order[1]
    assert order not in (batches(6, 2, 8, seed=4, order=0), batches(6, 2, 8, seed=3, order=1))


def test_differences_by_hand() -> None:
    stages = difference_rows("forward", "start", {"x": np.array([1.5, -4.25])}, {"x": np.array([1.0, -4.0])})
    gradients = {"a": np.array([3.0, 4.5]), "b": np.array([0])}
    exact = {"a": np.array([3.0, 4.0]), "b": np.array([0.0])}
    rows = [*stages, *difference_rows("gradient", "start", gradients, exact)]
    assert {(topic, item, quantity): value for topic, _, item, quantity, value in rows} == {
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
    assert swing(np.array([0.0, 3.0, 3.0, 0.0]), 3) == 1
    assert swing(np.array([1.0, 3.0, 1.0, 3.0, 1.0]), 2) == 1
    assert np.isnan(swing(np.ones(3), 4))


def test_steady_time_is_that_without_compilation() -> None:
    def call(wall: float, compiling: float = 0.0) -> dict[str, float]:
        return {"wall": wall, "cpu": wall / 2, "compiling": compiling}

    calls = {"start": [call(9, 4)], "step": [call(8, 3), call(5, 1), call(2), call(4)], "forward": [call(1)]}
    seconds = {(item, quantity): value for item, quantity, value in times(calls)}
    assert seconds["run", "compiling"] == 8
    assert (seconds["step", "wall_first"], seconds["step", "wall_steady"], seconds["step", "cpu_steady"]) == (8, 3, 1.5)
    assert ("image", "wall_steady") not in seconds
    assert seconds["start", "compiling_first"] == 4
    (first, *_) = times({"start": [call(9, 4)]}, children=30.0)  # compilers that had not ended with the call
    assert first == ("run", "compiling", 25.5)


@pytest.mark.parametrize(("change", "message"), [({"steps": 3}, "--steps"), ({"pairs": 0}, "--pairs")])
def test_options_are_checked(options: StudyOptions, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(options, **change)


@pytest.mark.parametrize("words", [[], ["--data", "x.h5", "--dataset", "RoadScene"]])
def test_the_command_takes_one_source_of_data(words: list[str]) -> None:
    done = CliRunner().invoke(app, ["compare-backends", *words])
    assert isinstance(done.exception, InputError)
    assert "either a data set with --dataset, or an H5 file with --data" in str(done.exception)


def test_a_preset_gives_way_to_the_command_line(scenes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[StudyOptions] = []
    monkeypatch.setattr(room, "run_study", lambda options, out, progress: taken.append(options) or Path(out))
    for words in ([], ["--pairs=20", "--steps=100"]):
        done = CliRunner().invoke(app, ["compare-backends", f"--dataset={scenes}", "--preset=seed", *words])
        assert done.exception is None, done.output
    sizes = [(each.pairs, each.steps, each.grid, each.image_size, each.batch_size, each.lr) for each in taken]
    assert sizes == [(150, 7500, "288x384", "288x384", 2, 1e-5), (20, 100, "288x384", "288x384", 2, 1e-5)]


def test_the_command_writes_tables_and_picture(study: Path, scenes: Path, options: StudyOptions) -> None:
    settings = {"dataset": scenes, "steps": options.steps, "grid": options.grid, "image-size": options.image_size,
                "text": "none", "orders": 1, "threads": 1, "out": study}  # fmt: skip
    done = CliRunner().invoke(app, ["compare-backends", *(f"--{name}={value}" for name, value in settings.items())])
    assert done.exception is None, done.output
    assert f"picture  {study / 'loss_comparison.png'}" in done.stdout
    text = (study / "comparison.md").read_text()
    runs = [run.name for run in planned_runs(options)]
    assert f"| point | item | quantity | {' | '.join(runs)} |" in text  # the losses of the run without oneDNN, too
    assert text.count("\n| end | restormer1 |") == 2
    gradients = text.partition("## gradient")[2].partition("## ")[0]
    assert gradients.count("\n| start") == gradients.count("\n| end") == 1 + 8


def test_the_picture_shows_every_run(finished: Path, tmp_path: Path) -> None:
    losses = pd.read_csv(finished / "losses.csv", index_col="step")
    above, below = plot_losses(losses, 2, tmp_path / "a.png").axes
    assert [t.get_text() for t in above.get_legend().get_texts()] == ["another order", "PyTorch", "Jittor as it is"]
    assert len(below.lines) == 6
    assert below.get_yscale() == "log"
    assert (tmp_path / "a.png").read_bytes() == (finished / "loss_comparison.png").read_bytes()


@pytest.mark.jittor
def test_the_frameworks_agree(options: StudyOptions, tmp_path: Path) -> None:
    run_study(replace(options, slow_steps=0, orders=0), tmp_path)
    value = read(tmp_path).value
    assert value["forward", "start", "jittor"].unstack().largest_difference.max() <= 1e-5
    assert value["gradient", "start", "jittor", "all", "relative_difference"] <= 1e-4
    assert value["losses", "", "jittor", "loss", "largest_difference_from_torch"] <= 1e-5
    facts = json.loads((tmp_path / "study.json").read_text())["runs"]["jittor"]
    assert facts["framework"] == f"Jittor {environment.installed()}"
