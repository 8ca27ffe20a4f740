"""Metrics that other packages bring through the entry-point group `fusionbench.metrics`."""

from __future__ import annotations

import warnings
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from ..errors import one_line
from .catalog import METRICS, Metric, register

GROUP = "fusionbench.metrics"


@cache
def load_extensions() -> None:
    """Load every entry point of the group, once: a module that uses `@metric`, or a `Metric` record.

    One that fails is reported as a warning; it leaves nothing behind and does not stop the others.
    """
    problems = [problem for point in entry_points(group=GROUP) if (problem := _load(point))]
    for problem in problems:  # when all are there: a warning may be an error
        warnings.warn(problem, stacklevel=2)


def _load(point: EntryPoint) -> str:
    """Load one entry point; returns what is wrong with it."""
    before = dict(METRICS)
    try:
        loaded = point.load()
        if isinstance(loaded, Metric) and METRICS.get(loaded.key) != loaded:
            register(loaded)
    except (Exception, SystemExit) as error:  # whatever a foreign module raises
        METRICS.clear()  # without those of a module that stopped half-way
        METRICS.update(before)
        return f"metrics of entry point {point.name!r} ({point.value}) failed to load: {one_line(error)}"
    return ""


def list_metrics(convention: str | None = None) -> list[Metric]:
    """List the metrics of one convention, or of all, those of other packages included, sorted by key."""
    load_extensions()
    return [METRICS[key] for key in sorted(METRICS, key=str.casefold) if convention in (None, METRICS[key].convention)]
