"""Pairs of one size that a network fuses in one call: which, how many by the device's memory, what if that fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np

from ..datasets import probe
from ..devices.transfer import place_of
from ..errors import InputError
from ..files import reading_once
from ..foreign.contained import begin, is_users
from ..results import Row
from ..results.unfinished import fusing
from .cores import is_ours
from .score_on import HERE, score_together
from .task import Loaded, PairTask, Ready, Stage, Target, begin_stage, finish, marked, method_of, see, serve, time_limit

if TYPE_CHECKING:
    from ..datasets import Source
    from ..methods import Method

BatchSize = int | Literal["auto"]
LARGEST = 16  # pairs that "auto" puts into one call
SHARE = 0.5  # of what is free on a device, that all workers' batches may take together
PIXELS = 1 << 25  # of all pairs that a worker reads before it fuses the first: 16 frames of 1080p


@dataclass(frozen=True)
class Batch:
    """Pairs of one data set and size that one worker takes; can be pickled. `most` go into a call, None by memory."""

    tasks: tuple[PairTask, ...]
    most: int | None = None


def check_batch(batch: BatchSize) -> None:
    """Make sure that it is a size.

    Raises
    ------
    InputError
        It is neither "auto" nor a number of pairs.
    """
    if batch != "auto" and (not isinstance(batch, int) or batch < 1):
        raise InputError(f"--batch {batch}: give a number of pairs, at least 1, or auto")


def most_of(batch: BatchSize, methods: Iterable[Method], left: int, workers: int) -> int:
    """Say how many pairs a worker may take at once.

    "auto" is one, unless a network of ours computes on a device that tells of its memory; then every worker has some.
    """
    from ..methods.pipeline import takes_batches

    able = [method for method in methods if takes_batches(method)]
    if batch != "auto":
        return batch if able else 1
    if not any(is_ours(method) and place_of(method.device).tells for method in able):
        return 1
    return max(1, min(LARGEST, ceil(left / workers)))


def in_batches(tasks: Iterable[PairTask], most: int) -> Iterator[tuple[PairTask, ...]]:
    """Cut tasks into at most so many consecutive ones of one data set and size, with two sources each."""
    batch: list[PairTask] = []
    last: Any = None
    for task in tasks:
        kind = _kind(task) if most > 1 else None
        if batch and (kind is None or kind != last or len(batch) == most or (len(batch) + 1) * kind[0] > PIXELS):
            yield tuple(batch)
            batch = []
        batch.append(task)
        last = kind
    if batch:
        yield tuple(batch)


def _kind(task: PairTask) -> tuple[int, Any] | None:
    """Return the pixels of a source, and what the pairs of a batch have in common; None for a pair that goes alone."""
    if task.pair.further:
        return None
    try:
        sizes = [_size(source) for source in task.pair.sources]
    except InputError:  # reading it will say so
        return None
    return sizes[0][0] * sizes[0][1], (sizes, task.targets[0].folder.parent)


def _size(source: Source) -> tuple[int, ...]:
    if isinstance(source, Path):
        header = probe(source)
        return header.height, header.width
    return np.shape(source)[:2]


def execute_batch(batch: Batch) -> list[tuple[Path, Row]]:
    """Fuse and score the pairs of a batch; rows as of `execute`, pair by pair.

    What fails for several pairs is done again for each alone, so that only the one that is to blame has a failed row.
    """
    begin()
    with reading_once():
        read = [see(task) for task in batch.tasks]
        whole = [seen for seen in read if isinstance(seen, Loaded)]
        ready: dict[int, dict[Path, Ready]] = {id(seen): {} for seen in whole}
        for some in _alike(whole):
            for seen, result in _fuse(some, batch.most):
                ready[id(seen)][some[0][1].folder] = result
        if batch.tasks[0].score_on != HERE:
            return _serve_together(read, ready, batch.tasks[0].score_on)
        rows = []
        for seen_or_failed in read:
            if isinstance(seen_or_failed, Loaded):
                rows += serve(seen_or_failed, ready[id(seen_or_failed)])
                seen_or_failed.sources.forget()  # what metrics derived of them is much more than they are
            else:
                rows += seen_or_failed
        return rows


def _serve_together(
    read: Sequence[Loaded | list[tuple[Path, Row]]], ready: Mapping[int, Mapping[Path, Ready]], score_on: str
) -> list[tuple[Path, Row]]:
    """Do what `serve` does of all pairs, but score them at once."""
    begun: list[tuple[Path, Stage | Row]] = []
    for seen in read:
        if not isinstance(seen, Loaded):
            begun += seen
            continue
        for target in seen.task.targets:
            with marked(target, seen):
                begun.append((target.folder, begin_stage(target, seen, ready[id(seen)].get(target.folder))))
    score_together([stage for _, stage in begun if isinstance(stage, Stage)], score_on)
    return [(folder, stage if isinstance(stage, Row) else finish(stage)) for folder, stage in begun]


def _alike(whole: Sequence[Loaded]) -> Iterable[list[tuple[Loaded, Target]]]:
    """Bring together what each method has to fuse of each size."""
    some: dict[tuple[Path, tuple[int, ...]], list[tuple[Loaded, Target]]] = {}
    for seen in whole:
        for target in seen.task.targets:
            if target.row is None:
                some.setdefault((target.folder, seen.sources.a.shape[:2]), []).append((seen, target))
    return some.values()


def _fuse(some: Sequence[tuple[Loaded, Target]], most: int | None) -> Iterator[tuple[Loaded, Ready]]:
    """Fuse pairs of one size by a method, as many in a call as may be; what fails, and what goes alone, is left out."""
    from ..methods.pipeline import takes_batches

    try:
        method = method_of(some[0][1], some[0][0].task.pair.task)
    except BaseException as error:  # each pair will say so
        if is_users(error):
            raise
        return
    if not takes_batches(method) or (most is None and not is_ours(method)):
        return
    memory, size, rest = _memory_of(method), some[0][0].sources.a.shape[:2], list(some)
    while rest:
        count = min(len(rest), memory.room(size, rest[0][0].task.at_once, most))
        now, rest = rest[:count], rest[count:]
        if count > 1 or (most is None and size not in memory.costs):
            yield from _fuse_now(method, now, memory, size)


def _fuse_now(
    method: Method, some: Sequence[tuple[Loaded, Target]], memory: _Memory, size: tuple[int, ...]
) -> Iterator[tuple[Loaded, Ready]]:
    """Fuse pairs in one call, while the folder of the run says so of each; nothing where it fails."""
    from ..methods.pipeline import fuse_batch

    pairs = [seen.task.pair for seen, _ in some]
    images = [(seen.sources.a, seen.sources.b) for seen, _ in some]
    limit = some[0][0].task.timeout
    with ExitStack() as stack:
        for seen, target in some:
            stack.enter_context(fusing(target.folder, seen.task.pair.name))
        try:
            with time_limit(limit and limit * len(some)):
                fused, cost = place_of(method.device).cost_of(lambda: fuse_batch(method, images, pairs))
        except BaseException as error:  # whatever it is, each pair alone will show it
            if is_users(error):
                raise
            memory.failed(size, len(some), error)
            return
    memory.took(size, len(some), cost)
    for (seen, _), result in zip(some, fused, strict=True):
        yield seen, Ready(result, len(some))


class _Memory:
    """What is known of the memory that a method takes for pairs of a size."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.costs: dict[tuple[int, ...], int | None] = {}  # bytes for a pair
        self.most: dict[tuple[int, ...], int] = {}  # pairs, where more were too many

    def room(self, size: tuple[int, ...], workers: int, most: int | None) -> int:
        """Say how many pairs to put into a call: so many as were asked for, or as have room, after one was measured."""
        if most is None:
            cost, free = self.costs.get(size), place_of(self.device).free()
            most = 1 if cost is None or free is None else int(free * SHARE / (workers * max(1, cost)))
        return max(1, min(most, self.most.get(size, most)))

    def took(self, size: tuple[int, ...], count: int, cost: int | None) -> None:
        """Keep the most that a pair took."""
        known = self.costs.get(size)
        self.costs[size] = None if cost is None else max(known or 0, ceil(cost / count))

    def failed(self, size: tuple[int, ...], count: int, error: BaseException | None) -> None:
        """Try half as many from now on where memory ran out."""
        while error is not None:
            if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
                self.most[size] = max(1, count // 2)
                return
            error = error.__cause__


_memories: WeakKeyDictionary[Method, _Memory] = WeakKeyDictionary()
_making = Lock()


def _memory_of(method: Method) -> _Memory:
    with _making:
        return _memories.setdefault(method, _Memory(method.device))
