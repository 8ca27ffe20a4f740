"""The runner: fuse, score and store every method on every data set, going on where an earlier run stopped."""

from __future__ import annotations

import contextlib
import functools
import inspect
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from rich.console import Console

from ..datasets import FusionDataset, RangeOption, load_dataset, parse_ranges, require_effect
from ..devices.names import check_name
from ..errors import FusionBenchError, InputError, InterruptedRunError, SetupError, one_line, unknown
from ..files import flush
from ..foreign.code import copy_code
from ..foreign.contained import run_of_methods
from ..results import Results
from ..results.unfinished import clear, fusing
from .batches import BatchSize, check_batch
from .cores import default_workers, share
from .describe import describe_run, forget_sources, pairs_of
from .done import DoneRows
from .executors import elsewhere, make_executor
from .experiment import of_call, write_experiment
from .layout import check_layout, write_layout
from .plan import FIRST, Trial, choose_metrics, make_tasks, make_trials, metrics_on
from .ready import ask
from .score_on import HERE, check_scores, score_device
from .task import PairTask, check_target, to_fuse
from .videos import forget_measures, measure_videos
from .warm import warm_up
from .whole import forget, fuse_at_once
from .work import Work
from .workers import WorkerPool

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from ..methods import Method

Source = str | Path | FusionDataset
P = ParamSpec("P")


