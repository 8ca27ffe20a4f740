"""The mean of the sources: the baseline that every other method has to beat."""

from __future__ import annotations

from typing import Any

from ..method import Gray, Method


class Average(Method):
    """The mean of the two sources, pixel by pixel."""

    name = "average"
    reference = "none: the baseline"

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Return (a + b) / 2; see `Method.fuse`."""
        return 0.5 * (a + b)
