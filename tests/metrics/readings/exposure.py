"""MEF-SSIM read plainly, window by window."""

from __future__ import annotations

from math import pi, tan

import numpy as np

from .registry import gaussian, reading, windows

EPS = np.finfo(float).eps


def window_index(w: np.ndarray, f: np.ndarray, *sources: np.ndarray) -> float:
    structures = [x - x.mean() for x in sources]
    contrasts = [np.linalg.norm(x) + 0.001 for x in structures]
    agreement = (np.linalg.norm(sum(structures)) + EPS) / (sum(np.linalg.norm(x) for x in structures) + EPS)
    p = min(tan(pi / 2 * min(agreement, 1 - EPS)), 10.0)
    powers = [(c / 11) ** p for c in contrasts]
    best = sum(power / sum(powers) * x / c for power, x, c in zip(powers, structures, contrasts, strict=True))
    norm = np.linalg.norm(best)
    best = best / norm * max(contrasts) if norm > 0 else best
    mr, mf = (w * best).sum(), (w * f).sum()
    c2 = 7.65**2
    variances = (w * (best - mr) ** 2).sum() + (w * (f - mf) ** 2).sum()
    return float((2 * (w * (best - mr) * (f - mf)).sum() + c2) / (variances + c2))


@reading("MEF_SSIM@tang", "SSIM@tang2022")
def mef_ssim(f: np.ndarray, *sources: np.ndarray) -> float:
    w = gaussian(11, 1.5)
    return float(np.mean([window_index(w, *images) for images in windows(11, f, *sources)]))


@reading("MS_SSIM@tang", "MEF_SSIM@ma2015")
def mef_ssim_scales(f: np.ndarray, *sources: np.ndarray) -> float:
    weights, value, images = np.array([0.0448, 0.2856, 0.3001]), 1.0, [f, *sources]
    for weight in weights / weights.sum():
        value *= mef_ssim(*images) ** weight
        padded = [np.pad(i, ((0, i.shape[0] % 2), (0, i.shape[1] % 2)), mode="symmetric") for i in images]
        images = [(i[::2, ::2] + i[1::2, ::2] + i[::2, 1::2] + i[1::2, 1::2]) / 4 for i in padded]
    return value
