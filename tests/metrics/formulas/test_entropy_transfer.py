"""Q_MI, Q_TE and Q_NCIE against plain loops over the histogram."""

from __future__ import annotations

from math import isnan, log, log2

import numpy as np
import pytest
import torch

from fusionbench.metrics import METRICS, Image, Triple, evaluate


def scene(seed: int) -> list[np.ndarray]:
    """Three related images; the sources span ranges whose stretching moves levels onto each other's."""
    rng = np.random.default_rng(seed)
    a = rng.integers(10, 61, (40, 50)).astype(float)
    b = rng.integers(100, 226, (40, 50)).astype(float)
    return [np.rint((a + b) / 2), a, b]


def value(key: str, images: list[np.ndarray]) -> float:
    return float(METRICS[key].compute(Triple(*(Image(x[None]) for x in images)))[0])


def stretch(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.floor((x - x.min()) / (x.max() - x.min()) * 255 + 0.5).astype(int))


def joint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    h = np.zeros((256, 256))
    for i, j in zip(x.ravel(), y.ravel(), strict=True):
        h[i, j] += 1
    return h / x.size


def entropy(p: np.ndarray) -> float:
    return -sum(v * log2(v) for v in p.ravel() if v > 0)


def shared(x: np.ndarray, y: np.ndarray) -> float:
    h = joint(x, y)
    return entropy(h.sum(1)) + entropy(h.sum(0)) - entropy(h)


def tsallis(x: np.ndarray, y: np.ndarray, q: float) -> float:
    h = joint(x, y)
    px, py, found = h.sum(1), h.sum(0), 0.0
    for i in range(256):
        for j in range(256):
            product = py[i] * px[j]  # swapped, as published
            if product != 0:
                found += h[i, j] ** q / product ** (q - 1)
    return (1 - found) / (1 - q)


@pytest.mark.parametrize("seed", [0, 1])
def test_q_mi(seed: int) -> None:
    f, a, b = (stretch(x) for x in scene(seed))
    parts = [2 * shared(x, f) / (entropy(joint(x, x)) + entropy(joint(f, f))) for x in (a, b)]
    assert value("Q_MI@liu", scene(seed)) == pytest.approx(sum(parts), rel=1e-10)


@pytest.mark.parametrize("seed", [0, 1])
def test_q_te(seed: int) -> None:
    images = scene(seed)
    f, a, b = (stretch(x) for x in images)
    q = 0.43137
    below = sum(entropy(joint(x, x)) ** q for x in (a, b)) + tsallis(a, b, q)
    assert value("Q_TE@liu", images) == pytest.approx((tsallis(a, f, q) + tsallis(b, f, q)) / below, rel=1e-10)
    expected = tsallis(a, f, 1.85) + tsallis(b, f, 1.85)
    assert value("Q_TE_Cvejic@liu", images) == pytest.approx(expected, rel=1e-10)


def test_stretching_decides_which_levels_meet() -> None:
    images = scene(2)
    wide = [stretch(x).astype(float) for x in images]
    raw = [x.astype(int) for x in images]
    assert value("Q_TE_Cvejic@liu", wide) == pytest.approx(value("Q_TE_Cvejic@liu", images), rel=1e-12)
    assert tsallis(raw[1], raw[0], 1.85) != pytest.approx(
        tsallis(stretch(images[1]), stretch(images[0]), 1.85), rel=0.01
    )


def test_q_ncie() -> None:
    f, a, b = (stretch(x) for x in scene(3))
    ab, af, bf = shared(a, b) / 8, shared(a, f) / 8, shared(b, f) / 8
    r = np.linalg.eigvals(np.array([[1, ab, af], [ab, 1, bf], [af, bf, 1]]))
    expected = 1 + sum(x / 3 * log(x / 3, 256) for x in r)
    assert value("Q_NCIE@liu", scene(3)) == pytest.approx(expected, rel=1e-12)


def test_q_ncie_of_one_full_histogram_is_one() -> None:
    full = np.arange(256.0).reshape(16, 16)
    assert value("Q_NCIE@liu", [full, full, full]) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("key", ["Q_MI@liu", "Q_TE@liu"])
def test_constant_images_have_no_value(key: str) -> None:
    constant = np.full((8, 8), 7, dtype=np.uint8)
    scores = evaluate(constant, constant, constant, metrics=[key])
    assert isnan(scores[key])
    assert "constant" in scores.reasons[key]


@pytest.mark.parametrize("key", ["Q_MI@liu", "Q_TE@liu", "Q_TE_Cvejic@liu", "Q_NCIE@liu"])
def test_tensors_agree(key: str) -> None:
    images = scene(4)
    t = Triple(*(Image(torch.from_numpy(x[None])) for x in images))
    assert float(METRICS[key].compute(t)[0]) == pytest.approx(value(key, images), rel=1e-12)
