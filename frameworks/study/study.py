"""Doing the study: one run after the other, each kept when it is finished, so that the same command goes on."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...files import check_writable, write_bytes, write_text
from ...sizes import parse_size_or_auto
from ...training.options import TrainOptions
from ..jittor import environment
from ..jittor.messages import Arrays, Pair
from .rows import comparison_csv, difference_rows, losses_csv
from .runs import JUDGE, Run, StudyOptions, planned
from .sessions import Session, TorchSession, opened

Progress = Callable[[str, int, int], None]
IMAGES = 4  # fused for the time that it takes, the first apart
STUDY, WORK = "study.json", "work"
ADDING = ("orders", "slow_steps", "cold")  # options that add runs, and leave the others as they are


def run_study(options: StudyOptions, out: str | Path, progress: Progress = lambda run, done, total: None) -> Path:
    """Run what is not there yet, and write `comparison.csv`, `losses.csv` and `study.json`.

    Parameters
    ----------
    options : of the study.
    out : its folder. `runs/` keeps what each finished run gave; a run that was killed is done again.
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
    version = environment.require()
    out = Path(out)
    check_writable(out)
    start = initial_weights(options)
    pairs = read_pairs(options)
    _claim(out, options, pairs, version)
    study = _Study(options, out, pairs, start, progress)
    runs = planned(options)
    kept = {run.name: study.do(run) for run in runs}
    epoch = len(pairs) // options.batch_size
    write_text(out / "losses.csv", losses_csv(kept))
    write_text(out / "comparison.csv", comparison_csv(kept, epoch))
    told = json.loads((out / STUDY).read_text())
    told |= {"steps_in_epoch": epoch, "runs": {name: result["facts"] for name, result in kept.items()}}
    write_text(out / STUDY, json.dumps(told, indent=2) + "\n")
    shutil.rmtree(out / WORK, ignore_errors=True)
    return out


def read_pairs(options: StudyOptions) -> list[Pair]:
    """Read the pairs as training does.

    Raises
    ------
    InputError
        There are fewer than a batch.
    """
    from ...methods.film.method import parse_grid
    from ...methods.film.network import GRID
    from ...training.recipes.film.samples import find_items

    grid = parse_grid(options.grid) or GRID
    chosen = TrainOptions(
        "film", options.dataset, options.data_root, options.split, train_num=options.pairs, seed=options.seed
    )
    draw = np.random.default_rng(options.seed)
    items = find_items(chosen, options.text, parse_size_or_auto(options.image_size, "--image-size"), grid)
    pairs = [item.read(draw) for item in items[: options.pairs]]
    if len(pairs) < options.batch_size:
        raise InputError(f"there are {len(pairs)} pairs, fewer than a batch of {options.batch_size}: give more data")
    return [tuple(np.ascontiguousarray(part, np.float32) for part in pair) for pair in pairs]  # type: ignore[misc]


def batches(number: int, size: int, steps: int, seed: int, order: int) -> list[list[int]]:
    """Draw which pairs each step learns from: all of them in an epoch, in a new order each time, but a last rest.

    Examples
    --------
    >>> first = batches(5, 2, 4, seed=0, order=0)
    >>> [len(set(first[0] + first[1])), len(set(first[2] + first[3])), first == batches(5, 2, 4, seed=0, order=1)]
    [4, 4, False]
    """
    drawn: list[list[int]] = []
    epoch = 0
    while len(drawn) < steps:
        places = np.random.default_rng([seed, order, epoch]).permutation(number).tolist()
        drawn += [places[at : at + size] for at in range(0, number - size + 1, size)]
        epoch += 1
    return drawn[:steps]


