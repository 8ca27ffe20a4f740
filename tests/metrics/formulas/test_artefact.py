"""Nabf against a plain reading, pixel by pixel."""

from __future__ import annotations

from math import atan, exp, hypot, pi, sqrt

import numpy as np
import pytest
import torch

from fusionbench.metrics import METRICS, Image, Triple


def scene(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (np.kron(rng.integers(0, 256, (6, 7)), np.ones((2, 2))) for _ in range(2))
    return [np.rint(np.clip(0.5 * a + 0.5 * b + rng.normal(0, 40, a.shape), 0, 255)), a, b]


def triple(images: list[np.ndarray]) -> Triple:
    return Triple(*(Image(image[None].astype(float)) for image in images))


def edge(image: np.ndarray, y: int, x: int) -> tuple[float, float]:
    window = np.pad(image, 1, mode="reflect")[y : y + 3, x : x + 3]
    along = float(((window[:, 2] - window[:, 0]) * [1, 2, 1]).sum()) / 8
    down = float(((window[2] - window[0]) * [1, 2, 1]).sum()) / 8
    return hypot(along, down), pi / 2 if along == 0 else atan(down / along)


def kept(fused: tuple[float, float], source: tuple[float, float]) -> float:
    (gf, af), (gs, angle) = fused, source
    ratio = min(gf, gs) / max(gf, gs) if gf and gs else 0.0
    closeness = abs(abs(af - angle) - pi / 2) * 2 / pi
    return sqrt(0.9999 / (1 + exp(-19 * (ratio - 0.5))) * 0.9995 / (1 + exp(-22 * (closeness - 0.5))))


def plain(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    above = below = 0.0
    for y, x in np.ndindex(fused.shape):
        ef, ea, eb = (edge(image, y, x) for image in (fused, a, b))
        wa, wb = (g**1.5 if g >= 2 else 0.001 for g in (ea[0], eb[0]))
        below += wa + wb
        if ef[0] > ea[0] and ef[0] > eb[0]:
            above += (1 - kept(ef, ea)) * wa + (1 - kept(ef, eb)) * wb
    return above / below


@pytest.mark.parametrize("seed", range(3))
def test_matches_the_plain_reading(seed: int) -> None:
    fused, a, b = scene(seed)
    images = triple([fused, a, b])
    want = plain(fused, a, b)
    assert want > 0.001
    assert METRICS["Nabf_fused_first@tang"].compute(images)[0] == pytest.approx(want, rel=1e-12)
    assert METRICS["Nabf@tang2022"].compute(images)[0] == pytest.approx(want, rel=1e-12)
    assert METRICS["Nabf@tang"].compute(images)[0] == pytest.approx(plain(a, b, fused), rel=1e-12)


def test_noise_is_an_artefact_and_the_mean_is_not() -> None:
    fused, a, b = scene(3)
    noisy = METRICS["Nabf_fused_first@tang"].compute(triple([fused, a, b]))[0]
    assert METRICS["Nabf_fused_first@tang"].compute(triple([a, a, b]))[0] == 0
    assert METRICS["Nabf_fused_first@tang"].compute(triple([np.rint(0.5 * a + 0.5 * b), a, b]))[0] < noisy


@pytest.mark.parametrize("level", [0.0, 77.0, 255.0])
def test_flat_images_have_no_artefact(level: float) -> None:
    flat = np.full((8, 9), level)
    assert METRICS["Nabf_fused_first@tang"].compute(triple([flat, flat, flat]))[0] == 0
    _, a, b = scene(4)
    flat = np.full(a.shape, level)
    assert METRICS["Nabf_fused_first@tang"].compute(triple([flat, a, b]))[0] == 0
    assert 0 < METRICS["Nabf_fused_first@tang"].compute(triple([a, flat, flat]))[0] <= 1


def test_tensors_and_batches_agree_with_single_images() -> None:
    scenes = [scene(seed) for seed in range(3)]
    single = [METRICS["Nabf@tang"].compute(triple(images))[0] for images in scenes]
    tensors = [torch.as_tensor(np.stack(side)) for side in zip(*scenes, strict=True)]
    np.testing.assert_allclose(METRICS["Nabf@tang"].compute(Triple(*map(Image, tensors))).numpy(), single, rtol=1e-10)
