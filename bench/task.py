"""The unit of work: one pair of sources, fused and scored by every method that still has to."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..datasets import FULL, Pair, Ranges, SizePolicy, read_pair
from ..errors import FusionBenchError, one_line
from ..files import reading_once, write_failed
from ..foreign.contained import begin, is_users
from ..metrics import Sources, prepare
from ..results import Row, RunFolder
from ..results.unfinished import fusing
from .images import read_images, write_images
from .looks import Levels, levels, look
from .origin import digest_images, digest_sources, fingerprint, with_ideal
from .ready import check_method, lacking
from .scoring import WHITE, Ideal, Keys, read_ideal, score_row
from .warm import warm_up

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

    from ..methods import Fused, Method


@dataclass(frozen=True)
class Target:
    """What one method has to do with the pair.

    `method` is a specification that `get_method` understands, or a method itself, pickled for another process; `row` is
    the result so far, if the pair was fused before and only has to be scored in `keys`, which come by protocol.
    """

    method: str | bytes | Method
    label: str
    device: str
    folder: Path
    keys: Keys
    row: Row | None = None


@dataclass(frozen=True)
class PairTask:
    """One pair with its targets; can be pickled, so that it may be done in another process or machine.

    `at_once` is how many pairs are worked on beside each other, which tells on their seconds. `timeout` is how many
    seconds a method may take in a worker process; then the process ends. `copy` says that an image which lies somewhere
    already is copied, and not linked. `score_on`: see `score_device`.
    """

    pair: Pair
    size_policy: SizePolicy
    targets: tuple[Target, ...] = field(default_factory=tuple)
    ranges: Ranges = FULL
    rgbt: bool = False
    at_once: int = 1
    timeout: float | None = None
    copy: bool = False
    score_on: str = "cpu"

    def read(self) -> tuple[NDArray[np.uint8], ...]:
        """Read all sources, as methods and metrics see them."""
        return read_pair(self.pair, self.size_policy, self.ranges, self.rgbt)


def to_fuse(tasks: Iterable[PairTask]) -> dict[Path, list[PairTask]]:
    """List, by folder of results, the tasks in which its method has to fuse, and not only to score what is stored."""
    found: dict[Path, list[PairTask]] = {}
    for task in tasks:
        for target in task.targets:
            if target.row is None:
                found.setdefault(target.folder, []).append(task)
    return found


def _method(method: str | bytes | Method, device: str) -> Method:
    """Make the method that a task names, in each process once."""
    return _make(method, device) if isinstance(method, str | bytes) else method


def method_of(target: Target, task: str) -> Method:
    """Make the method of a target, ready to fuse pairs of a task."""
    method = _method(target.method, target.device)
    if method is not target.method:
        warm_up(method, task)
    return method


@lru_cache(maxsize=32)
def _make(method: str | bytes, device: str) -> Method:
    from ..methods import get_method

    if isinstance(method, str):
        return get_method(method, device=device)
    unpickled: Method = pickle.loads(method)
    return unpickled


def check_target(method: str | bytes | Method, device: str, pairs: Sequence[Pair]) -> None:
    """Make sure, where the tasks will be done, that a method can fuse pairs; see `check_method`."""
    check_method(_method(method, device), device, pairs)


@dataclass
class SetUpFailed(Row):
    """The row of a pair for a method that lacks what every pair needs; `lacks` says what."""

    lacks: str = ""


def execute(task: PairTask) -> list[tuple[Path, Row]]:
    """Fuse and score one pair; a row for each target, in their order.

    Whatever is raised for the pair is a row with status "failed", and `SetUpFailed` where it would be for every pair;
    but a disk that is full, or a folder that cannot be written to, raises. Each file is read once, to be hashed and
    decoded: methods and metrics see the same uint8 arrays.
    """
    begin()
    with reading_once():
        return _execute(task)


def _execute(task: PairTask) -> list[tuple[Path, Row]]:
    seen = see(task)
    return seen if isinstance(seen, list) else serve(seen)


@dataclass(eq=False)
class Loaded:
    """What was read of a pair: sources, their levels, the ideal image, the hash of the sources."""

    task: PairTask
    sources: Sources
    grays: Sequence[Levels]
    ideal: Ideal
    digest: Digest


@dataclass(frozen=True, eq=False)
class Ready:
    """A fused pair, and how many were fused with it."""

    fused: Fused
    batch: int = 1


def see(task: PairTask) -> Loaded | list[tuple[Path, Row]]:
    """Read a pair; the rows of its targets where that fails."""
    try:
        fuses = any(target.row is None for target in task.targets)
        digest = digest_sources(task.pair) if fuses else sha256()
        a, b, *further = task.read()
        sources = prepare(a, b, *further, data_range=WHITE)
        sources.kept = len(task.targets) > 1
        grays = [levels(image) for image in (a, b, *further)]
        ideal = read_ideal(task.pair, task.size_policy, sources, (target.keys for target in task.targets))
        return Loaded(task, sources, grays, ideal, digest)
    except Exception as error:  # whatever a file makes a decoder raise is its pair's result, not the end of the run
        return [(target.folder, _failure(task.pair, error)) for target in task.targets]


@dataclass(eq=False)
class Stage:
    """A fused image that is still to be scored and stored, and its row so far.

    `known` holds values by metric key that are computed already, maybe `on_device`.
    """

    target: Target
    seen: Loaded
    row: Row
    fused: Fused
    mark: str
    known: dict[str, float] = field(default_factory=dict)
    on_device: bool = False


def marked(target: Target, seen: Loaded) -> AbstractContextManager[object]:
    """Let the folder of a run say so while its method fuses, and does not only score what is stored."""
    return fusing(target.folder, seen.task.pair.name) if target.row is None else contextlib.nullcontext()


def serve(seen: Loaded, ready: Mapping[Path, Ready] = MappingProxyType({})) -> list[tuple[Path, Row]]:
    """Do what the targets of a pair ask for; some may be fused already, and are `ready` under their folders.

    While a method fuses, the folder of its run says so, should it end the process.
    """
    rows = []
    for target in seen.task.targets:
        with marked(target, seen):
            stage = begin_stage(target, seen, ready.get(target.folder))
            rows.append((target.folder, stage if isinstance(stage, Row) else finish(stage)))
    return rows


def begin_stage(target: Target, seen: Loaded, ready: Ready | None) -> Stage | Row:
    """Fuse, or read what was fused before; the row where that fails."""
    task, pair = seen.task, seen.task.pair
    mark = with_ideal(target.row.sources, pair) if target.row else ""
    try:
        if target.row:
            row, fused = read_images(RunFolder(target.folder), target.row)
        else:
            method = method_of(target, pair.task)
            mark = fingerprint(seen.digest, method, pair)
            ready = ready or _fuse(method, task, seen.sources)
            fused = ready.fused
            facts = {"at_once": float(task.at_once)} | ({"batch": float(ready.batch)} if ready.batch > 1 else {})
            row = Row(pair.name, reason=fused.note, seconds=fused.seconds, facts=facts)
    except BaseException as error:  # whatever somebody's method does is that pair's result
        if is_users(error):
            raise
        return replace(_failure(pair, error, lacking(error)), sources=mark)
    return Stage(target, seen, row, fused, mark)


def finish(stage: Stage) -> Row:
    """Store an image that is not stored yet, and score it."""
    target, row, fused, pair = stage.target, stage.row, stage.fused, stage.seen.task.pair
    try:
        if target.row is None:
            row.image = write_images(RunFolder(target.folder), pair.name, fused, stage.seen.task.copy)
        elif not row.image:  # a row of before
            row.image = digest_images(RunFolder(target.folder), pair.name)
        score_row(row, fused, stage.seen.sources, stage.seen.ideal, target.keys, stage.known)
        elsewhere = {"scored_on_device": 1.0} if stage.on_device else {}
        row.facts = {**row.facts, **look(fused.image, *stage.seen.grays), **elsewhere}
    except Exception as error:
        if write_failed(error):
            raise
        failed = replace(_failure(pair, error), sources=stage.mark)
        # What was scored before stays; what lacks is tried again by the next run.
        return failed if target.row is None else replace(target.row, reason=failed.reason)
    return replace(row, sources=stage.mark)


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """End the process when a method takes longer, even where it keeps Python from running."""
    if seconds is None:
        yield
        return
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _fuse(method: Method, task: PairTask, sources: Sources) -> Ready:
    from ..methods import fuse_pair

    with time_limit(task.timeout):
        return Ready(fuse_pair(method, sources.a, sources.b, task.pair, task.size_policy, sources.further))


def _failure(pair: Pair, error: BaseException, lacks: str = "") -> Row:
    sentence = str(error) if isinstance(error, FusionBenchError) else one_line(error)
    return SetUpFailed(pair.name, "failed", sentence, lacks=lacks) if lacks else Row(pair.name, "failed", sentence)