def run_rows(
    methods: Sequence[str | Method] | str | Method | None = None,
    datasets: Sequence[Source] | Source = ("sample",),
    *,
    out: str | Path = "runs",
    data_root: str | Path | None = None,
    split: str | None = None,
    limit: int | None = None,
    protocol: str | Sequence[str] = "film",
    metrics: Sequence[str] | None = None,
    device: str = "cpu",
    batch: BatchSize = "auto",
    score_on: str = "cpu",
    workers: int | None = None,
    executor: str = "threads",
    timeout: float | None = None,
    on_error: str = "stop",
    size_policy: str = "error",
    range: RangeOption = None,
    rgbt: bool = False,
    layout: str | None = None,
    keep: str | None = None,
    copy: bool = False,
    console: Console | None = None,
    results: Results | None = None,
    experiment: Mapping[str, Any] | None = None,
    **folder: Any,
) -> Sequence[dict[str, Any]]:
    """Fuse, score, store, and write the leaderboard; what an earlier call with these arguments did is not done again.

    Parameters
    ----------
    methods : names, specifications such as "laplacian[levels=5]", or `Method` objects; all classical ones if None.
    datasets : names, folders (with `a`, `b`, `further`, `sequences` and `task` as keywords), or loaded data sets.
    out : the folder of the results; see `results` for what lies in it.
    data_root, split, limit, on_error, size_policy, range, rgbt : see `load_dataset`. A range has to have something to
        do in one of the data sets.
    protocol : one or several; `metrics` chooses some of their metrics by name. Where it does not, a data set of which
        every pair has an ideal image is scored by the protocol `reference` as well.
    device : where learned methods compute.
    batch : how many pairs of one size a network takes in one call; "auto" is one on the processor, and on a device that
        tells of its memory as many as have room there, at most 16. A pair has an equal share of its batch's seconds.
    score_on : the device that computes metrics, of up to 16 pairs of one size at once: values are equal to 1e-6, not to
        the last digit, so that it has to be asked for. "auto" takes `device`, or else the first card of this
        machine, for as long as it is faster than the processor, on both of which it is tried.
    workers, executor : see `make_executor`; None works on as many pairs at once as there are cores, and of networks as
        many as memory takes. Values and images do not depend on it.
    timeout : seconds that a method may take for a pair; its row is a failed one then. Only a process can be ended, so
        that processes take the place of threads; a Dask cluster has no such limit.
    layout : "film" writes the images once more, as FILM's script does; see `layout.write_layout`.
    keep : "code" copies the sources that ran into the folder `code` of each method; see `foreign.code.copy_code`.
    copy : copies images that were fused elsewhere, which are linked otherwise where they are PNG of 8 bits.
    console : where progress is shown; nowhere if None.
    results : of the folder `out`: reads it at the end, for a caller who goes on with what has been read.
    experiment : what `OUT/experiment.toml` gets in place of these arguments, of which {} leaves the file as it is.

    Returns
    -------
    sequence of dict, or a pandas.DataFrame of them from `run`
        One row for each method and pair: dataset, method, pair, status, reason, seconds, and each metric@convention.

    Raises
    ------
    InputError
        Something is wrong with the arguments or the data; nothing was run.
    RunError
        The run had to stop; finished pairs are stored.
    InterruptedRunError
        Ctrl-C, or another signal to end; finished pairs are stored.
    """
    asked = {**locals(), **folder}
    from ..methods import Method, default_methods, get_method
    from ..results.leaderboard import write_leaderboard

    if keep not in (None, "code"):
        raise unknown("thing to keep", keep, ["code"])
    protocols = [protocol] if isinstance(protocol, str) else list(protocol)
    keys = choose_metrics(protocols, metrics)
    check_name(device)
    check_batch(batch)
    scoring = score_device(score_on, device)
    executor = _that_can_end(timeout, executor)
    out = Path(out).absolute()  # wherever a method goes
    with run_of_methods(), contextlib.ExitStack() as stack:
        given = default_methods() if methods is None else methods
        names = [given] if isinstance(given, str | Method) else given
        objects = [get_method(m, device=device) if isinstance(m, str) else m for m in names]
        sources = [datasets] if isinstance(datasets, str | Path | FusionDataset) else datasets
        options = {
            "limit": limit, "on_error": on_error, "size_policy": size_policy, "range": parse_ranges(range),
            "rgbt": rgbt, **folder,
        }  # fmt: skip
        data = [
            _with_range(d, range) if isinstance(d, FusionDataset) else load_dataset(d, data_root, split, **options)
            for d in sources
        ]
        require_effect(data)
        data = [dataset.absolute() for dataset in data]  # wherever a method goes
        check_layout(layout, objects, data)
        for method in objects:
            for dataset in data:
                ask(method, method.expect, dataset)
        # Threads share what is made here; a process makes its own.
        here = executor == "threads"
        specs = [(m if here else _portable(spec, m), m) for spec, m in zip(names, objects, strict=True)]
        trials = make_trials(specs, [(each, metrics_on(each, keys, metrics is None)) for each in data], out, device)
        if workers is None:
            workers = default_workers(objects, executor)
        pool = stack.enter_context(make_executor(executor, workers, out / "slurm"))
        stack.callback(_close_methods, trials)
        manner = workers, timeout, copy, scoring
        tasks = _prepare(trials, pool, *manner)  # nothing is written before
        stack.enter_context(_removing_empty(trials))
        if tasks:
            stack.callback(_flush, out)  # once for all images, which did not wait for the disk
        changed = [_open(trial, stack) for trial in trials]
        damage = [trial.damage for trial in trials if trial.damage]
        work = Work(trials, pool, workers, console or Console(quiet=True), batch)
        stack.callback(work.close)  # nobody works on in a folder that is closed
        if any(changed):  # by another run, in the meantime
            tasks = make_tasks(trials, *manner)
        busy = {target.folder for task in tasks for target in task.targets}
        for trial in trials:
            if trial.folder.path in busy or trial.folder.manifest() is None:
                trial.folder.write_manifest(describe_run(trial, "running"))
        if here and tasks:
            share(workers)  # torch, too, which the methods' checks have loaded
            _warm_up(trials, tasks)
        for sentence in dict.fromkeys([*damage, *(remark for dataset in data for remark in dataset.remarks)]):
            work.console.print(f"note: {sentence}", highlight=False, soft_wrap=True)
        try:
            if fuse_at_once(trials, tasks, work.console) and not here:
                for trial in trials:  # a method knows more now
                    trial.spec = trial.spec if isinstance(trial.spec, str) else _portable(trial.method, trial.method)
                tasks = make_tasks(trials, *manner)
            forget_measures(trials, tasks)
            work.do(tasks)
            measure_videos(trials, work.console)
        except KeyboardInterrupt as interruption:
            # of the files: the signal may have come between a row's writing and its counting
            images = sum(row.status == "ok" for trial in trials for row in trial.folder.rows().values())
            total = sum(len(trial.dataset) for trial in trials)
            raise InterruptedRunError(
                f"interrupted; {images} of {total} images are kept in {out}, and the same command goes on from there",
                interruption,
            ) from interruption
        for trial in trials:
            forget(trial)
            trial.folder.write_manifest(describe_run(trial, "finished", trial.folder.path in busy))
            trial.seen.write(len(trial.dataset) >= len(trial.rows))
            if keep:
                copy_code(trial.folder.path / "code", type(trial.method), _files_of(trial))
        if layout:
            write_layout(trials, out, layout)
    forget_sources()
    write_leaderboard(results or Results(out))
    written = of_call(names, sources, asked, inspect.signature(run_rows)) if experiment is None else experiment
    if written:
        write_experiment(out, written)
    return DoneRows(trials)


