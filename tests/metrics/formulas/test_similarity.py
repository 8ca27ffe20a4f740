"""Q_S, Q_C, Q_Y and Piella's indices against plain loops over the windows."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import numpy as np
import pytest
import torch

from fusionbench.metrics import METRICS, Image, Triple, evaluate


def scene(seed: int, shape: tuple[int, int] = (17, 21)) -> list[np.ndarray]:
    """Three images, related and textured."""
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 256, shape).astype(float) for _ in range(2))
    return [np.rint(0.6 * a + 0.4 * b), a, b]


def gaussian2d(size: int, sigma: float) -> np.ndarray:
    x = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(x[:, None] ** 2 + x[None] ** 2) / (2 * sigma**2))
    return np.asarray(weights / weights.sum())


def moments(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, float, float, float, float]:
    mx, my = (w * x).sum(), (w * y).sum()
    return mx, my, (w * (x - mx) ** 2).sum(), (w * (y - my) ** 2).sum(), (w * (x - mx) * (y - my)).sum()


def ssim(x: np.ndarray, y: np.ndarray, w: np.ndarray, c1: float, c2: float) -> float:
    mx, my, vx, vy, c = moments(x, y, w)
    return float((2 * mx * my + c1) * (2 * c + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))


def windows(images: list[np.ndarray], size: int) -> list[list[np.ndarray]]:
    h, w = images[0].shape
    return [[x[i : i + size, j : j + size] for x in images] for i in range(h - size + 1) for j in range(w - size + 1)]


def piella_like(
    images: list[np.ndarray], size: int, w: np.ndarray, index: Callable[..., float], weighted: bool
) -> float:
    above = below = 0.0
    for f, a, b in windows(images, size):
        _, _, va, vb, _ = moments(a, b, w)
        share = va / (va + vb) if va + vb > 1e-9 else 0.5
        salience = max(va, vb) if weighted else 1.0
        above += salience * (share * index(f, a, w) + (1 - share) * index(f, b, w))
        below += salience
    return above / below


def ssim_255(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    return ssim(x, y, w, 2.55**2, 7.65**2)


def universal(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    mx, my, vx, vy, c = moments(x, y, w)
    luminance = 2 * mx * my / (mx**2 + my**2) if mx**2 + my**2 > 0 else 1.0
    return luminance * (2 * c / (vx + vy) if vx + vy > 1e-9 else 1.0)


def prewitt(x: np.ndarray) -> np.ndarray:
    p = np.pad(x, 1)
    h, w = x.shape
    out = np.zeros_like(x)
    for i in range(h):
        for j in range(w):
            n = p[i : i + 3, j : j + 3]
            out[i, j] = np.hypot(n[:, 2].sum() - n[:, 0].sum(), n[2].sum() - n[0].sum())
    return out


def value(key: str, images: list[np.ndarray]) -> float:
    return float(METRICS[key].compute(Triple(*(Image(x[None]) for x in images)))[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_q_s(seed: int) -> None:
    images, w = scene(seed), gaussian2d(11, 1.5)
    edges = [prewitt(x) for x in images]
    plain, weighted = (piella_like(images, 11, w, ssim_255, flag) for flag in (False, True))
    assert value("Q_S@liu", images) == pytest.approx(plain, rel=1e-10)
    assert value("Q_S_weighted@liu", images) == pytest.approx(weighted, rel=1e-10)
    edge = piella_like(edges, 11, w, ssim_255, True)
    assert value("Q_S_edge@liu", images) == pytest.approx(weighted * edge, rel=1e-10)


@pytest.mark.parametrize("flat", [False, True])
def test_piella(flat: bool) -> None:
    images, w = scene(2), np.full((8, 8), 1 / 64)
    if flat:
        for x in images:
            x[:, :12] = 77.0
    edges = [prewitt(x) for x in images]
    assert value("Q@piella", images) == pytest.approx(piella_like(images, 8, w, universal, False), rel=1e-9)
    weighted = piella_like(images, 8, w, universal, True)
    assert value("Q_W@piella", images) == pytest.approx(weighted, rel=1e-9)
    edge = piella_like(edges, 8, w, universal, True)
    assert value("Q_E@piella", images) == pytest.approx(weighted * edge, rel=1e-9)


def test_q_c_and_q_y() -> None:
    images, w = scene(3), gaussian2d(7, 1.5)
    q_c, q_y = [], []
    for f, a, b in windows(images, 7):
        like_a, like_b, alike = (ssim(x, y, w, 2e-16, 2e-16) for x, y in ((a, f), (b, f), (a, b)))
        cov_a, cov_b, (_, _, va, vb, _) = moments(a, f, w)[4], moments(b, f, w)[4], moments(a, b, w)
        s, share = cov_a / (cov_a + cov_b), va / (va + vb)
        q_c.append(0.0 if s < 0 else 1.0 if s > 1 else s * like_a + (1 - s) * like_b)
        q_y.append(share * like_a + (1 - share) * like_b if alike >= 0.75 else max(like_a, like_b))
    assert value("Q_C@liu", images) == pytest.approx(np.mean(q_c), rel=1e-10)
    assert value("Q_Y@liu", images) == pytest.approx(np.mean(q_y), rel=1e-10)


def test_q_y_weighs_where_the_sources_agree() -> None:
    images = scene(4)
    images[2] = np.rint(0.9 * images[1] + 10)  # like source a everywhere
    both = value("Q_Y@liu", images)
    one = max(value("Q_Y@liu", [images[0], x, x]) for x in images[1:])
    assert both < one


def test_flat_windows_have_a_reason() -> None:
    fused, a, b = (x.astype(np.uint8) for x in scene(5, (32, 32)))
    fused[:9, :9] = 100
    scores = evaluate(fused, a, b, metrics=["Q_C@liu", "Q_Y@liu"])
    assert isnan(scores["Q_C@liu"])
    assert "flat" in scores.reasons["Q_C@liu"]
    assert -1 <= scores["Q_Y@liu"] <= 1
    a[:9, :9] = b[:9, :9] = 100
    scores = evaluate(fused, a, b, metrics=["Q_Y@liu"])
    assert isnan(scores["Q_Y@liu"])


@pytest.mark.parametrize("key", ["Q_S@liu", "Q_S_weighted@liu", "Q_S_edge@liu", "Q@piella", "Q_W@piella", "Q_E@piella"])
@pytest.mark.parametrize("level", [0.0, 100.0, 255.0])
def test_constant_images_are_like_themselves(key: str, level: float) -> None:
    constant = np.full((16, 16), level)
    assert value(key, [constant, constant, constant]) == pytest.approx(1.0)


@pytest.mark.parametrize("key", ["Q_S@liu", "Q_S_edge@liu", "Q_C@liu", "Q_Y@liu", "Q_E@piella"])
def test_tensors_agree(key: str) -> None:
    images = scene(6)
    images[1][:, :8] = images[2][:, :8] = 40.0
    images[0][:, :4] = 50.0
    t = Triple(*(Image(torch.from_numpy(x[None])) for x in images))
    assert float(METRICS[key].compute(t)[0]) == pytest.approx(value(key, images), rel=1e-9, nan_ok=True)
