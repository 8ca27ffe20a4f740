"""Pairs that are fused in a process of their own: those at which another one ended."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import one_line
from ..results import Row
from .executors import TRIES, prepare_worker
from .task import PairTask, Target, execute
from .workers import Worker, WorkerEndedError, ending


@dataclass(eq=False)
class ProcessEnded(Row):
    """The row of a pair at which a method ended even a process of its own."""


def split(task: PairTask, apart: Collection[Path]) -> Iterator[tuple[PairTask, bool]]:
    """Split a task: what is done together, and with True each target in one of these folders of runs, by itself."""
    alone = [target for target in task.targets if target.row is None and target.folder in apart]
    together = tuple(target for target in task.targets if target not in alone)
    if together:
        yield replace(task, targets=together), False
    for target in alone:
        yield replace(task, targets=(target,)), True


def execute_apart(task: PairTask) -> list[tuple[Path, Row]]:
    """Fuse and score a pair by the one method of a task in a process of its own; see `execute`.

    A method that ends it has a failed row, a `ProcessEnded`.
    """
    (target,) = task.targets
    worker, how = Worker(prepare_worker), ""
    try:
        for _ in range(1, TRIES):  # the first was the process that it shared
            start = time.monotonic()
            try:
                return worker.call(execute, task)
            except WorkerEndedError as error:
                how = f"ended its process ({ending(error.code)})"
                if task.timeout is not None and error.code == 1 and time.monotonic() - start >= task.timeout:
                    how = f"took longer than {task.timeout:g} s"
                    break
    except Exception as error:  # it cannot be pickled
        how = f"ended the process of a run, and cannot be given to one of its own ({one_line(error)})"
    finally:
        worker.close()
    return [(target.folder, ProcessEnded(task.pair.name, "failed", _sentence(target, how)))]


def _sentence(target: Target, how: str) -> str:
    return f"method {target.label!r} {how}"
