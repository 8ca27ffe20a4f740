"""What the manifest says of the seconds: how long the pairs took, and what a reader must know of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from statistics import median
from typing import TYPE_CHECKING

from ..environment import environment
from ..results import Timing

if TYPE_CHECKING:
    from .plan import Trial


def with_files(trial: Trial) -> Iterator[str]:
    """Say that a command line is more than its method."""
    if trial.method.name == "cmd":
        yield "The time includes the start of the command, its reading and its writing."


def beside_others(trial: Trial) -> Iterator[str]:
    """Say that pairs shared the machine."""
    most = max((int(row.facts.get("at_once", 1)) for row in trial.rows.values()), default=1)
    if most > 1 and trial.method.computes:
        yield f"Up to {most} pairs were worked on at once, which makes each take longer."


def in_batches(trial: Trial) -> Iterator[str]:
    """Say that pairs were timed together."""
    most = max((int(row.facts.get("batch", 1)) for row in trial.rows.values()), default=1)
    if most > 1:
        yield f"Up to {most} pairs were fused in one call, of whose time each has an equal share."


NOTES: tuple[Callable[[Trial], Iterable[str]], ...] = (with_files, beside_others, in_batches)


def timing(trial: Trial, before: Timing | None) -> Timing | None:
    """Sum up the seconds of a trial; None where no pair has any.

    Parameters
    ----------
    trial : with its rows.
    before : what the manifest said so far: pairs of an earlier run keep the seconds of its machine.
    """
    # as they are stored, so that the total is the same when they are read again
    seconds = [round(row.seconds, 6) for row in trial.rows.values() if not math.isnan(row.seconds)]
    if not seconds:
        return None
    total = math.fsum(seconds)
    machines = list(before.machines) if before else []
    if not before or before.total != total:
        here = f"{environment()['processor']} ({trial.method.device})"
        machines = list(dict.fromkeys([*machines, here]))
    notes = [sentence for kind in NOTES for sentence in kind(trial)]
    if len(machines) > 1:
        notes.append(f"Pairs were timed on different machines: {'; '.join(machines)}.")
    return Timing(total=total, median=median(seconds), machines=machines, notes=notes)
