"""The unit of work: one pair of sources, fused and scored by every method that still has to."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import FULL, Pair, Ranges, SizePolicy, read, read_pair, read_truth, write
from ..errors import FusionBenchError, one_line
from ..files import write_failed
from ..methods.contained import begin, is_users
from ..metrics import Sources, get_metric, get_protocol, prepare, score
from ..results import Row, RunFolder
from ..results.unfinished import fusing
from .looks import Levels, levels, look
from .origin import digest_images, digest_sources, fingerprint, with_ideal
from .ready import check_method, lacking
from .warm import warm_up

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

    from ..methods import Fused, Method


WHITE = 255  # of every image here: all are uint8, however dark
Ideal = Sources | str  # the ideal image, as both sources; or why there is none


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
    keys: dict[str, tuple[str, ...]]
    row: Row | None = None


@dataclass(frozen=True)
class PairTask:
    """One pair with its targets; can be pickled, so that it may be done in another process or machine.

    `at_once` is how many pairs are worked on beside each other, which tells on their seconds. `timeout` is how many
    seconds a method may take in a worker process; then the process ends.
    """

    pair: Pair
    size_policy: SizePolicy
    targets: tuple[Target, ...] = field(default_factory=tuple)
    ranges: Ranges = FULL
    rgbt: bool = False
    at_once: int = 1
    timeout: float | None = None

    def read(self) -> tuple[NDArray[np.uint8], ...]:
        """Read all sources, as methods and metrics see them."""
        return read_pair(self.pair, self.size_policy, self.ranges, self.rgbt)


def _method(method: str | bytes | Method, device: str) -> Method:
    """Make the method that a task names, in each process once."""
    return _make(method, device) if isinstance(method, str | bytes) else method


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
    but a disk that is full, or a folder that cannot be written to, raises. The sources are read once: methods and
    metrics see the same uint8 arrays.
    """
    begin()
    try:
        digest = digest_sources(task.pair)
        a, b, *further = task.read()
        sources = prepare(a, b, *further, data_range=WHITE)
        grays = [levels(image) for image in (a, b, *further)]
        ideal = _read_ideal(task, sources)
    except Exception as error:  # whatever a file makes a decoder raise is its pair's result, not the end of the run
        return [(target.folder, _failure(task.pair, error)) for target in task.targets]
    return [(target.folder, _serve(target, task, sources, grays, ideal, digest)) for target in task.targets]


def _serve(target: Target, task: PairTask, *seen: Any) -> Row:
    """Do what a target asks for; while a method fuses, the folder of the run says so, should it end the process."""
    if target.row is not None:
        return _serve_in(target, task, *seen)
    with fusing(target.folder, task.pair.name):
        return _serve_in(target, task, *seen)


def _serve_in(
    target: Target, task: PairTask, sources: Sources, grays: Sequence[Levels], ideal: Ideal, digest: Digest
) -> Row:
    pair = task.pair
    mark = with_ideal(target.row.sources, pair) if target.row else ""
    try:
        if target.row:
            row, fused = _read_fused(target, pair)
        else:
            method = _method(target.method, target.device)
            if method is not target.method:
                warm_up(method, pair.task)
            mark = fingerprint(digest, method, pair)
            with _time_limit(task.timeout):
                row, fused = _fuse(method, task, sources)
            row.facts["at_once"] = float(task.at_once)
    except BaseException as error:  # whatever somebody's method does is that pair's result
        if is_users(error):
            raise
        return replace(_failure(pair, error, lacking(error)), sources=mark)
    try:
        if target.row is None:
            _write_images(target, pair, fused)
        row.image = digest_images(RunFolder(target.folder), pair.name)
        _score(row, fused, _sources_of(fused, sources), ideal, target.keys)
        row.facts.update(look(fused.image, *grays))
    except Exception as error:
        if write_failed(error):
            raise
        failed = replace(_failure(pair, error), sources=mark)
        # What was scored before stays; what lacks is tried again by the next run.
        return failed if target.row is None else replace(target.row, reason=failed.reason)
    return replace(row, sources=mark)


