"""Doing the study: one run after the other in the trainer's loop, and what they give in tables."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...environment import environment as versions_and_machine
from ...errors import InputError
from ...files import check_writable, write_bytes, write_text
from ...results.training import read_training
from ...training.loop import Loop
from ...training.options import TrainOptions
from ...training.recipe import Batch, TrainingStage
from ...training.recipes.film import FilmSettings
from ...training.recipes.film.recipe import Paper
from ..jittor import environment
from ..jittor.engine import JittorEngine
from ..jittor.pipe import Arrays, Clock, Pair
from ..jittor.proxy import JittorModel
from ..jittor.worker import Worker
from .engine import TorchEngine, processor
from .figure import plot_losses
from .plan import JUDGE, Run, StudyOptions, planned_runs
from .tables import comparison_table, difference_rows, losses_table, write_tables

IMAGES = 4  # fused for the time that it takes, the first apart
ADDING = ("orders", "slow_steps")  # options that add runs, and leave the others as they are
SAVED_AFTER = 5  # steps after which a run's state is saved again
Progress = Callable[[str, int, int], None]
Result = dict[str, Any]
Engine = TorchEngine | JittorEngine


def run_study(options: StudyOptions, out: str | Path, progress: Progress = lambda run, done, total: None) -> Path:
    """Do the runs that are not there yet, and write the tables and the picture.

    `comparison.csv` and `losses.csv` have all numbers, `comparison.md` those for readers, `study.json` what was asked
    for; `loss_comparison.png` shows the losses.

    Parameters
    ----------
    options : of the study.
    out : its folder. `runs/` has what each finished run gives, and the training of one that is not finished.
    progress : called with the run's name, the steps done and all of them.

    Returns
    -------
    The folder.

    Raises
    ------
    InputError
        The data, the weights or an option are wrong; Jittor is not installed; or the folder holds another study.
    RunError
        Jittor does not start, or fails; or a loss is not finite.
    """
    version, out = environment.require(), Path(out)
    check_writable(out)
    study = _Study(options, out, progress)
    record = _claim(out, options, study.pairs, version)
    results: dict[str, Result] = {}
    for run in planned_runs(options):
        results[run.name] = study.result(run)
        losses = losses_table(results)  # after each run: some take hours
        write_tables(out, losses, comparison_table(results, study.epoch))
        record |= {"steps_in_epoch": study.epoch, "runs": {name: result["facts"] for name, result in results.items()}}
        write_text(out / "study.json", json.dumps(record, indent=2) + "\n")
        plot_losses(losses, study.epoch, out / "loss_comparison.png")
    return out


class Recipe(Paper):
    """The recipe of FILM's paper, which has the pairs, the losses, the optimiser and the first weights."""

    def __init__(self, options: StudyOptions) -> None:
        self.seconds: list[dict[str, float]] = []  # of each step
        training = TrainOptions(
            "film", options.dataset, options.data_root, options.split, train_num=options.pairs, validation=0,
            batch_size=options.batch_size, lr=options.lr, weights=options.weights, seed=options.seed,
            save_every=SAVED_AFTER, checkpoints="best",
        )  # fmt: skip
        settings = FilmSettings(text=options.text, grid=options.grid, image_size=options.image_size)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            super().__init__(training, settings)

    def after_step(self, folder: Path, epoch: int, batch: int) -> None:
        """Keep no pictures."""

    def memory(self) -> dict[str, Any]:
        """Return what the steps have taken."""
        return {"seconds": self.seconds}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what `memory` returned."""
        self.seconds = memory["seconds"]


def batches(number: int, size: int, steps: int, seed: int, order: int) -> list[list[list[int]]]:
    """Draw, by epoch, which pairs each step learns from: all in an epoch, in a new order each time, but a last rest."""
    epochs = []
    for epoch, begun in enumerate(range(0, steps, number // size)):
        places = np.random.default_rng([seed, order, epoch]).permutation(number).tolist()
        epochs.append([places[at : at + size] for at in range(0, number - size + 1, size)][: steps - begun])
    return epochs


class _Loop(Loop):
    """The trainer's loop with the study's order of the pairs, which notes the seconds of each step.

    Parameters
    ----------
    folder, engine : as the trainer's loop takes them.
    epochs : what `batches` drew.
    progress : called with the steps done.
    """

    recipe: Recipe

    def __init__(
        self, folder: Path, engine: Engine, epochs: list[list[list[int]]], progress: Callable[[int], None]
    ) -> None:
        recipe: Any = engine.recipe
        recipe.stages, recipe.seconds = [replace(recipe.stages[0], epochs=len(epochs))], []
        super().__init__(processor(), recipe.options, recipe, folder, engine)
        self.epochs, self.tell, self.model = epochs, progress, partial(model_of, engine)

    def order(self, stage: TrainingStage) -> list[list[int]]:
        """Return the batches of this epoch."""
        return self.epochs[self.progress.epoch]

    def step(self, batch: Batch) -> dict[str, float]:
        """Take one step."""
        self.tell(self.progress.step)
        losses = super().step(batch)
        self.recipe.seconds.append(asdict(self.model().seconds["step"][-1]))
        return losses


def model_of(engine: Engine) -> TorchEngine | JittorModel:
    """Return what computes in an engine."""
    if isinstance(engine, TorchEngine):
        return engine
    assert engine.model is not None, "the loop starts it"
    return engine.model


class _Study:
    """What all runs of a study share: data, weights, folder."""

    def __init__(self, options: StudyOptions, out: Path, progress: Progress) -> None:
        self.options, self.out, self.progress = options, out, progress
        self.recipe = Recipe(options)
        samples = self.recipe.stages[0].samples
        parts = [samples[i] for i in range(len(samples))[: options.pairs]]
        if len(parts) < options.batch_size:
            raise InputError(
                f"there are {len(parts)} pairs, fewer than a batch of {options.batch_size}: give more data"
            )
        self.pairs = [(each["a"][0], each["b"][0], np.ascontiguousarray(each["text"], np.float32)) for each in parts]
        self.epoch = len(parts) // options.batch_size
        self.start = _arrays(self.recipe)
        self.end_file = out / "runs" / f"{JUDGE}.npz"  # the judge's weights after its last step

    def result(self, run: Run) -> Result:
        """Return what a run gives, from its file if it is finished."""
        folder = self.out / "runs" / run.name
        file = folder.with_suffix(".json")
        if file.is_file() and (run.name != JUDGE or self.end_file.is_file()):
            result: Result = json.loads(file.read_text())
            if asdict(run).items() <= result["run"].items():  # an earlier version noted more
                return result
        clock = Clock()
        with self._engine(run) as (engine, facts):
            result = {"run": asdict(run), "facts": facts, **self._measure(run, engine, folder)}
        result["children"] = clock.read().compiling
        write_text(file, json.dumps(result))
        shutil.rmtree(folder)
        return result

    @contextmanager
    def _engine(self, run: Run) -> Iterator[tuple[Engine, dict[str, Any]]]:
        """Open a run's framework, with the facts of what computes."""
        threads = self.options.threads
        facts: dict[str, Any] = {"device": "cpu", "precision": run.precision}
        if run.framework == "torch":
            before = torch.get_num_threads()
            torch.set_num_threads(threads or int(os.environ.get("OMP_NUM_THREADS") or 0) or os.cpu_count() or 1)
            facts |= {"framework": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads(),
                      "onednn": torch.backends.mkldnn.is_available()}  # fmt: skip
            try:
                yield TorchEngine(self.recipe, self.start, run.precision), facts
            finally:
                torch.set_num_threads(before)
            return
        recipe = copy(self.recipe)
        recipe.network = TorchEngine(recipe, self.start).network  # of its own, for the weights that come back
        engine = JittorEngine(recipe, recipe.options)
        engine.config = replace(engine.config, mathematics=run.mathematics)
        with Worker(run.onednn, threads) as engine.worker:
            hello = engine.worker.hello
            facts |= {"framework": f"Jittor {hello.version}", "threads": hello.threads, "onednn": hello.onednn}
            yield engine, facts

    def _measure(self, run: Run, engine: Engine, folder: Path) -> Result:
        """Train, fuse a few images, and compare values with the judge's."""
        epochs = batches(len(self.pairs), self.options.batch_size, run.steps, self.options.seed, run.order)
        loop = _Loop(folder, engine, epochs, lambda done: self.progress(run.name, done, run.steps))
        loop.run(quiet=True)
        self.progress(run.name, run.steps, run.steps)
        if run.name == JUDGE:
            end = {name: value.astype(np.float32) for name, value in _arrays(engine.recipe).items()}
            buffer = BytesIO()
            np.savez(buffer, **end)
            write_bytes(self.end_file, buffer.getvalue())
        model = model_of(engine)
        for _ in range(IMAGES):
            model.forward(self.pairs[:1])
        took = {"step": loop.recipe.seconds, "forward": [asdict(each) for each in model.seconds["forward"]]}
        if isinstance(engine, JittorEngine):
            took["start"] = [asdict(engine.worker.hello.seconds)]
        record = read_training(folder)
        losses = {name: record.steps[name].tolist() for name in record.losses}
        values = [row for point in ("start", "end") for row in self._difference_rows(run, model, point)]
        return {"losses": losses, "took": took, "values": values}

    def _difference_rows(self, run: Run, model: TorchEngine | JittorModel, point: str) -> list[list[Any]]:
        """Compare stages and gradients with those of the judge, both with the same weights."""
        if not run.values or run.name == JUDGE:
            return []
        ((first, *_), *_) = batches(len(self.pairs), self.options.batch_size, 1, self.options.seed, 0)
        batch = [self.pairs[i] for i in first]
        weights = self.start if point == "start" else dict(np.load(self.end_file))
        judge = TorchEngine(self.recipe, weights, "float64")
        model.load(weights)
        return [
            *difference_rows("forward", point, model.stages(self.pairs[0]), judge.stages(self.pairs[0])),
            *difference_rows("gradient", point, model.gradients(batch)[1], judge.gradients(batch)[1]),
        ]


def _arrays(recipe: Paper) -> Arrays:
    return {name: tensor.detach().numpy().copy() for name, tensor in recipe.network.state_dict().items()}


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
