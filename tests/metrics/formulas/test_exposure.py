"""MEF-SSIM against a plain reading, window by window."""

from __future__ import annotations

from math import isnan, pi, tan

import numpy as np
import pytest
import torch

from fusionbench.metrics import METRICS, Image, Triple, evaluate
from fusionbench.metrics.formulas.exposure import halved

EPS = np.finfo(float).eps


def scene(seed: int, shape: tuple[int, int] = (14, 15)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (np.rint(np.cumsum(np.cumsum(rng.normal(0, 3, shape), 0), 1) % 256) for _ in range(2))
    return [np.rint(0.5 * a + 0.5 * b), a, b]


def triple(images: list[np.ndarray]) -> Triple:
    return Triple(*(Image(image[None].astype(float)) for image in images))


def gaussian() -> np.ndarray:
    x = np.arange(11) - 5.0
    weights = np.exp(-(x[:, None] ** 2 + x[None] ** 2) / (2 * 1.5**2))
    return np.asarray(weights / weights.sum())


def window_index(f: np.ndarray, a: np.ndarray, b: np.ndarray, w: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    contrasts = [np.linalg.norm(x) + 0.001 for x in (a, b)]
    agreement = (np.linalg.norm(a + b) + EPS) / (np.linalg.norm(a) + np.linalg.norm(b) + EPS)
    p = min(tan(pi / 2 * min(agreement, 1 - EPS)), 10.0)
    powers = [(c / 11) ** p for c in contrasts]
    best = sum(power / sum(powers) * x / c for power, x, c in zip(powers, (a, b), contrasts, strict=True))
    norm = np.linalg.norm(best)
    best = best / norm * max(contrasts) if norm > 0 else best
    mr, mf = (w * best).sum(), (w * f).sum()
    c2 = 7.65**2
    variances = (w * (best - mr) ** 2).sum() + (w * (f - mf) ** 2).sum()
    return float((2 * (w * (best - mr) * (f - mf)).sum() + c2) / (variances + c2))


def plain(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    w, (height, width) = gaussian(), f.shape
    corners = [(y, x) for y in range(height - 10) for x in range(width - 10)]
    return float(np.mean([window_index(*(i[y : y + 11, x : x + 11] for i in (f, a, b)), w) for y, x in corners]))


@pytest.mark.parametrize("seed", range(3))
def test_matches_the_plain_reading(seed: int) -> None:
    images = scene(seed)
    for key in ("MEF_SSIM@tang", "SSIM@tang2022"):
        assert METRICS[key].compute(triple(images))[0] == pytest.approx(plain(*images), rel=1e-10)


def test_saturated_windows() -> None:
    f, a, b = scene(4)
    a, b = np.where(a > 60, 255.0, a), np.where(np.arange(15) < 13, 0.0, b)
    f = np.where(np.arange(15) < 12, 128.0, f)
    assert METRICS["MEF_SSIM@tang"].compute(triple([f, a, b]))[0] == pytest.approx(plain(f, a, b), rel=1e-9)


def test_three_scales() -> None:
    f, a, b = scene(5, (45, 46))
    weights = np.array([0.0448, 0.2856, 0.3001])
    want = 1.0
    images = [f, a, b]
    for weight in weights / weights.sum():
        want *= plain(*images) ** weight
        padded = [np.pad(i, ((0, i.shape[0] % 2), (0, i.shape[1] % 2)), mode="symmetric") for i in images]
        images = [(i[::2, ::2] + i[1::2, ::2] + i[::2, 1::2] + i[1::2, 1::2]) / 4 for i in padded]
    assert METRICS["MS_SSIM@tang"].compute(triple([f, a, b]))[0] == pytest.approx(want, rel=1e-10)


def test_halving_repeats_what_is_left_over() -> None:
    odd = np.arange(15.0).reshape(1, 3, 5)
    assert halved(Image(odd)).data.tolist() == [[[3.0, 5.0, 6.5], [10.5, 12.5, 14.0]]]


def test_too_small_for_three_scales() -> None:
    f, a, b = (i.clip(0, 255) for i in scene(6, (43, 50)))
    scores = evaluate(f, a, b, metrics=["MS_SSIM@tang", "MEF_SSIM@tang"])
    assert isnan(scores["MS_SSIM@tang"])
    assert "44" in scores.reasons["MS_SSIM@tang"]
    assert not isnan(scores["MEF_SSIM@tang"])


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_flat_images_give_a_number(level: float) -> None:
    _, a, b = scene(7, (46, 47))
    flat = np.full(a.shape, level)
    for images in ([flat, flat, flat], [flat, a, b], [a, flat, b]):
        value = METRICS["MS_SSIM@tang"].compute(triple(images))[0]
        assert 0 <= value <= 1 + 1e-9
    assert METRICS["MEF_SSIM@tang"].compute(triple([flat, flat, flat]))[0] == 1


def test_tensors_and_batches_agree_with_single_images() -> None:
    scenes = [scene(seed, (46, 48)) for seed in range(3)]
    tensors = [torch.as_tensor(np.stack(side)) for side in zip(*scenes, strict=True)]
    for key in ("MS_SSIM@tang", "MEF_SSIM@tang"):
        single = [METRICS[key].compute(triple(images))[0] for images in scenes]
        np.testing.assert_allclose(METRICS[key].compute(Triple(*map(Image, tensors))).numpy(), single, rtol=1e-9)
