"""What a metric is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Literal

from ..errors import unknown
from .triple import Array, Triple

Compute = Callable[[Triple], Array]


@dataclass(frozen=True)
class Metric:
    """One metric in one convention; `key` ("PSNR@film") names it in every result."""

    name: str
    convention: str
    compute: Compute  # a Triple of N -> float64 array (N,)
    better: Literal["higher", "lower", "zero"]
    range: tuple[float, float]
    reference: str
    min_size: int = 1  # pixels that the shorter side must have; below it the value is NaN, with a reason
    no_reference: bool = False  # looks at the fused image alone
    symmetric: bool = True  # the sources may be swapped
    differentiable: bool = False
    channels: Literal["mean", "whole"] = "mean"  # how a protocol that scores colour joins the channels

    @property
    def key(self) -> str:
        """Name and convention, `name@convention`."""
        return f"{self.name}@{self.convention}"

    @property
    def arrow(self) -> str:
        """The direction as tables print it: ↑, ↓ or →0."""
        return {"higher": "↑", "lower": "↓", "zero": "→0"}[self.better]

    @property
    def summary(self) -> str:
        """The first line of the formula's docstring."""
        return (self.compute.__doc__ or "").strip().partition("\n")[0]


METRICS: dict[str, Metric] = {}


def metric(
    name: str,
    *conventions: str,
    reference: str,
    better: Literal["higher", "lower", "zero"] = "higher",
    range: tuple[float, float] = (0.0, inf),
    min_size: int = 1,
    no_reference: bool = False,
    symmetric: bool = True,
    differentiable: bool = False,
    channels: Literal["mean", "whole"] = "mean",
) -> Callable[[Compute], Compute]:
    """Register the decorated function as metric `name` in each of `conventions`; see `Metric` for the other fields."""

    def register(compute: Compute) -> Compute:
        for convention in conventions:
            record = Metric(
                name, convention, compute, better, range, reference, min_size, no_reference, symmetric,
                differentiable, channels,
            )  # fmt: skip
            METRICS[record.key] = record
        return compute

    return register


def get_metric(key: str) -> Metric:
    """Find a metric by its key `name@convention`, whatever the case; raises InputError with the nearest name."""
    for known, record in METRICS.items():
        if known.casefold() == key.casefold():
            return record
    raise unknown("metric", key, METRICS)
