"""Q_G, Q_M and Q_SF against plain loops over the pixels."""

from __future__ import annotations

from math import atan, exp, isnan, pi, sqrt

import numpy as np
import pytest
import pywt

from fusionbench.metrics import METRICS, Image, Triple, evaluate


def scene(seed: int, shape: tuple[int, int] = (13, 18)) -> list[np.ndarray]:
    """Three related images with a flat corner."""
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 256, shape).astype(float) for _ in range(2))
    a[:5, :6] = b[:4, :5] = 90.0
    fused = np.rint(0.6 * a + 0.4 * b)
    fused[-5:, -5:] = 20.0
    return [fused, a, b]


def value(key: str, images: list[np.ndarray]) -> float:
    return float(METRICS[key].compute(Triple(*(Image(x[None]) for x in images)))[0])


def slopes(image: np.ndarray, i: int, j: int) -> tuple[float, float]:
    n = np.pad(image, 1)[i : i + 3, j : j + 3]
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return float((n * kernel).sum()), float((n * kernel.T).sum())


def test_q_g() -> None:
    images = scene(0)
    found = []
    for i in range(images[0].shape[0]):
        for j in range(images[0].shape[1]):
            (gf, af), (ga, aa), (gb, ab) = (
                (sqrt(x * x + y * y), atan(y / (x or 1e-5))) for x, y in (slopes(image, i, j) for image in images)
            )
            above = below = 0.0
            for strength, angle, g_f in ((ga, aa, gf), (gb, ab, gf or 1e-5)):
                weight = strength or 1e-5
                ratio = g_f / weight if strength > g_f else weight / (g_f or 1e-5)
                close = abs(abs(angle - af) - pi / 2) * 2 / pi
                above += weight / (1 + exp(-10 * (ratio - 0.5))) / (1 + exp(-20 * (close - 0.75)))
                below += weight
            found.append(above / below)
    assert value("Q_G@liu", images) == pytest.approx(np.mean(found), rel=1e-12)


@pytest.mark.parametrize("shape", [(16, 24), (15, 21)])
def test_q_m(shape: tuple[int, int]) -> None:
    images, result = scene(1, shape), 1.0
    images[0] = images[1] + 0.5  # differences of half a level: something is left of exp(-|d|)
    levels = list(images)
    for power in (2 / 3, 1 / 3):
        levels = [x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2] for x in levels]
        parts = [pywt.dwt2(x, "haar") for x in levels]
        (_, f), *sources = parts
        above = below = 0.0
        for _, detail in sources:
            energy = sum(d**2 for d in detail)
            above += (sum(np.exp(-np.abs(d - e)) for d, e in zip(detail, f, strict=True)) * energy).sum()
            below += energy.sum()
        result *= (above / below) ** power
        levels = [approximation for approximation, _ in parts]
    assert value("Q_M@liu", images) == pytest.approx(result, rel=1e-10)


def test_q_sf() -> None:
    fused, a, b = images = scene(2)
    steps = {(0, 1): 1.0, (1, 0): 1.0, (1, 1): sqrt(0.5), (1, -1): sqrt(0.5)}
    own = reference = 0.0
    h, w = fused.shape
    for i in range(h):
        for j in range(w):
            for (di, dj), weight in steps.items():
                if i + di < h and 0 <= j + dj < w:
                    d, da, db = (abs(x[i + di, j + dj] - x[i, j]) for x in (fused, a, b))
                    own += weight * d**2
                    reference += weight * max(da, db) ** 2
    assert value("Q_SF@liu", images) == pytest.approx(sqrt(own) / sqrt(reference) - 1, rel=1e-12)


def test_q_g_of_a_copy_is_the_declared_identity() -> None:
    a = scene(3)[1]
    assert value("Q_G@liu", [a, a, a]) == pytest.approx(METRICS["Q_G@liu"].identity, rel=1e-14)
    assert METRICS["Q_G@liu"].identity == pytest.approx(1 / (1 + exp(-5)) ** 2, rel=1e-14)


@pytest.mark.parametrize("key", ["Q_M@liu", "Q_SF@liu"])
def test_constant_sources_have_no_value(key: str) -> None:
    a = np.full((16, 16), 9, dtype=np.uint8)
    fused = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    scores = evaluate(fused, a, a, metrics=[key])
    assert isnan(scores[key])
    assert "0/0" in scores.reasons[key]
