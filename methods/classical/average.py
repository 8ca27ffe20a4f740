"""The mean of the sources: the baseline that every other method has to beat."""

from __future__ import annotations

from typing import Any

from ..method import Gray, Method
from ._common import mean


class Average(Method):
    """The mean of the sources, pixel by pixel."""

    name = "average"
    title = "Average"
    reference = "none: the baseline"
    any_number = True

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Return (a + b + …) / n; see `Method.fuse`."""
        return mean([a, b, *further])
