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
from ..environment import environment
from ..errors import InputError, SetupError, one_line
from ..methods.devices import check_name
from ..metrics import get_metric, get_protocol
from ..metrics.compiler.levels import PLAIN
from ..metrics.compiler.machine import processor
from ..results.store import FORMAT, Row
from . import manifest
from .executors import elsewhere, make_executor, stream
from .notes import notes_of
from .plan import Part, choose_metrics, make_parts, make_tasks
from .progress import Reporter
from .sizes import size_record
from .task import PairTask, SetUpFailed, check_target, execute
from .timing import timing
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
    """Fuse, score and store; what an earlier call with the same arguments finished is not done again.

    Parameters
    ----------
    methods : names, specifications such as "laplacian[levels=5]", or `Method` objects; all classical ones if None.
    datasets : names, folders (with `a`, `b` and `task` as keywords), or loaded data sets.
    out : the folder of the results; see `bench.store` for what lies in it.
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

    protocols = [protocol] if isinstance(protocol, str) else list(protocol)
    keys = choose_metrics(protocols, metrics)
    check_name(device)
    names = [methods] if isinstance(methods, str) else (methods if methods is not None else default_methods())
    made = [get_method(m, device=device) if isinstance(m, str) else m for m in names]
    wanted = [datasets] if isinstance(datasets, str | Path | FusionDataset) else datasets
    options = {
        "limit": limit, "on_error": on_error, "size_policy": size_policy, "range": parse_ranges(range), "rgbt": rgbt,
        **folder,
    }  # fmt: skip
    loaded = [_read_by(d, range) if isinstance(d, FusionDataset) else load_dataset(d, data_root, split, **options)
              for d in wanted]  # fmt: skip
    require_effect(loaded)
    for method in made:
        for dataset in loaded:
            method.expect(dataset)
    # Threads share what is made here; a process makes its own.
    chosen = [
        (method if executor == "threads" else _sent(m, method), method) for m, method in zip(names, made, strict=True)
    ]
    parts = make_parts(chosen, loaded, keys, Path(out), device)
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(make_executor(executor, workers))
        stack.callback(_close_methods, parts)
        tasks = _prepare(parts, pool, workers)  # nothing is written before
        stack.enter_context(_removing_empty(parts))
        changed = [_open(part, stack) for part in parts]
        stack.callback(pool.shutdown)  # nobody works on in a folder that is closed
        if any(changed):  # by another run, in the meantime
            tasks = make_tasks(parts, workers)
        for sentence in dict.fromkeys(remark for dataset in loaded for remark in dataset.remarks):
            (console or Console(quiet=True)).print(f"note: {sentence}", highlight=False, soft_wrap=True)
        _work(parts, tasks, pool, 2 * workers, console or Console(quiet=True))
        for part in parts:
            _write_manifest(part, "finished")
    return _frame(parts)


def _read_by(dataset: FusionDataset, range: RangeOption) -> FusionDataset:
    """Return a loaded data set, read by the rule of the run where there is one."""
    return dataset if range is None else replace(dataset, ranges=parse_ranges(range))


def _sent(given: str | Method, method: Method) -> str | bytes:
    """Bring a method into the form in which it goes to other processes."""
    if isinstance(given, str) and method.computes:  # a folder has seen all pairs
        return given
    try:
        return pickle.dumps(method)
    except Exception as error:
        raise InputError(
            f"method {method.label!r} cannot be given to other processes ({one_line(error)}): use --executor threads"
        ) from error


def _close_methods(parts: list[Part]) -> None:
    for part in parts:
        part.method.close()


def _prepare(parts: list[Part], pool: Executor, workers: int) -> list[PairTask]:
    """Find what is left to do, and make sure that it can be done, each method once for each data set."""
    for part in parts:
        part.look()
    tasks = make_tasks(parts, workers)
    fusing = {target.folder for task in tasks for target in task.targets if target.row is None}
    here = isinstance(pool, ThreadPoolExecutor)
    for part in parts:
        if part.folder.path in fusing:
            arguments = (part.spec, part.device, part.dataset.pairs)
            check_target(*arguments) if here else elsewhere(pool, check_target, *arguments)
    for part in parts:
        if here and part.folder.path in fusing:
            part.method.start()
            for task in sorted({task.pair.task for task in tasks if part.fuses(task)}):
                warm_up(part.method, task)
    return tasks


def _open(part: Part, stack: contextlib.ExitStack) -> bool:
    """Lock the folder of a part until the run ends; say whether what is there changed since it was looked at."""
    changed = part.open()
    stack.callback(part.folder.close, [*(pair.name for pair in part.dataset), *part.dataset.skipped])
    _write_manifest(part, "running")
    return changed


@contextlib.contextmanager
def _removing_empty(parts: list[Part]) -> Iterator[None]:
    """Leave no folder behind that a run made, if it ended before the first row because nothing can be fused."""
    new = [part for part in parts if not part.folder.path.exists()]
    try:
        yield
    except SetupError:
        for part in new:
            if not part.rows:
                part.folder.remove()
        raise


def _work(parts: list[Part], tasks: list[PairTask], executor: Executor, ahead: int, console: Console) -> None:
    by_path = {part.folder.path: part for part in parts}
    for part in parts:
        for name, reason in part.dataset.skipped.items():
            _record(part, Row(name, "skipped", reason))
    total = sum(len(part.dataset) for part in parts)
    left = sum(len(task.targets) for task in tasks)
    held: dict[Path, list[SetUpFailed]] = {}
    with Reporter(console, total, done=total - left) as reporter:
        for results in stream(executor, execute, tasks, ahead):
            for path, row in results:
                _take(by_path[path], row, held)
            reporter.advance(len(results), results[-1][1].pair)
            _refuse(by_path, held, _ENOUGH)  # the other methods' rows of this pair are kept
    _refuse(by_path, held, 1)


def _take(part: Part, row: Row, held: dict[Path, list[SetUpFailed]]) -> None:
    """Record a row; but hold it back where it tells of every pair, until another pair of the method shows otherwise."""
    path = part.folder.path
    if isinstance(row, SetUpFailed) and not any(done.status == "ok" for done in part.rows.values()):
        held.setdefault(path, []).append(row)
        return
    _record(part, row)
    if row.status == "ok":
        for other in held.pop(path, []):
            _record(part, other)


def _refuse(by_path: dict[Path, Part], held: dict[Path, list[SetUpFailed]], enough: int) -> None:
    """End the run where so many pairs of a method lacked the same, and none was fused."""
    for path, rows in held.items():
        if len(rows) >= enough:
            raise SetupError(f"method {by_path[path].method.label!r} can fuse no pair here: {rows[0].lacks}")


def _record(part: Part, row: Row) -> None:
    if part.rows.get(row.pair) != row:
        part.folder.append(row)
        part.rows[row.pair] = row


def _write_manifest(part: Part, state: str) -> None:
    before = part.folder.manifest()
    protocols = {name: get_protocol(name).version for name in part.keys}
    metrics = {
        key: {"name": record.name, "better": record.better, "protocol": name}
        for name, keys in part.keys.items()
        for key in keys
        for record in [get_metric(key)]
    }
    part.folder.write_manifest(
        {
            "format": FORMAT,
            "state": state,
            **part.describe(),
            "tasks": sorted({pair.task for pair in part.dataset}),
            "root": str(part.dataset.root),
            "pairs": [pair.name for pair in part.dataset],
            "skipped": part.dataset.skipped,
            "sources": _sources(part.dataset),
            "remarks": part.dataset.remarks,
            "protocols": {**before.get("protocols", {}), **protocols},
            "metrics": {**before.get("metrics", {}), **metrics},
            "device": part.device,
            **({"backend": record} if (record := getattr(part.method, "backend_record", None)) else {}),
            "started": before.get("started", manifest.now()) if state == "finished" else manifest.now(),
            "finished": manifest.now() if state == "finished" else None,
            "seconds": timing(part, before.get("seconds")),
            "notes": notes_of(part),
            **({"sizes": record} if (record := size_record(part)) else {}),
            "environment": {**environment(), "formulas": level.name if (level := processor()) else PLAIN},
        }
    )


def _sources(dataset: FusionDataset) -> dict[str, list[str]]:
    """Where the files of each pair lie, a and b; pairs that are arrays are left out."""
    return {
        pair.name: [str(pair.a.resolve()), str(pair.b.resolve())]
        for pair in dataset
        if isinstance(pair.a, Path) and isinstance(pair.b, Path)
    }


def _frame(parts: list[Part]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "dataset": part.dataset.label,
            "method": part.method.label,
            "pair": row.pair,
            "status": row.status,
            "reason": row.reason,
            "seconds": row.seconds,
            **row.metrics,
        }
        for part in parts
        for name in [*(pair.name for pair in part.dataset), *part.dataset.skipped]
        if (row := part.rows.get(name)) is not None
    )
