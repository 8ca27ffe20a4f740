"""Doing the study: one run after the other, each written when it is finished, so that the same command goes on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...environment import environment as versions_and_machine
from ...errors import InputError
from ...files import check_writable, write_bytes, write_text
from ...methods.film.checkpoints import load_network
from ...methods.film.method import parse_grid
from ...methods.film.network import GRID, FilmNetwork
from ...sizes import parse_size_or_auto
from ...training.options import TrainOptions
from ...training.recipes.film.samples import find_items
from ..jittor import environment
from ..jittor.pipe import Arrays, Clock, Config, Pair
from ..jittor.proxy import JittorModel
from ..jittor.worker import Worker
from .figure import plot_losses
from .plan import JUDGE, Run, StudyOptions, planned_runs
from .tables import comparison_table, difference_rows, losses_table, markdown
from .torch_model import TorchModel

IMAGES = 4  # fused for the time that it takes, the first apart
ADDING = ("orders", "slow_steps", "cold")  # options that add runs, and leave the others as they are
Model = TorchModel | JittorModel
Result = dict[str, Any]
Progress = Callable[[str, int, int], None]


def run_study(options: StudyOptions, out: str | Path, progress: Progress = lambda run, done, total: None) -> Path:
    """Do the runs that are not there yet, and write the tables and the picture.

    `comparison.csv` and `losses.csv` have all numbers, `comparison.md` those for readers, `study.json` what was asked
    for; `loss_comparison.png` shows the losses.

    Parameters
    ----------
    options : of the study.
    out : its folder. `runs/` has what each finished run gives; a run that was killed is done again.
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
    results = {run.name: measurement.result(run) for run in planned_runs(options)}
    epoch = len(measurement.pairs) // options.batch_size
    losses, comparison = losses_table(results), comparison_table(results, epoch)
    write_text(out / "losses.csv", losses.to_csv(index_label="step"))
    write_text(out / "comparison.csv", comparison.to_csv(index=False, na_rep="nan"))
    record |= {"steps_in_epoch": epoch, "runs": {name: result["facts"] for name, result in results.items()}}
    write_text(out / "study.json", json.dumps(record, indent=2) + "\n")
    write_text(out / "comparison.md", markdown(comparison))
    plot_losses(losses, epoch, out / "loss_comparison.png")
    return out


def read_pairs(options: StudyOptions) -> list[Pair]:
    """Read the pairs as training does.

    Raises
    ------
    InputError
        There are fewer than a batch.
    """
    training = TrainOptions(
        "film", options.dataset, options.data_root, options.split, train_num=options.pairs, seed=options.seed
    )
    draw = np.random.default_rng(options.seed)
    size = parse_size_or_auto(options.image_size, "--image-size")
    items = find_items(training, options.text, size, parse_grid(options.grid) or GRID)
    pairs = [item.read(draw) for item in items[: options.pairs]]
    if len(pairs) < options.batch_size:
        raise InputError(f"there are {len(pairs)} pairs, fewer than a batch of {options.batch_size}: give more data")
    return [tuple(np.ascontiguousarray(part, np.float32) for part in pair) for pair in pairs]  # type: ignore[misc]


def batches(number: int, size: int, steps: int, seed: int, order: int) -> list[list[int]]:
    """Draw which pairs each step learns from: all of them in an epoch, in a new order each time, but a last rest."""
    result: list[list[int]] = []
    for epoch in range(-(-steps // (number // size))):
        places = np.random.default_rng([seed, order, epoch]).permutation(number).tolist()
        result += [places[at : at + size] for at in range(0, number - size + 1, size)]
    return result[:steps]


def initial_weights(options: StudyOptions) -> Arrays:
    """Load or draw the weights that all runs start from."""
    if options.weights is not None:
        network = load_network(options.weights)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = FilmNetwork()
    return {name: tensor.detach().numpy().copy() for name, tensor in network.state_dict().items()}


class _Measurement:
    """What all runs of a study share: data, weights, folder."""

    def __init__(self, options: StudyOptions, out: Path, progress: Progress) -> None:
        self.options, self.out, self.progress = options, out, progress
        self.config = Config(parse_grid(options.grid) or GRID)
        self.start, self.pairs = initial_weights(options), read_pairs(options)
        self.end_file = out / "runs" / f"{JUDGE}.npz"  # the judge's weights after its last step

    def result(self, run: Run) -> Result:
        """Return what a run gives, from its file if it is finished."""
        file = self.out / "runs" / f"{run.name}.json"
        if file.is_file() and (run.name != JUDGE or self.end_file.is_file()):
            result: Result = json.loads(file.read_text())
            if result["run"] == asdict(run):
                return result
        clock = Clock()
        with _empty_home() if run.cold else nullcontext(), self._model(run) as (model, facts):
            result = {"run": asdict(run), "facts": facts, **self._measure(run, model)}
        result["children"] = clock.read().compiling
        write_text(file, json.dumps(result))
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
                yield TorchModel(self.start, self.config, run.precision), facts
            finally:
                torch.set_num_threads(before)
            return
        with Worker(run.onednn, threads) as worker:
            hello = worker.hello
            model = JittorModel(worker, self.start, replace(self.config, mathematics=run.mathematics))
            model.seconds["start"] = [hello.seconds]
            facts |= {"framework": f"Jittor {hello.version}", "threads": hello.threads, "onednn": hello.onednn}
            yield model, facts

    def _measure(self, run: Run, model: Model) -> Result:
        """Take a run's steps, fuse a few images, and compare values before and after with the judge's."""
        options, losses = self.options, dict[str, list[float]]()
        order = batches(len(self.pairs), options.batch_size, run.steps, options.seed, run.order)
        rows = self._difference_rows(run, model, "start")
        model.load(self.start)  # the optimiser as new
        for done, batch in enumerate(order):
            self.progress(run.name, done, run.steps)
            for name, value in model.step([self.pairs[i] for i in batch], options.lr)[0].items():
                losses.setdefault(name, []).append(value)
        self.progress(run.name, run.steps, run.steps)
        if run.name == JUDGE:
            buffer = BytesIO()
            np.savez(buffer, **{name: value.astype(np.float32) for name, value in model.weights().items()})
            write_bytes(self.end_file, buffer.getvalue())
        for _ in range(IMAGES):
            model.forward(self.pairs[:1])
        rows += self._difference_rows(run, model, "end")
        seconds = {name: [asdict(each) for each in calls] for name, calls in model.seconds.items()}
        return {"losses": losses, "took": seconds, "values": rows}

    def _difference_rows(self, run: Run, model: Model, point: str) -> list[list[Any]]:
        """Compare stages and gradients with those of the judge, both with the same weights; count the ties."""
        if not run.values or run.name == JUDGE:
            return []
        first = batches(len(self.pairs), self.options.batch_size, 1, self.options.seed, 0)[0]
        batch = [self.pairs[i] for i in first]
        weights = self.start if point == "start" else dict(np.load(self.end_file))
        judge = TorchModel(weights, self.config, "float64")
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


@contextmanager
def _empty_home() -> Iterator[None]:
    """Let Jittor start in an empty folder, with the oneDNN that is there."""
    onednn, before = environment.onednn_folder(), os.environ.get("JITTOR_HOME")
    with tempfile.TemporaryDirectory(prefix="jittor-", dir=environment.home().parent) as folder:
        os.environ["JITTOR_HOME"] = folder
        try:
            if onednn.is_dir():
                shutil.copytree(onednn, environment.onednn_folder(), symlinks=True)
            yield
        finally:
            os.environ.pop("JITTOR_HOME")
            if before is not None:
                os.environ["JITTOR_HOME"] = before
