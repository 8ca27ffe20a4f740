"""MEF-SSIM read plainly, window by window."""

from __future__ import annotations

from math import pi, tan

import numpy as np

from .registry import gaussian, reading, windows

EPS = np.finfo(float).eps


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


@reading("MEF_SSIM@tang", "SSIM@tang2022")
def mef_ssim(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    w = gaussian(11, 1.5)
    return float(np.mean([window_index(*three, w) for three in windows(11, f, a, b)]))


@reading("MS_SSIM@tang", "MEF_SSIM@ma2015")
def mef_ssim_scales(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    weights, value, images = np.array([0.0448, 0.2856, 0.3001]), 1.0, [f, a, b]
    for weight in weights / weights.sum():
        value *= mef_ssim(*images) ** weight
        padded = [np.pad(i, ((0, i.shape[0] % 2), (0, i.shape[1] % 2)), mode="symmetric") for i in images]
        images = [(i[::2, ::2] + i[1::2, ::2] + i[::2, 1::2] + i[1::2, 1::2]) / 4 for i in padded]
    return value
