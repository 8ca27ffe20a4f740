"""The work of a run: tasks are handed out, and rows recorded as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from math import ceil
from pathlib import Path

from rich.console import Console

from ..errors import SetupError
from ..results import Row
from .apart import ProcessEnded, execute_apart, split
from .batches import Batch, BatchSize, execute_batch, in_batches, most_of
from .executors import Job, stream
from .plan import FIRST, Trial
from .progress import Reporter
from .score_on import HERE, TOGETHER
from .task import PairTask, SetUpFailed, execute

_ENOUGH = 3  # pairs that lack the same, of a method that fused none: no other will do better


class Work:
    """Does the tasks of a run.

    Parameters
    ----------
    trials : whose rows are recorded; their folders are open.
    pool : does the tasks.
    workers : how many of them at once.
    console : where progress is shown.
    batch : how many pairs of one size go to a network in one call; see `batches`.
    """

    def __init__(
        self, trials: Sequence[Trial], pool: Executor, workers: int, console: Console, batch: BatchSize = 1
    ) -> None:
        self.console, self._batch = console, batch
        self._trials = {trial.folder.path: trial for trial in trials}
        self._pool, self._workers = pool, workers
        self._beside = ThreadPoolExecutor(workers, thread_name_prefix="apart")  # each waits for a process
        self._apart = {path for path, trial in self._trials.items() if FIRST in trial.deadly}
        self._held: dict[Path, list[SetUpFailed]] = {}

    def close(self) -> None:
        """Wait for what is being done."""
        for pool in (self._pool, self._beside):
            pool.shutdown()

    def do(self, tasks: Sequence[PairTask]) -> None:
        """Do the tasks, and record a row for each of their targets.

        A target whose process ended is done again in a process of its own, and so are those of later pairs by a method
        that ends that one, too.

        Raises
        ------
        SetupError
            A method can fuse no pair.
        RunError
            The workers cannot be reached, or nothing can be written.
        """
        for path, trial in self._trials.items():
            for name, reason in trial.dataset.skipped.items():
                self._record(path, Row(name, "skipped", reason))
        total = sum(len(trial.dataset) for trial in self._trials.values())
        left = sum(len(task.targets) for task in tasks)
        with Reporter(self.console, total, done=total - left) as reporter:
            for results in stream(self._jobs(tasks), 2 * self._workers, self._rescue, self._say_interruption):
                for path, row in results:
                    self._take(path, row)
                reporter.advance(len(results), results[-1][1].pair)
                self._refuse(_ENOUGH)  # the other methods' rows of this pair are kept
        self._refuse(1)

    def _jobs(self, tasks: Sequence[PairTask]) -> Iterator[Job]:
        left = sum(any(target.row is None for target in task.targets) for task in tasks)
        most = most_of(self._batch, [trial.method for trial in self._trials.values()], left, self._workers)
        scored_at_once = TOGETHER if tasks and tasks[0].score_on != HERE else 1
        for batch in in_batches(tasks, max(most, min(scored_at_once, ceil(len(tasks) / self._workers)))):
            together: list[PairTask] = []
            for task in batch:
                deadly = {path for path, trial in self._trials.items() if task.pair.name in trial.deadly}
                for part, alone in split(task, self._apart | deadly):
                    if alone:
                        yield self._beside, execute_apart, part
                    else:
                        together.append(part)
            if len(together) > 1 or (together and scored_at_once > 1):
                yield self._pool, execute_batch, Batch(tuple(together), None if self._batch == "auto" else most)
            elif together:
                yield self._pool, execute, together[0]

    def _rescue(self, item: PairTask | Batch) -> Iterator[Job]:
        """Say what to do in place of what ended its process: each pair of a batch, each method of a pair by itself."""
        if isinstance(item, Batch):
            for task in item.tasks:
                yield self._pool, execute, task
            return
        for part, alone in split(item, set(self._trials)):
            yield (self._beside, execute_apart, part) if alone else (self._pool, execute, part)

    def _say_interruption(self) -> None:
        self.console.print(
            "interrupted: the pairs being worked on are finished first; once more ends at once", soft_wrap=True
        )

    def _take(self, path: Path, row: Row) -> None:
        """Record a row, but hold it back where it tells of every pair, until another pair shows otherwise."""
        if isinstance(row, ProcessEnded):
            self._apart.add(path)
        if isinstance(row, SetUpFailed) and not any(done.status == "ok" for done in self._trials[path].rows.values()):
            self._held.setdefault(path, []).append(row)
            return
        self._record(path, row)
        if row.status == "ok":
            for other in self._held.pop(path, []):
                self._record(path, other)

    def _refuse(self, enough: int) -> None:
        """End the run where so many pairs of a method lacked the same, and none was fused."""
        for path, rows in self._held.items():
            if len(rows) >= enough:
                label = self._trials[path].method.label
                raise SetupError(f"method {label!r} can fuse no pair here: {rows[0].lacks}")

    def _record(self, path: Path, row: Row) -> None:
        trial = self._trials[path]
        if trial.rows.get(row.pair) != row:
            trial.folder.append(row)
            trial.rows[row.pair] = row
