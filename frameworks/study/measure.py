"""Doing the study: one run after the other, each going on where it stopped, and what they give in tables."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...environment import environment as versions_and_machine
from ...errors import InputError
from ...files import check_writable, write_text
from ...training.options import TrainOptions
from ...training.recipes.film import FilmSettings
from ...training.recipes.film.recipe import Paper
from ..jittor import environment
from ..jittor.pipe import Clock, Config, Pair
from ..jittor.proxy import JittorModel
from ..jittor.worker import Worker
from .figure import plot_losses
from .plan import JUDGE, Run, StudyOptions, planned_runs
from .state import Model, Result, resume, save, seconds, write_arrays
from .tables import comparison_table, difference_rows, losses_table, write_tables
from .torch_model import TorchModel

IMAGES = 4  # fused for the time that it takes, the first apart
ADDING = ("orders", "slow_steps")  # options that add runs, and leave the others as they are
SAVED_AFTER = 120.0  # seconds after which a run's state is saved again
Progress = Callable[[str, int, int], None]


def run_study(options: StudyOptions, out: str | Path, progress: Progress = lambda run, done, total: None) -> Path:
    """Do the runs that are not there yet, and write the tables and the picture.

    `comparison.csv` and `losses.csv` have all numbers, `comparison.md` those for readers, `study.json` what was asked
    for; `loss_comparison.png` shows the losses.

    Parameters
    ----------
    options : of the study.
    out : its folder. `runs/` has what each finished run gives; a run that was killed goes on from the state that it
        saved last.
    progress : called with the run's name, the steps done and all of them.

    Returns
    -------
    The folder.

    Raises
    ------
    InputError
        The data, the weights or an option are wrong; Jittor is not installed; or the folder holds another study.
    RunError
        Jittor does not start, or fails.
    """
    version, out = environment.require(), Path(out)
    check_writable(out)
    measurement = _Measurement(options, out, progress)
    record = _claim(out, options, measurement.pairs, version)
    results: dict[str, Result] = {}
    epoch = len(measurement.pairs) // options.batch_size
    for run in planned_runs(options):
        results[run.name] = measurement.result(run)
        losses = losses_table(results)  # after each run: some take hours
        write_tables(out, losses, comparison_table(results, epoch))
        record |= {"steps_in_epoch": epoch, "runs": {name: result["facts"] for name, result in results.items()}}
        write_text(out / "study.json", json.dumps(record, indent=2) + "\n")
        plot_losses(losses, epoch, out / "loss_comparison.png")
    return out


def make_recipe(options: StudyOptions) -> Paper:
    """Make the recipe of FILM's paper, which has the pairs, the losses, the optimiser and the first weights."""
    training = TrainOptions(
        "film", options.dataset, options.data_root, options.split, train_num=options.pairs, validation=0,
        batch_size=options.batch_size, lr=options.lr, weights=options.weights, seed=options.seed,
    )  # fmt: skip
    settings = FilmSettings(text=options.text, grid=options.grid, image_size=options.image_size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        return Paper(training, settings)


def read_pairs(recipe: Paper, number: int | None = None) -> list[Pair]:
    """Read the first pairs of a recipe; InputError where there are fewer than a batch."""
    samples = recipe.stages[0].samples
    parts = [samples[i] for i in range(len(samples))[:number]]
    if len(parts) < recipe.batch_size:
        raise InputError(f"there are {len(parts)} pairs, fewer than a batch of {recipe.batch_size}: give more data")
    return [(part["a"][0], part["b"][0], np.ascontiguousarray(part["text"], np.float32)) for part in parts]


def rates(recipe: Paper, epochs: int) -> list[float]:
    """Tell the learning rate of each epoch, as the recipe lets it fall."""
    optimiser = recipe.optimiser()
    schedule, result = recipe.schedule(optimiser, recipe.stages[0]), []
    for _ in range(epochs):
        result.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        schedule.step()
    return result


def batches(number: int, size: int, steps: int, seed: int, order: int) -> list[list[int]]:
    """Draw which pairs each step learns from: all of them in an epoch, in a new order each time, but a last rest."""
    result: list[list[int]] = []
    for epoch in range(-(-steps // (number // size))):
        places = np.random.default_rng([seed, order, epoch]).permutation(number).tolist()
        result += [places[at : at + size] for at in range(0, number - size + 1, size)]
    return result[:steps]


class _Measurement:
    """What all runs of a study share: data, weights, folder."""

    def __init__(self, options: StudyOptions, out: Path, progress: Progress) -> None:
        self.options, self.out, self.progress = options, out, progress
        self.recipe = make_recipe(options)
        self.pairs = read_pairs(self.recipe, options.pairs)
        state = self.recipe.network.state_dict()
        self.start = {name: tensor.detach().numpy().copy() for name, tensor in state.items()}
        self.end_file = out / "runs" / f"{JUDGE}.npz"  # the judge's weights after its last step

    def result(self, run: Run) -> Result:
        """Return what a run gives, from its file if it is finished."""
        file = self.out / "runs" / f"{run.name}.json"
        if file.is_file() and (run.name != JUDGE or self.end_file.is_file()):
            result: Result = json.loads(file.read_text())
            if asdict(run).items() <= result["run"].items():  # an earlier version noted more
                return result
        clock, state = Clock(), file.with_suffix(".state.npz")
        with self._model(run) as (model, facts):
            result = {"run": asdict(run), "facts": facts, **self._measure(run, model, state)}
        result["children"] = clock.read().compiling
        write_text(file, json.dumps(result))
        state.unlink(missing_ok=True)
        return result

    @contextmanager
    def _model(self, run: Run) -> Iterator[tuple[Model, dict[str, Any]]]:
        """Open the network in a run's framework, with the facts of what computes it."""
        threads = self.options.threads
        facts: dict[str, Any] = {"device": "cpu", "precision": run.precision}
        if run.framework == "torch":
            before = torch.get_num_threads()
            torch.set_num_threads(threads or int(os.environ.get("OMP_NUM_THREADS") or 0) or os.cpu_count() or 1)
            facts |= {"framework": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads(),
                      "onednn": torch.backends.mkldnn.is_available()}  # fmt: skip
            try:
                yield TorchModel(self.recipe, self.start, run.precision), facts
            finally:
                torch.set_num_threads(before)
            return
        with Worker(run.onednn, threads) as worker:
            hello = worker.hello
            model = JittorModel(worker, self.start, Config(self.recipe.grid, run.mathematics))
            model.seconds["start"] = [hello.seconds]
            facts |= {"framework": f"Jittor {hello.version}", "threads": hello.threads, "onednn": hello.onednn}
            yield model, facts

    def _measure(self, run: Run, model: Model, state: Path) -> Result:
        """Take a run's steps, fuse a few images, and compare values before and after with the judge's."""
        order = batches(len(self.pairs), self.options.batch_size, run.steps, self.options.seed, run.order)
        epoch = len(self.pairs) // self.options.batch_size
        rate = rates(self.recipe, -(-run.steps // epoch))
        past = resume(state, asdict(run), model)
        if past is None:
            past = {"losses": {}, "values": self._difference_rows(run, model, "start")}
            model.load(self.start)  # the optimiser as new
        losses, done = past["losses"], len(past["losses"].get("loss", ()))
        saved = time.monotonic()
        for step in range(done, run.steps):
            self.progress(run.name, step, run.steps)
            for name, value in model.step([self.pairs[i] for i in order[step]], rate[step // epoch])[0].items():
                losses.setdefault(name, []).append(value)
            if time.monotonic() - saved > SAVED_AFTER:
                save(state, asdict(run), model, past)
                saved = time.monotonic()
        self.progress(run.name, run.steps, run.steps)
        if run.name == JUDGE:
            write_arrays(self.end_file, {name: value.astype(np.float32) for name, value in model.weights().items()})
        for _ in range(IMAGES):
            model.forward(self.pairs[:1])
        rows = [*past["values"], *self._difference_rows(run, model, "end")]
        return {"losses": losses, "took": seconds(model), "values": rows}

    def _difference_rows(self, run: Run, model: Model, point: str) -> list[list[Any]]:
        """Compare stages and gradients with those of the judge, both with the same weights; count the ties."""
        if not run.values or run.name == JUDGE:
            return []
        first = batches(len(self.pairs), self.options.batch_size, 1, self.options.seed, 0)[0]
        batch = [self.pairs[i] for i in first]
        weights = self.start if point == "start" else dict(np.load(self.end_file))
        judge = TorchModel(self.recipe, weights, "float64")
        model.load(weights)
        rows = [
            *difference_rows("forward", point, model.stages(self.pairs[0]), judge.stages(self.pairs[0])),
            *difference_rows("gradient", point, model.gradients(batch)[1], judge.gradients(batch)[1]),
        ]
        if isinstance(model, TorchModel):
            rows += [["ties", point, name, "share_of_values", share] for name, share in model.ties(batch).items()]
        return rows


def _claim(out: Path, options: StudyOptions, pairs: Sequence[Pair], version: str) -> dict[str, Any]:
    """Write what this folder is for, or make sure that it is for that; return it."""
    machine, file = versions_and_machine(), out / "study.json"
    chosen = {name: value for name, value in json.loads(json.dumps(asdict(options))).items() if name not in ADDING}
    record = {
        "options": chosen, "pairs": len(pairs), "sizes": sorted({pair[0].shape for pair in pairs}),
        "data": "sha256:" + hashlib.sha256(b"".join(part.tobytes() for pair in pairs for part in pair)).hexdigest(),
        "versions": {"torch": torch.__version__, "jittor": version, "numpy": np.__version__},
        "machine": f"{machine['processor']}, {machine['cores']} cores",
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }  # fmt: skip
    if not file.is_file():
        write_text(file, json.dumps(record, indent=2) + "\n")
        return record
    before: dict[str, Any] = json.loads(file.read_text())
    for part in ("options", "data", "versions"):
        if before.get(part) != record[part]:
            raise InputError(f"{out} holds a study of other {part}: choose another --out, or delete it")
    return before
