"""Q_CB and Q_CV against plain readings with whole spectra and convolutions."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from fusionbench.metrics import METRICS, Image, Triple, evaluate


def scene(seed: int, shape: tuple[int, int] = (21, 34)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (np.rint(np.cumsum(rng.normal(0, 9, shape), 1) % 200) for _ in range(2))
    return [np.rint(0.6 * a + 0.3 * b), a, b]


def triple(images: list[np.ndarray]) -> Triple:
    return Triple(*(Image(image[None].astype(float)) for image in images))


def stretch(x: np.ndarray) -> np.ndarray:
    return np.floor((x - x.min()) / np.ptp(x) * 255 + 0.5)


def frequencies(n: int) -> np.ndarray:
    """freqspace: from -1 on, 0 in the middle, for even and odd n."""
    return (np.arange(n) - n // 2) * 2 / n


def see(x: np.ndarray, degree: float, response) -> np.ndarray:
    height, width = x.shape
    r = np.hypot(frequencies(height)[:, None] * height / degree, frequencies(width)[None] * width / degree)
    shown = np.fft.fftshift(np.fft.fft2(x)) * response(r)
    return np.asarray(np.fft.ifft2(np.fft.ifftshift(shown)).real)


def contrast(x: np.ndarray) -> np.ndarray:
    seen = see(stretch(x), 30, lambda r: np.exp(-((r / 15.387) ** 2)) - 0.7622 * np.exp(-((r / 1.3456) ** 2)))
    y, z = np.mgrid[-15:16, -15:16]
    blurred = [
        convolve2d(seen, np.exp(-(y**2 + z**2) / (2 * s**2)) / (2 * np.pi * s**2), mode="same") for s in (2.0, 4.0)
    ]
    c = np.abs(blurred[0] / blurred[1] - 1)
    return np.asarray(c**3 / (c**2 + 1e-4))


def plain_q_cb(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    cf, ca, cb = (contrast(i) for i in (f, a, b))
    share = ca**2 / (ca**2 + cb**2)
    q_a, q_b = (np.minimum(c, cf) / np.maximum(c, cf) for c in (ca, cb))
    return float((share * q_a + (1 - share) * q_b).mean())


def plain_q_cv(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    above = below = 0.0
    for source in (a, b):
        x = stretch(source)
        sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        strength = np.hypot(convolve2d(x, sobel, mode="same"), convolve2d(x, sobel.T, mode="same"))
        error = see(x - stretch(f), 8, lambda r: 2.6 * (0.0192 + 0.144 * r) * np.exp(-((0.144 * r) ** 1.1)))
        for top in range(0, x.shape[0], 16):
            for left in range(0, x.shape[1], 16):
                part = np.s_[top : top + 16, left : left + 16]
                weight = (strength[part] ** 5).sum()
                above += weight * (error[part] ** 2).sum() / 256
                below += weight
    return above / below


@pytest.mark.parametrize("shape", [(21, 34), (32, 48), (33, 47), (5, 40), (6, 7)])
def test_matches_the_plain_readings(shape: tuple[int, int]) -> None:
    images = scene(1, shape)
    assert METRICS["Qcb@vifb"].compute(triple(images))[0] == pytest.approx(plain_q_cb(*images), rel=1e-9)
    assert METRICS["Qcv@vifb"].compute(triple(images))[0] == pytest.approx(plain_q_cv(*images), rel=1e-10)


def test_the_best_values() -> None:
    f, _, _ = scene(2)
    assert METRICS["Qcb@vifb"].compute(triple([f, f, f]))[0] == pytest.approx(1, abs=1e-12)
    assert METRICS["Qcv@vifb"].compute(triple([f, f, f]))[0] == 0


def test_stretching_hides_brightness_and_contrast() -> None:
    f, a, b = scene(3)
    other = [f, a, 2 * b + 3]
    for key in ("Qcb@vifb", "Qcv@vifb"):
        values = [METRICS[key].compute(triple(images))[0] for images in ([f, a, b], other)]
        assert values[0] == pytest.approx(values[1], rel=0.05)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_flat_images_have_a_value_or_a_reason(level: int) -> None:
    f, a, b = scene(4)
    flat = np.full(f.shape, float(level))
    scores = evaluate(f, flat, flat, metrics=["Qcb@vifb", "Qcv@vifb"])
    assert all(isnan(score) and scores.reasons[key] for key, score in scores.items())
    assert evaluate(flat, a, b, metrics=["Qcv@vifb"])["Qcv@vifb"] > 0


def test_tensors_and_batches_agree_with_single_images() -> None:
    scenes = [scene(seed) for seed in range(3)]
    tensors = [torch.as_tensor(np.stack(side)) for side in zip(*scenes, strict=True)]
    for key in ("Qcb@vifb", "Qcv@vifb", "Q_CB@liu", "Q_CV@liu"):
        single = [METRICS[key].compute(triple(images))[0] for images in scenes]
        np.testing.assert_allclose(METRICS[key].compute(Triple(*map(Image, tensors))).numpy(), single, rtol=1e-8)
