"""The runner: fuse, score and store every method on every data set, going on where an earlier run stopped."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ..datasets import FusionDataset, RangeOption, load_dataset, parse_ranges, require_effect
from ..errors import InputError, SetupError, one_line
from ..methods.devices import check_name
from ..results import Results, Row
from .describe import describe_run
from .executors import elsewhere, make_executor, stream
from .plan import Trial, choose_metrics, make_tasks, make_trials
from .progress import Reporter
from .task import PairTask, SetUpFailed, check_target, execute
from .warm import warm_up

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from ..methods import Method

Wanted = str | Path | FusionDataset
_ENOUGH = 3  # pairs that lack the same, of a method that fused none: no other will do better


def run(
    methods: Sequence[str | Method] | str | None = None,
    datasets: Sequence[Wanted] | Wanted = ("sample",),
    *,
    out: str | Path = "runs",
    data_root: str | Path | None = None,
    split: str | None = None,
    limit: int | None = None,
    protocol: str | Sequence[str] = "film",
    metrics: Sequence[str] | None = None,
    device: str = "cpu",
    workers: int = 1,
    executor: str = "threads",
    on_error: str = "stop",
    size_policy: str = "error",
    range: RangeOption = None,
    rgbt: bool = False,
    console: Console | None = None,
    **folder: Any,
) -> pd.DataFrame:
    """Fuse, score, store, and write the leaderboard; what an earlier call with these arguments did is not done again.

    Parameters
    ----------
    methods : names, specifications such as "laplacian[levels=5]", or `Method` objects; all classical ones if None.
    datasets : names, folders (with `a`, `b` and `task` as keywords), or loaded data sets.
    out : the folder of the results; see `results` for what lies in it.
    data_root, split, limit, on_error, size_policy, range, rgbt : see `load_dataset`. A range has to have something to
        do in one of the data sets.
    protocol : one or several; `metrics` chooses some of their metrics by name.
    device : where learned methods compute.
    workers, executor : see `make_executor`.
    console : where progress is shown; nowhere if None.

    Returns
    -------
    pandas.DataFrame
        One row for each method and pair: dataset, method, pair, status, reason, seconds, and each metric@convention.

    Raises
    ------
    InputError
        Something is wrong with the arguments or the data; nothing was run.
    RunError
        The run had to stop; finished pairs are stored.
    """
    from ..methods import default_methods, get_method
    from ..results.leaderboard import write_leaderboard  # it needs SciPy, which takes a while to load

    protocols = [protocol] if isinstance(protocol, str) else list(protocol)
    keys = choose_metrics(protocols, metrics)
    check_name(device)
    names = [methods] if isinstance(methods, str) else (methods if methods is not None else default_methods())
    objects = [get_method(m, device=device) if isinstance(m, str) else m for m in names]
    wanted = [datasets] if isinstance(datasets, str | Path | FusionDataset) else datasets
    options = {
        "limit": limit, "on_error": on_error, "size_policy": size_policy, "range": parse_ranges(range), "rgbt": rgbt,
        **folder,
    }  # fmt: skip
    loaded = [_read_by(d, range) if isinstance(d, FusionDataset) else load_dataset(d, data_root, split, **options)
              for d in wanted]  # fmt: skip
    require_effect(loaded)
    for method in objects:
        for dataset in loaded:
            method.expect(dataset)
    # Threads share what is made here; a process makes its own.
    here = executor == "threads"
    chosen = [(m if here else _portable(spec, m), m) for spec, m in zip(names, objects, strict=True)]
    trials = make_trials(chosen, loaded, keys, Path(out), device)
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(make_executor(executor, workers))
        stack.callback(_close_methods, trials)
        tasks = _prepare(trials, pool, workers)  # nothing is written before
        stack.enter_context(_removing_empty(trials))
        changed = [_open(trial, stack) for trial in trials]
        stack.callback(pool.shutdown)  # nobody works on in a folder that is closed
        if any(changed):  # by another run, in the meantime
            tasks = make_tasks(trials, workers)
        for sentence in dict.fromkeys(remark for dataset in loaded for remark in dataset.remarks):
            (console or Console(quiet=True)).print(f"note: {sentence}", highlight=False, soft_wrap=True)
        _work(trials, tasks, pool, 2 * workers, console or Console(quiet=True))
        for trial in trials:
            trial.folder.write_manifest(describe_run(trial, "finished"))
    write_leaderboard(Results(Path(out)))
    return _frame(trials)


def _read_by(dataset: FusionDataset, range: RangeOption) -> FusionDataset:
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
        trial.method.close()


def _prepare(trials: list[Trial], pool: Executor, workers: int) -> list[PairTask]:
    """Find what is left to do, and make sure that it can be done, each method once for each data set."""
    for trial in trials:
        trial.look()
    tasks = make_tasks(trials, workers)
    fusing = {target.folder for task in tasks for target in task.targets if target.row is None}
    here = isinstance(pool, ThreadPoolExecutor)
    for trial in trials:
        if trial.folder.path in fusing:
            arguments = (trial.spec, trial.device, trial.dataset.pairs)
            check_target(*arguments) if here else elsewhere(pool, check_target, *arguments)
    for trial in trials:
        if here and trial.folder.path in fusing:
            trial.method.start()
            for task in sorted({task.pair.task for task in tasks if trial.fuses(task)}):
                warm_up(trial.method, task)
    return tasks


def _open(trial: Trial, stack: contextlib.ExitStack) -> bool:
    """Lock the folder of a trial until the run ends; say whether what is there changed since it was looked at."""
    changed = trial.open()
    stack.callback(trial.folder.close, [*(pair.name for pair in trial.dataset), *trial.dataset.skipped])
    trial.folder.write_manifest(describe_run(trial, "running"))
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


def _work(trials: list[Trial], tasks: list[PairTask], executor: Executor, ahead: int, console: Console) -> None:
    by_path = {trial.folder.path: trial for trial in trials}
    for trial in trials:
        for name, reason in trial.dataset.skipped.items():
            _record(trial, Row(name, "skipped", reason))
    total = sum(len(trial.dataset) for trial in trials)
    left = sum(len(task.targets) for task in tasks)
    held: dict[Path, list[SetUpFailed]] = {}
    with Reporter(console, total, done=total - left) as reporter:
        for results in stream(executor, execute, tasks, ahead):
            for path, row in results:
                _take(by_path[path], row, held)
            reporter.advance(len(results), results[-1][1].pair)
            _refuse(by_path, held, _ENOUGH)  # the other methods' rows of this pair are kept
    _refuse(by_path, held, 1)


def _take(trial: Trial, row: Row, held: dict[Path, list[SetUpFailed]]) -> None:
    """Record a row; but hold it back where it tells of every pair, until another pair of the method shows otherwise."""
    path = trial.folder.path
    if isinstance(row, SetUpFailed) and not any(done.status == "ok" for done in trial.rows.values()):
        held.setdefault(path, []).append(row)
        return
    _record(trial, row)
    if row.status == "ok":
        for other in held.pop(path, []):
            _record(trial, other)


def _refuse(by_path: dict[Path, Trial], held: dict[Path, list[SetUpFailed]], enough: int) -> None:
    """End the run where so many pairs of a method lacked the same, and none was fused."""
    for path, rows in held.items():
        if len(rows) >= enough:
            raise SetupError(f"method {by_path[path].method.label!r} can fuse no pair here: {rows[0].lacks}")


def _record(trial: Trial, row: Row) -> None:
    if trial.rows.get(row.pair) != row:
        trial.folder.append(row)
        trial.rows[row.pair] = row


def _frame(trials: list[Trial]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "dataset": trial.dataset.label,
            "method": trial.method.label,
            "pair": row.pair,
            "status": row.status,
            "reason": row.reason,
            "seconds": row.seconds,
            **row.metrics,
        }
        for trial in trials
        for name in [*(pair.name for pair in trial.dataset), *trial.dataset.skipped]
        if (row := trial.rows.get(name)) is not None
    )
