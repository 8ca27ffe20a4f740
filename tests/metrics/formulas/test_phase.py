"""Q_P and phase congruency against a plain reading of the definition, filter by filter."""

from __future__ import annotations

from math import isnan, log, pi, sqrt

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from fusionbench.metrics import METRICS, Image, Triple, evaluate
from fusionbench.metrics.formulas.phase import phase_congruency


def scene(seed: int, shape: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (128 + 400 * gaussian_filter(rng.standard_normal(shape), 1.5) for _ in range(2))
    a[:, shape[1] // 2 :] += 60
    b[shape[0] // 3 :] -= 70
    return [np.clip(np.rint(x), 0, 255) for x in ((a + b) / 2, a, b)]


def axis(count: int) -> np.ndarray:
    if count % 2:
        return np.arange(-(count - 1) / 2, (count - 1) / 2 + 1) / (count - 1)
    return np.arange(-count / 2, count / 2) / count


def filters(h: int, w: int) -> list[list[np.ndarray]]:
    """By orientation, then scale."""
    x, y = np.meshgrid(axis(w), axis(h))
    radius, theta = np.sqrt(x**2 + y**2), np.arctan2(-y, x)
    radius[h // 2, w // 2] = 1
    radius, theta = np.fft.ifftshift(radius), np.fft.ifftshift(theta)
    u, v = np.meshgrid((np.arange(w) - w // 2) / w, (np.arange(h) - h // 2) / h)
    lowpass = np.fft.fftshift(1 / (1 + (np.sqrt(u**2 + v**2) / 0.45) ** 30))
    result = []
    for o in range(6):
        angle = o * pi / 6
        sine = np.sin(theta) * np.cos(angle) - np.cos(theta) * np.sin(angle)
        cosine = np.cos(theta) * np.cos(angle) + np.sin(theta) * np.sin(angle)
        spread = np.exp(-(np.arctan2(sine, cosine) ** 2) / (2 * (pi / 6 / 1.2) ** 2))
        row = []
        for s in range(4):
            gabor = np.exp(-(np.log(radius * 3 * 2.1**s) ** 2) / (2 * log(0.55) ** 2)) * lowpass
            gabor[0, 0] = 0
            row.append(gabor * spread)
        result.append(row)
    return result


def threshold(bank: list[np.ndarray], finest: np.ndarray) -> float:
    size = finest.size
    impulse = [np.real(np.fft.ifft2(f)) * sqrt(size) for f in bank]
    noise = -np.median(np.abs(finest) ** 2) / log(0.5) / (bank[0] ** 2).sum()
    squares = sum((i**2).sum() for i in impulse)
    products = sum((impulse[i] * impulse[j]).sum() for j in range(4) for i in range(j))
    tau = sqrt((2 * noise * squares + 4 * noise * products) / 2)
    return (tau * sqrt(pi / 2) + 2 * sqrt((2 - pi / 2) * tau**2)) / 1.7


def congruency(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    spectrum = np.fft.fft2(image)
    energies, amplitudes, xx, yy, xy = (np.zeros_like(image) for _ in range(5))
    for o, bank in enumerate(filters(*image.shape)):
        responses = [np.fft.ifft2(spectrum * f) for f in bank]
        even, odd = sum(r.real for r in responses), sum(r.imag for r in responses)
        length = np.sqrt(even**2 + odd**2) + 1e-4
        energy = sum(
            r.real * even / length + r.imag * odd / length - np.abs(r.real * odd / length - r.imag * even / length)
            for r in responses
        )
        sizes = np.stack([np.hypot(r.real, r.imag) for r in responses])
        energy = np.maximum(energy - threshold(bank, responses[0]), 0)
        width = sizes.sum(0) / (sizes.max(0) + 1e-4) / 4
        energy = energy / (1 + np.exp((0.5 - width) * 10))
        energies, amplitudes = energies + energy, amplitudes + sizes.sum(0)
        pc, angle = energy / sizes.sum(0), o * pi / 6
        xx, yy = xx + (pc * np.cos(angle)) ** 2, yy + (pc * np.sin(angle)) ** 2
        xy = xy + pc**2 * np.cos(angle) * np.sin(angle)
    xx, yy, xy = xx / 3, yy / 3, xy / 6
    spread = np.sqrt(xy**2 + (xx - yy) ** 2) + 1e-4
    return energies / (amplitudes + 1e-4), (xx + yy + spread) / 2, (xx + yy - spread) / 2


def correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Local correlation, zeros around."""
    offsets = np.arange(11) - 5
    w = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / 4.5)
    w, (h, width), out = w / w.sum(), x.shape, np.zeros_like(x)
    px, py = np.pad(x, 5), np.pad(y, 5)
    for i in range(h):
        for j in range(width):
            a, b = px[i : i + 11, j : j + 11], py[i : i + 11, j : j + 11]
            ma, mb = (w * a).sum(), (w * b).sum()
            va, vb, c = (w * a * a).sum() - ma**2, (w * b * b).sum() - mb**2, (w * a * b).sum() - ma * mb
            out[i, j] = (c + 1e-4) / (sqrt(abs(va * vb)) + 1e-4)
    return out


def plain_q_p(images: list[np.ndarray]) -> float:
    f, a, b = (congruency(x) for x in images)
    larger, result = a[0] > b[0], 1.0
    masks = [a[0] > 0.1, b[0] > 0.1, np.maximum(a[0], b[0]) > 0.1]
    for i in range(3):
        sources = [a[i], b[i], np.where(larger, a[i], b[i])]
        best = [np.where(m, correlation(m * s, f[i]), 0) for m, s in zip(masks, sources, strict=True)]
        result *= np.maximum.reduce(best).sum() / masks[2].sum()
    return result


def value(images: list[np.ndarray]) -> float:
    return float(METRICS["Q_P@liu"].compute(Triple(*(Image(x[None]) for x in images)))[0])


@pytest.mark.parametrize("shape", [(32, 40), (33, 37), (24, 41)])
def test_q_p(shape: tuple[int, int]) -> None:
    images = scene(0, shape)
    assert value(images) == pytest.approx(plain_q_p(images), rel=1e-9)


def test_large_primes_take_the_other_transform() -> None:
    image = scene(1, (41, 43))[0]
    found, expected = phase_congruency(Image(image[None])), congruency(image)
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(got[0], want, atol=1e-10)


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (9, 8)])
def test_small_images(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(2).integers(0, 256, (3, *shape)).astype(float)
    found = phase_congruency(Image(images))
    for maps in found:
        assert np.isfinite(maps).all()
    assert (found.congruency >= 0).all()
    assert (found.congruency <= 1).all()


def test_contrast_does_not_matter_much() -> None:
    image = scene(3, (48, 64))[1]
    strong, weak = (phase_congruency(Image(x[None])).congruency for x in (image, image / 4))
    assert np.corrcoef(strong.ravel(), weak.ravel())[0, 1] > 0.999


def test_tensors_and_batches_agree() -> None:
    batch = [np.stack(x) for x in zip(scene(4, (40, 48)), scene(5, (40, 48)), strict=True)]
    arrays = METRICS["Q_P@liu"].compute(Triple(*(Image(x) for x in batch)))
    tensors = METRICS["Q_P@liu"].compute(Triple(*(Image(torch.from_numpy(x)) for x in batch)))
    np.testing.assert_allclose(tensors.numpy(), arrays, rtol=1e-9)
    np.testing.assert_allclose(arrays, [value([x[i] for x in batch]) for i in range(2)], rtol=1e-12)


def test_no_feature_no_value() -> None:
    flat = np.full((32, 32), 90, dtype=np.uint8)
    fused = scene(6, (32, 32))[0].astype(np.uint8)
    scores = evaluate(fused, flat, flat, metrics=["Q_P@liu"])
    assert isnan(scores["Q_P@liu"])
    assert "phase congruency" in scores.reasons["Q_P@liu"]


def test_a_flat_fused_image_scores_nearly_one() -> None:
    _, a, b = scene(7, (32, 32))
    assert 0.99 < value([np.full((32, 32), 90.0), a, b]) <= 1, "the trap that the docstring tells of"