class _Study:
    """One study under way."""

    def __init__(
        self, options: StudyOptions, out: Path, pairs: Sequence[Pair], start: Arrays, progress: Progress
    ) -> None:
        from ...methods.film.method import parse_grid
        from ...methods.film.network import GRID

        self.options, self.out, self.pairs, self.progress = options, out, pairs, progress
        self.grid = parse_grid(options.grid) or GRID
        self.start = start

    def do(self, run: Run) -> dict[str, Any]:
        """Return what a run gave, from its file if it was finished."""
        file = self.out / "runs" / f"{run.name}.json"
        needed = run.name == JUDGE and not self._complete()
        if file.is_file() and not (needed and not self._judge("end").is_file()):
            kept: dict[str, Any] = json.loads(file.read_text())
            if kept["run"] == asdict(run):
                return kept
        home = _empty_home() if run.cold else nullcontext()
        before = _children()
        with home, opened(run, self.start, self.grid, self.options.threads) as session:
            kept = {"run": asdict(run), "facts": session.facts, **self._measure(run, session)}
        kept["children"] = _children() - before
        write_text(file, json.dumps(kept))
        return kept

    def _measure(self, run: Run, session: Session) -> dict[str, Any]:
        options = self.options
        rows: list[list[Any]] = self._values(run, session, "start") if run.values else []
        if run.values:
            session.load(self.start)  # the optimiser as new
        losses: dict[str, list[float]] = {}
        order = batches(len(self.pairs), options.batch_size, run.steps, options.seed, run.order)
        for done, batch in enumerate(order):
            self.progress(run.name, done, run.steps)
            for name, value in session.step([self.pairs[i] for i in batch], options.lr).items():
                losses.setdefault(name, []).append(value)
        self.progress(run.name, run.steps, run.steps)
        if run.name == JUDGE:
            self._keep_weights(session)
        for _ in range(IMAGES):
            session.forward(self.pairs[0])
        if run.values:
            session.load(self._end())
            rows += self._values(run, session, "end")
        return {"losses": losses, "took": {name: [asdict(t) for t in took] for name, took in session.took.items()},
                "values": rows}  # fmt: skip

    def _values(self, run: Run, session: Session, point: str) -> list[list[Any]]:
        """Compare stages and gradients with the judge's, or keep the judge's."""
        batch = [self.pairs[i] for i in batches(len(self.pairs), self.options.batch_size, 1, self.options.seed, 0)[0]]
        stages = session.stages(self.pairs[0])
        _, gradients = session.gradients(batch)
        if run.name == JUDGE:
            with _written(self._judge(point)) as file:
                np.savez(
                    file, **{f"s:{k}": v for k, v in stages.items()}, **{f"g:{k}": v for k, v in gradients.items()}
                )
            return []
        with np.load(self._judge(point)) as judge:
            rows = difference_rows(point, stages, gradients, judge)
        if isinstance(session, TorchSession):
            rows += [["ties", point, name, "share_of_values", share] for name, share in session.ties(batch).items()]
        return rows

    def _judge(self, point: str) -> Path:
        return self.out / WORK / f"judge-{point}.npz"

    def _complete(self) -> bool:
        """Whether every run that is compared with the judge has been."""
        runs = [run for run in planned(self.options) if run.values]
        return all((self.out / "runs" / f"{run.name}.json").is_file() for run in runs)

    def _keep_weights(self, session: Session) -> None:
        """Keep the judge's weights after its last step: there, too, all are compared."""
        with _written(self.out / WORK / "end.npz") as file:
            np.savez(file, **{name: value.astype(np.float32) for name, value in session.weights().items()})

    def _end(self) -> Arrays:
        with np.load(self.out / WORK / "end.npz") as file:
            return {name: file[name] for name in file.files}


def initial_weights(options: StudyOptions) -> Arrays:
    """Load or draw the weights that all runs start from, in the order of the network's parameters."""
    import torch

    from ...methods.film.checkpoints import load_network
    from ...methods.film.network import FilmNetwork

    if options.weights is not None:
        network = load_network(options.weights)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = FilmNetwork()
    return {name: tensor.detach().numpy().copy() for name, tensor in network.state_dict().items()}


def _claim(out: Path, options: StudyOptions, pairs: Sequence[Pair], version: str) -> None:
    """Write down what this folder is for, or make sure that it is for that."""
    import torch

    digest = hashlib.sha256(b"".join(part.tobytes() for pair in pairs for part in pair)).hexdigest()
    sizes = sorted({pair[0].shape for pair in pairs})
    told = {name: value for name, value in json.loads(json.dumps(asdict(options))).items() if name not in ADDING}
    study = {
        "options": told, "pairs": len(pairs), "sizes": [list(size) for size in sizes], "data": f"sha256:{digest}",
        "versions": {"torch": torch.__version__, "jittor": version, "numpy": np.__version__},
        "machine": _machine(),
    }  # fmt: skip
    file = out / STUDY
    if file.is_file():
        before = json.loads(file.read_text())
        for part in ("options", "data", "versions"):
            if before.get(part) != study[part]:
                raise InputError(f"{out} holds a study of other {part}: choose another --out, or delete it")
    else:
        started = datetime.now().astimezone().isoformat(timespec="seconds")
        write_text(file, json.dumps({**study, "started": started}, indent=2) + "\n")


def _children() -> float:
    """Return the CPU seconds of all processes that have ended, and of theirs: Jittor's compilers among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _machine() -> str:
    """Name the processor and its cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores"


@contextmanager
def _written(path: Path) -> Iterator[Any]:
    """Give a file to write to, which takes its name when it is whole."""
    buffer = io.BytesIO()
    yield buffer
    write_bytes(path, buffer.getvalue())


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
            if before is None:
                del os.environ["JITTOR_HOME"]
            else:
                os.environ["JITTOR_HOME"] = before
