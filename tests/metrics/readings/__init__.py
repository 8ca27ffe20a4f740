"""The definitions of all metrics read plainly, in NumPy and SciPy, float64: each does the obvious thing.

(fused, a, b) of (H, W) in 0..255 -> float. Nothing here is shared with the package.
"""

from . import (  # each enters its readings
    artefact,
    contrast_sensitivity,
    edge_transfer,
    entropy_transfer,
    exposure,
    film,
    fmi,
    han,
    phase,
    similarity,
    tang,
    vifb,
)
from .registry import READINGS

__all__ = ["READINGS"]