@contextlib.contextmanager
def _time_limit(seconds: float | None) -> Iterator[None]:
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


def _score(row: Row, fused: Fused, sources: Sources, ideal: Ideal, wanted: dict[str, tuple[str, ...]]) -> None:
    """Add the metrics of each protocol to the row."""
    if not isinstance(ideal, str):
        ideal = _sources_of(fused, ideal)
    reasons = [row.reason] if row.reason else []
    for protocol, keys in wanted.items():
        image = fused.scored(get_protocol(protocol).colour)
        for partner in (sources, ideal):
            own = [key for key in keys if get_metric(key).ideal == (partner is ideal)]
            if isinstance(partner, str):
                row.metrics.update(dict.fromkeys(own, math.nan))
                reasons += [f"{key}: {partner}" for key in own]
            elif own:
                scores = score(image, partner, None, own, protocol, data_range=WHITE)
                row.metrics.update((key, float(value)) for key, value in scores.items())
                reasons += [f"{key}: {why}" for key, why in scores.reasons.items()]
    row.reason = "; ".join(reasons)


def _read_ideal(task: PairTask, sources: Sources) -> Ideal:
    """Read the ideal image, where a target is scored against it, at the size of the sources."""
    wanted = any(get_metric(key).ideal for target in task.targets for keys in target.keys.values() for key in keys)
    truth = read_truth(task.pair, sources.a, task.size_policy) if wanted else None
    if truth is None:
        return "there is no ideal image"
    if truth.shape[:2] != sources.a.shape[:2]:
        return "the ideal image has another size than the sources"
    return prepare(truth, truth, data_range=WHITE)


def _fuse(method: Method, task: PairTask, sources: Sources) -> tuple[Row, Fused]:
    from ..methods import fuse_pair

    fused = fuse_pair(method, sources.a, sources.b, task.pair, task.size_policy, sources.further)
    return Row(task.pair.name, reason=fused.note, seconds=fused.seconds), fused


def _sources_of(fused: Fused, sources: Sources) -> Sources:
    """Crop the sources to what a fused image shows that was cropped; other methods keep the whole ones."""
    from ..methods.fit import crop_to

    size = fused.image.shape[:2]
    if size == sources.a.shape[:2]:
        return sources
    a, b, *further = (crop_to(image, size) for image in (sources.a, sources.b, *sources.further))
    return prepare(a, b, *further, data_range=WHITE)


def _write_images(target: Target, pair: Pair, fused: Fused) -> None:
    folder = RunFolder(target.folder)
    write(folder.image(pair.name), fused.image)
    if fused.colour is not None:
        write(folder.image(pair.name, "colour"), fused.colour)
    else:  # of another image, before
        folder.image(pair.name, "colour").unlink(missing_ok=True)


def _read_fused(target: Target, pair: Pair) -> tuple[Row, Fused]:
    from ..methods import Fused

    assert target.row is not None  # the caller asked
    folder = RunFolder(target.folder)
    colour = folder.image(pair.name, "colour")
    image = read(folder.image(pair.name)).astype(np.uint8)
    row = replace(
        target.row,
        reason=_lasting_reason(target.row),
        metrics=dict(target.row.metrics),
        facts=dict(target.row.facts),
    )
    return row, Fused(image, read(colour).astype(np.uint8) if colour.exists() else None, row.seconds)


def _lasting_reason(row: Row) -> str:
    """Keep of a row's reason what was done about the size, and why metrics that are kept have no value."""
    from ..methods.fit import size_note

    size = size_note(row.reason)
    others = row.reason.removeprefix(size).split("; ")
    return "; ".join(filter(None, [size, *(part for part in others if part.partition(": ")[0] in row.metrics)]))


def _failure(pair: Pair, error: BaseException, lacks: str = "") -> Row:
    sentence = str(error) if isinstance(error, FusionBenchError) else one_line(error)
    return SetUpFailed(pair.name, "failed", sentence, lacks=lacks) if lacks else Row(pair.name, "failed", sentence)
