"""The brighter source, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..method import Gray, Method


class Maximum(Method):
    """The brighter of the two sources, pixel by pixel."""

    name = "max"
    reference = "none: the baseline"

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Return max(a, b); see `Method.fuse`."""
        return np.maximum(a, b)
