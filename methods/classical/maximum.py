"""The brightest source, pixel by pixel."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ..method import Gray, Method


class Maximum(Method):
    """The brightest of the sources, pixel by pixel."""

    name = "max"
    title = "Maximum"
    reference = "none: the baseline"
    any_number = True

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Return max(a, b, …); see `Method.fuse`."""
        return reduce(np.maximum, (a, b, *further))
