"""VIFF of Han et al. 2013 read plainly."""

from __future__ import annotations

import numpy as np

from .film import vif_maps
from .registry import reading


@reading("VIFF@han2013")
def viff(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    result = 0.0
    for (ga, na, da), (gb, nb, db), weight in zip(
        vif_maps(a, fused, 0.005 * 255**2), vif_maps(b, fused, 0.005 * 255**2), (1, 0, 0.15, 1), strict=True
    ):
        first = ga < gb
        result += weight / 2.15 * (np.where(first, na, nb) + 1e-7).sum() / (np.where(first, da, db) + 1e-7).sum()
    return result
