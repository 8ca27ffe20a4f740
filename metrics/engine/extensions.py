"""Metrics that other packages bring through the entry-point group `fusionbench.metrics`."""

from __future__ import annotations

import warnings
from functools import cache
from importlib.metadata import entry_points

from .catalog import METRICS, Metric

GROUP = "fusionbench.metrics"


@cache
def load_extensions() -> None:
    """Load every entry point of the group, once: a module that uses `@metric`, or a `Metric` record.

    One that fails is reported as a warning; it does not stop the others.
    """
    for point in entry_points(group=GROUP):
        try:
            loaded = point.load()
        except Exception as error:  # whatever a foreign module raises
            warnings.warn(
                f"metrics of entry point {point.name!r} ({point.value}) failed to load: {error}", stacklevel=2
            )
            continue
        if isinstance(loaded, Metric):
            METRICS.setdefault(loaded.key, loaded)


def list_metrics(convention: str | None = None) -> list[Metric]:
    """List the metrics of one convention, or of all, those of other packages included, sorted by key."""
    load_extensions()
    return [METRICS[key] for key in sorted(METRICS, key=str.casefold) if convention in (None, METRICS[key].convention)]