def _in_frame(function: Callable[P, Sequence[dict[str, Any]]], name: str) -> Callable[P, pd.DataFrame]:
    """Make a function that gives rows one that gives a data frame, under a name; pandas takes a while to load."""

    @functools.wraps(function)
    def framed(*args: P.args, **options: P.kwargs) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(list(function(*args, **options)))

    framed.__name__ = framed.__qualname__ = name
    framed.__annotations__ = {**function.__annotations__, "return": "pd.DataFrame"}
    return framed


run = _in_frame(run_rows, "run")


def _files_of(trial: Trial) -> set[Path]:
    """List the files that the code of a method is made of, for whichever pair."""
    done = (pair for pair in trial.dataset if pair.name in trial.rows and trial.rows[pair.name].status == "ok")
    return {file for pair in done for file in trial.method.files(pair)}


def _that_can_end(timeout: float | None, executor: str) -> str:
    """Choose an executor whose workers can be ended, where methods have a time limit."""
    if timeout is None:
        return executor
    if not timeout > 0:
        raise InputError(f"--timeout {timeout:g}: give more than 0 seconds")
    if executor not in ("threads", "processes"):
        raise InputError(f"--timeout {timeout:g}: a method that hangs can be ended with --executor processes only")
    return "processes"


def _with_range(dataset: FusionDataset, range: RangeOption) -> FusionDataset:
    """Return a loaded data set, read by the rule of the run where there is one."""
    return dataset if range is None else replace(dataset, ranges=parse_ranges(range))


def _portable(spec: str | Method, method: Method) -> str | bytes:
    """Bring a method into the form in which it goes to other processes."""
    if isinstance(spec, str) and method.computes:  # a folder has seen all pairs
        return spec
    try:
        return pickle.dumps(method)
    except Exception as error:
        raise InputError(
            f"method {method.label!r} cannot be given to other processes ({one_line(error)}): use --executor threads"
        ) from error


def _close_methods(trials: list[Trial]) -> None:
    for trial in trials:
        with contextlib.suppress(InputError):  # its rows are there
            ask(trial.method, trial.method.close)


def _flush(out: Path) -> None:
    """Bring all results to the disk at the end of a run, also of one that is stopped."""
    with contextlib.suppress(FusionBenchError):  # the folder is gone
        flush(out)


def _prepare(
    trials: list[Trial], pool: Executor, workers: int, timeout: float | None, copy: bool, score_on: str
) -> list[PairTask]:
    """Find what is left to do, and make sure that it can be done, each method once for each data set."""
    for trial in trials:
        trial.look()
    tasks = make_tasks(trials, workers, timeout, copy, score_on)
    here = isinstance(pool, ThreadPoolExecutor) and not isinstance(pool, WorkerPool)
    if tasks and here:
        check_scores(score_on)
    elif tasks and score_on != HERE:
        elsewhere(pool, "--score-on", check_scores, score_on)
    left = to_fuse(tasks)
    for trial in trials:
        if trial.folder.path in left:
            arguments = (trial.spec, trial.device, trial.dataset.pairs)
            if here:
                check_target(*arguments)
                ask(trial.method, trial.method.start)
            else:
                elsewhere(pool, trial.method.label, check_target, *arguments)
    return tasks


def _warm_up(trials: list[Trial], tasks: list[PairTask]) -> None:
    """Get ready what the methods do once; one that ends the process here is known by that to the next run."""
    left = to_fuse(tasks)
    for trial in trials:
        kinds = sorted({task.pair.task for task in left.get(trial.folder.path, ())})
        if kinds and FIRST not in trial.deadly:
            with fusing(trial.folder.path, FIRST):
                for kind in kinds:
                    warm_up(trial.method, kind)


def _open(trial: Trial, stack: contextlib.ExitStack) -> bool:
    """Lock the folder of a trial until the run ends; say whether what is there changed since it was looked at."""
    changed = trial.open()
    stack.callback(clear, trial.folder.path)
    stack.callback(lambda: trial.folder.close([*pairs_of(trial, trial.folder.manifest()), *trial.dataset.skipped]))
    return changed


@contextlib.contextmanager
def _removing_empty(trials: list[Trial]) -> Iterator[None]:
    """Leave no folder behind that a run made, if it ended before the first row because nothing can be fused."""
    new = [trial for trial in trials if not trial.folder.path.exists()]
    try:
        yield
    except SetupError:
        for trial in new:
            if not trial.rows:
                trial.folder.remove()
        raise
