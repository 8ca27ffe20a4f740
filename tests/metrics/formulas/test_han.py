"""VIFF of Han et al. 2013 against a plain reading of the definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d

from fusionbench.metrics import METRICS, Image, Triple

KEY = "VIFF@han2013"


def scene(seed: int, shape: tuple[int, int] = (60, 71)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (np.clip(128 + 250 * gaussian_filter(rng.standard_normal(shape), s), 0, 255) for s in (1.0, 2.0))
    return [np.rint(x) for x in ((a + b) / 2, a, b)]


def maps(source: np.ndarray, fused: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Gain, information with and without distortion, at four scales."""
    noise, found = 0.005 * 255 * 255, []
    for scale in range(4):
        size = 2 ** (4 - scale) + 1
        x = np.arange(size) - size // 2
        w = np.exp(-(x[:, None] ** 2 + x[None] ** 2) / (2 * (size / 5) ** 2))
        w /= w.sum()

        def smooth(image: np.ndarray, w: np.ndarray = w) -> np.ndarray:
            return np.asarray(convolve2d(image, w, mode="valid"))

        if scale:
            source, fused = smooth(source)[::2, ::2], smooth(fused)[::2, ::2]
        ms, mf = smooth(source), smooth(fused)
        vs = np.maximum(smooth(source * source) - ms * ms, 0)
        vf = np.maximum(smooth(fused * fused) - mf * mf, 0)
        cov = smooth(source * fused) - ms * mf
        gain = cov / (vs + 1e-10)
        rest = vf - gain * cov
        flat = vs < 1e-10
        gain[flat], rest[flat], vs[flat] = 0, vf[flat], 0
        gain[vf < 1e-10], rest[vf < 1e-10] = 0, 0
        rest[gain < 0] = vf[gain < 0]
        gain[gain < 0] = 0
        rest[rest <= 1e-10] = 1e-10
        found.append((gain, np.log10(1 + gain**2 * vs / (rest + noise)), np.log10(1 + vs / noise)))
    return found


def plain(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    result = 0.0
    for (ga, na, da), (gb, nb, db), weight in zip(maps(a, fused), maps(b, fused), (1, 0, 0.15, 1), strict=True):
        first = ga < gb
        result += weight / 2.15 * (np.where(first, na, nb) + 1e-7).sum() / (np.where(first, da, db) + 1e-7).sum()
    return result


def value(images: list[np.ndarray]) -> float:
    return float(METRICS[KEY].compute(Triple(*(Image(x[None]) for x in images)))[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_plain_reading(seed: int) -> None:
    images = scene(seed)
    assert value(images) == pytest.approx(plain(*images), rel=1e-9)


def test_inverted_contrast_counts_as_nothing() -> None:
    _, a, b = scene(2)
    images = [255 - a, a, a]
    assert value(images) == pytest.approx(plain(*images), rel=1e-9)
    assert value(images) < 1e-3
    assert value([a, a, 255 - a]) < 1e-3, "the source that is kept worse decides"
    assert value([a, a, b]) < 1


def test_a_copy_has_one_and_more_contrast_more() -> None:
    _, a, _ = scene(3)
    a = 90 + 0.2 * a
    assert value([a, a, a]) == pytest.approx(1.0, abs=1e-6)
    assert value([a.mean() + 3 * (a - a.mean()), a, a]) > 1.5


def test_it_is_not_the_sum_of_two_vifp() -> None:
    _, a, b = scene(4)
    film = [
        float(METRICS["VIFF@film"].compute(Triple(*(Image(x[None]) for x in y)))[0]) for y in ([a, a, a], [a, a, b])
    ]
    assert film[0] == pytest.approx(2.0, abs=1e-6)
    assert film[1] > 1 > value([a, a, b])


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_constant_images(level: float) -> None:
    flat = np.full((48, 48), level)
    assert value([flat, flat, flat]) == pytest.approx(1.0)


def test_tensors_agree() -> None:
    images = scene(5)
    t = Triple(*(Image(torch.from_numpy(x[None])) for x in images))
    assert float(METRICS[KEY].compute(t)[0]) == pytest.approx(value(images), rel=1e-9)
