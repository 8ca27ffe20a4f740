"""Q_G, Q_M and Q_SF read plainly, with loops over the pixels."""

from __future__ import annotations

from math import atan, exp, pi, sqrt

import numpy as np
import pywt

from .registry import reading


def slopes(image: np.ndarray, i: int, j: int) -> tuple[float, float]:
    n = np.pad(image, 1)[i : i + 3, j : j + 3]
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return float((n * kernel).sum()), float((n * kernel.T).sum())


@reading("Q_G@liu")
def q_g(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    values = []
    for i, j in np.ndindex(f.shape):
        (gf, af), (ga, aa), (gb, ab) = (
            (sqrt(x * x + y * y), atan(y / (x or 1e-5))) for x, y in (slopes(image, i, j) for image in (f, a, b))
        )
        above = below = 0.0
        for strength, angle, g_f in ((ga, aa, gf), (gb, ab, gf or 1e-5)):
            weight = strength or 1e-5
            ratio = g_f / weight if strength > g_f else weight / (g_f or 1e-5)
            close = abs(abs(angle - af) - pi / 2) * 2 / pi
            above += weight / (1 + exp(-10 * (ratio - 0.5))) / (1 + exp(-20 * (close - 0.75)))
            below += weight
        values.append(above / below)
    return float(np.mean(values))


@reading("Q_M@liu")
def q_m(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    result, levels = 1.0, [f, a, b]
    for power in (2 / 3, 1 / 3):
        levels = [x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2] for x in levels]
        (_, detail_f), *sources = parts = [pywt.dwt2(x, "haar") for x in levels]
        above = below = 0.0
        for _, detail in sources:
            energy = sum(d**2 for d in detail)
            above += (sum(np.exp(-np.abs(d - e)) for d, e in zip(detail, detail_f, strict=True)) * energy).sum()
            below += energy.sum()
        result *= (above / below) ** power
        levels = [approximation for approximation, _ in parts]
    return result


@reading("Q_SF@liu")
def q_sf(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    own = reference = 0.0
    for (di, dj), weight in {(0, 1): 1.0, (1, 0): 1.0, (1, 1): sqrt(0.5), (1, -1): sqrt(0.5)}.items():
        for i, j in np.ndindex(f.shape):
            if i + di < f.shape[0] and 0 <= j + dj < f.shape[1]:
                d, da, db = (abs(x[i + di, j + dj] - x[i, j]) for x in (f, a, b))
                own += weight * d**2
                reference += weight * max(da, db) ** 2
    return sqrt(own) / sqrt(reference) - 1
