"""Nabf read plainly, pixel by pixel."""

from __future__ import annotations

from math import atan, exp, hypot, pi, sqrt

import numpy as np

from .registry import reading


def edge(image: np.ndarray, y: int, x: int) -> tuple[float, float]:
    window = np.pad(image, 1, mode="reflect")[y : y + 3, x : x + 3]
    along = float(((window[:, 2] - window[:, 0]) * [1, 2, 1]).sum()) / 8
    down = float(((window[2] - window[0]) * [1, 2, 1]).sum()) / 8
    return hypot(along, down), pi / 2 if along == 0 else atan(down / along)


def preserved(fused: tuple[float, float], source: tuple[float, float]) -> float:
    (gf, af), (gs, angle) = fused, source
    ratio = min(gf, gs) / max(gf, gs) if gf and gs else 0.0
    closeness = abs(abs(af - angle) - pi / 2) * 2 / pi
    return sqrt(0.9999 / (1 + exp(-19 * (ratio - 0.5))) * 0.9995 / (1 + exp(-22 * (closeness - 0.5))))


@reading("Nabf_fused_first@tang", "Nabf@tang2022")
def nabf(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    above = below = 0.0
    for y, x in np.ndindex(fused.shape):
        ef, ea, eb = (edge(image, y, x) for image in (fused, a, b))
        wa, wb = (g**1.5 if g >= 2 else 0.001 for g in (ea[0], eb[0]))
        below += wa + wb
        if ef[0] > ea[0] and ef[0] > eb[0]:
            above += (1 - preserved(ef, ea)) * wa + (1 - preserved(ef, eb)) * wb
    return above / below


@reading("Nabf@tang")
def nabf_as_called(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return nabf(a, b, fused)
