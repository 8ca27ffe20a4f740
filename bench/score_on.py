"""Metrics on a device: images of one size are scored there together, with the values of the processor.

They are the same formulas in float64, as array expressions of torch, whose sums have another order. What has no value
there, for whatever reason, is computed on the processor, which says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np

from ..devices.names import check_device, check_name, present
from ..devices.tf32 import tf32
from ..devices.transfer import Place, place_of
from ..errors import InputError, one_line
from ..metrics import Sources, get_protocol, prepare, score
from ..results import Row
from .scoring import WHITE, partners, score_row
from .task import Stage

HERE = "cpu"
AUTO = "auto"
TOGETHER = 16  # pairs that a worker scores in one call


def score_device(asked: str, device: str) -> str:
    """Say on which device to score.

    Parameters
    ----------
    asked : a device; or "auto": the run's `device`, or else the first card of this machine, while it is the faster.

    Returns
    -------
    A device, behind "auto:" where the processor competes with it.

    Raises
    ------
    InputError
        It is no name of a device.
    """
    if asked != AUTO:
        check_name(asked)
        return asked
    if device == HERE:
        cards = [name.split()[0] for name in present()]
        device = next((name for name in cards if not name.startswith((HERE, "mps"))), HERE)
    return device if device == HERE else f"{AUTO}:{device}"


def check_scores(score_on: str) -> None:
    """Make sure, where the tasks will be done, that a device can compute metrics.

    Raises
    ------
    InputError
        It is not there, or has no float64.
    """
    device = score_on.removeprefix(f"{AUTO}:")
    if device == HERE:
        return
    check_device(device, "--score-on")
    try:
        image = place_of(device).put(np.tile(np.arange(32, dtype=np.uint8), (1, 32, 1)))
        score(image, image, image, ["EN@film"], data_range=WHITE)
    except Exception as error:
        raise InputError(f"cannot compute metrics, which are in float64, on {device!r} ({one_line(error)})") from error


def score_together(stages: Iterable[Stage], score_on: str) -> None:
    """Let stages know the values of their metrics, computed on a device; what fails there is left out.

    They are of one data set, and read by one worker.
    """
    device = score_on.removeprefix(f"{AUTO}:")
    there: dict[tuple[int, ...], Sources] = {}  # for all methods
    for kind, some in _alike(stages).items():
        race = _race(device, kind[1:]) if score_on != device else None
        chosen = race.next() if race else device
        began = perf_counter()
        if chosen == HERE:
            _score_here(some)
        else:
            _score_there(some, place_of(chosen), there)
        if race:
            race.took(chosen, (perf_counter() - began) / len(some))


def _alike(stages: Iterable[Stage]) -> dict[tuple[Any, ...], list[Stage]]:
    """Bring together, by method, what is scored alike: in the same metrics, with images of the same shapes."""
    kinds: dict[tuple[Any, ...], list[Stage]] = {}
    for stage in stages:
        fused, sources, ideal = stage.fused, stage.seen.sources, stage.seen.ideal
        if fused.image.shape[:2] != sources.a.shape[:2]:  # it was cropped, and so are its sources
            continue
        shapes = [image.shape for image in (fused.image, fused.shown, sources.a, sources.b)]
        shapes.append(() if isinstance(ideal, str) else ideal.a.shape)
        kinds.setdefault((stage.target.folder, tuple(stage.target.keys.items()), *shapes), []).append(stage)
    return kinds


def _score_here(some: Sequence[Stage]) -> None:
    """Score as `finish` does; what has no value is left to it, for the reason."""
    for stage in some:
        row = Row(stage.row.pair)
        score_row(row, stage.fused, stage.seen.sources, stage.seen.ideal, stage.target.keys, {})
        stage.known.update((key, value) for key, value in row.metrics.items() if not math.isnan(value))


def _score_there(some: Sequence[Stage], place: Place, there: dict[tuple[int, ...], Sources]) -> None:
    """Score on a device; half as many at once where its memory does not suffice."""
    try:
        keys, values = _values(some, place, there)
    except Exception:  # the processor will show what it was, if it was not the device
        there.clear()
        if len(some) > 1:
            _score_there(some[: len(some) // 2], place, there)
            _score_there(some[len(some) // 2 :], place, there)
        return
    for stage, column in zip(some, values.T, strict=True):
        stage.known.update((key, float(v)) for key, v in zip(keys, column, strict=True) if not math.isnan(v))
        stage.on_device = bool(stage.known)


def _values(
    some: Sequence[Stage], place: Place, there: dict[tuple[int, ...], Sources]
) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Compute metrics of N images, each copied there once and all values copied back at once: (K, N) float64."""
    import torch

    columns: dict[str, Any] = {}
    first = some[0]
    with torch.no_grad(), tf32(False):
        for protocol, partner, keys in partners(first.target.keys, first.seen.sources, first.seen.ideal):
            if isinstance(partner, str):
                continue
            is_ideal = partner is first.seen.ideal
            theirs = [stage.seen.ideal if is_ideal else stage.seen.sources for stage in some]
            images = np.stack([stage.fused.scored(get_protocol(protocol).colour) for stage in some])
            them, axes = _sources(theirs, place, there), {"fused": _axes(images)}
            columns |= score(place.put(images), them, None, keys, protocol, data_range=WHITE, axes=axes)
        if not columns:
            return [], np.empty((0, len(some)))
        return [*columns], place.get(torch.stack([column.to(torch.float64) for column in columns.values()]))


def _sources(theirs: Sequence[Any], place: Place, there: dict[tuple[int, ...], Sources]) -> Sources:
    """Bring sources to a device, once for all methods."""
    key = tuple(map(id, theirs))
    if key not in there:
        sides = [np.stack([getattr(sources, side) for sources in theirs]) for side in ("a", "b")]
        axes = {side: _axes(images) for side, images in zip(("a", "b"), sides, strict=True)}
        there[key] = prepare(*map(place.put, sides), data_range=WHITE, axes=axes)
        there[key].kept = theirs[0].kept
    return there[key]


def _axes(images: np.ndarray[Any, Any]) -> str:
    return "NHWC" if images.ndim == 4 else "NHW"


class _Race:
    """Which of a device and the processor is faster: both are tried twice, as the first time brings much with it."""

    def __init__(self, device: str) -> None:
        self._seconds: dict[str, list[float]] = {device: [], HERE: []}

    def next(self) -> str:
        """Choose who is next."""
        tried = (name for name, seconds in self._seconds.items() if len(seconds) < 2)
        return next(tried, None) or min(self._seconds, key=lambda name: self._seconds[name][1])

    def took(self, name: str, seconds: float) -> None:
        """Keep the seconds of a pair."""
        if len(self._seconds[name]) < 2:
            self._seconds[name].append(seconds)


_races: dict[tuple[Any, ...], _Race] = {}
_making = Lock()


def _race(device: str, kind: tuple[Any, ...]) -> _Race:
    with _making:
        return _races.setdefault((device, *kind), _Race(device))
