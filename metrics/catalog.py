"""What a metric is, and the list of all of them, those included that other packages bring."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import cleandoc
from math import inf
from typing import Literal

from ..errors import one_line, unknown
from .arrays.triple import Triple
from .arrays.types import Array

Compute = Callable[[Triple], Array]
Better = Literal["higher", "lower", "zero"]
GROUP = "fusionbench.metrics"  # of entry points


@dataclass(frozen=True)
class Metric:
    """One metric in one convention; `key` ("PSNR@film") names it in every result.

    What is declared here (`range`, `identity`, `symmetric`, `flips`, `transposes`, `differentiable`) is tested for
    every metric of the catalogue on random images.
    """

    name: str
    convention: str
    compute: Compute  # a Triple of N -> float64 array (N,); its docstring is the formula in words
    better: Better
    reference: str  # the paper, with its DOI
    range: tuple[float, float] = (0.0, inf)
    note: str = ""  # how this convention differs from the others, and its traps
    undefined: str = ""  # when the definition gives no value (NaN), in words
    identity: float | None = None  # the value where fused, a and b are one textured image
    min_size: int = 1  # pixels that the shorter side must have; below it the value is NaN, with a reason
    no_reference: bool = False  # looks at the fused image alone
    symmetric: bool = True  # the sources may be swapped
    flips: bool = True  # unchanged when all three images are mirrored, left-right or upside down
    transposes: bool = True  # unchanged when all three images are transposed
    differentiable: bool = False  # its gradient in torch is right (almost everywhere)
    channels: Literal["mean", "joined"] = "mean"  # protocols that score colour: mean over the channels, or one value
    # of the channels laid side by side
    ideal: bool = False  # compares with the ideal image of a data set, which is given as both sources
    any_number: bool = False  # compares with any number of sources: `Triple.further` has those after a and b

    @property
    def two_sources(self) -> bool:
        """Whether it compares the fused image with its sources, and is defined for two."""
        return not (self.no_reference or self.ideal or self.any_number)

    @property
    def key(self) -> str:
        """Name and convention, `name@convention`."""
        return f"{self.name}@{self.convention}"

    @property
    def arrow(self) -> str:
        """The direction as tables print it: ↑, ↓ or →0."""
        return {"higher": "↑", "lower": "↓", "zero": "→0"}[self.better]

    @property
    def formula(self) -> str:
        """The formula in words: the docstring of `compute`."""
        return cleandoc(self.compute.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the formula."""
        return self.formula.partition("\n")[0]


METRICS: dict[str, Metric] = {}
LENDERS: list[
    Callable[[str], Metric | None]
] = []  # make the metric of a key that another library defines, or give None


def metric(
    name: str,
    *conventions: str,
    reference: str,
    better: Better = "higher",
    range: tuple[float, float] = (0.0, inf),
    note: str = "",
    undefined: str = "",
    identity: float | None = None,
    min_size: int = 1,
    no_reference: bool = False,
    symmetric: bool = True,
    flips: bool = True,
    transposes: bool = True,
    differentiable: bool = False,
    channels: Literal["mean", "joined"] = "mean",
    ideal: bool = False,
    any_number: bool = False,
) -> Callable[[Compute], Compute]:
    """Register the decorated function as metric `name` in each of `conventions`; see `Metric` for the fields.

    The decorator returns the function as it is, so several of them can be stacked where one formula has two names.
    Raises ValueError where a key is taken by another function.
    """

    def decorate(compute: Compute) -> Compute:
        for convention in conventions:
            record = Metric(
                name, convention, compute, better, reference, range, note, undefined, identity, min_size,
                no_reference, symmetric, flips, transposes, differentiable, channels, ideal, any_number,
            )  # fmt: skip
            register(record)
        return compute

    return decorate


def register(record: Metric) -> None:
    """Add a metric to the catalogue; raises ValueError where its key is taken, in whatever case."""
    if record.key.casefold() in {key.casefold() for key in METRICS}:
        raise ValueError(f"metric {record.key} is registered twice")
    METRICS[record.key] = record


def adopt(key: str, name: str, *conventions: str, note: str = "") -> None:
    """Register the metric of a key under the names of other conventions that define it alike.

    `note` is said anew, everything else holds. Raises ValueError where a key is taken.
    """
    record = replace(METRICS[key], name=name, note=note)
    for convention in conventions:
        register(replace(record, convention=convention))


def get_metric(key: str) -> Metric:
    """Find a metric by its key `name@convention`, whatever the case; raises InputError with the nearest name."""
    record = METRICS.get(key) or next((m for k, m in METRICS.items() if k.casefold() == key.casefold()), None)
    if record is None:
        record = next((lent for lender in LENDERS if (lent := lender(key)) is not None), None)
        if record is None:
            raise unknown("metric", key, METRICS)
        register(record)
    return record


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
