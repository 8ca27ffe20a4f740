"""Values scored again, held against the stored ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..results import Row

TOLERANCE = 1e-9  # relative; other machines add in another order
OF_VIF = 1e-6  # its thresholds flip with the last digit where a window is flat: the rule of the golden files
SMALL = 1e-3  # below it, differences are relative to it


@dataclass(frozen=True)
class Comparison:
    """How many values there are, how many are equal within the tolerance, and the largest relative difference."""

    all: int
    equal: int
    largest: float


def compare(stored: Mapping[str, Row], again: Mapping[str, Row]) -> Comparison:
    """Compare every stored value with that of the same pair and metric; what is lacking is not equal.

    Parameters
    ----------
    stored, again : rows by pair.
    """
    count, equal, largest = 0, 0, 0.0
    for pair, row in stored.items():
        other = again.get(pair)
        for key, before in row.metrics.items():
            count += 1
            if other is None or key not in other.metrics:
                continue
            now = other.metrics[key]
            if math.isnan(before) or math.isnan(now):
                equal += math.isnan(before) and math.isnan(now)
                continue
            difference = abs(now - before) / max(abs(before), SMALL)
            largest = max(largest, difference)
            equal += difference <= (OF_VIF if key.startswith("VIF") else TOLERANCE)
    return Comparison(count, equal, largest)
