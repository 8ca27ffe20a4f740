"""The conventions of VIFB read plainly, of gray images."""

from __future__ import annotations

from collections import Counter
from math import log2, log10, sqrt

import numpy as np
from scipy.ndimage import correlate
from skimage.metrics import structural_similarity

from . import film
from .registry import reading


def frequencies(image: np.ndarray) -> dict[float, float]:
    return {level: count / image.size for level, count in Counter(image.ravel().tolist()).items()}


@reading("Cross_entropy@vifb")
def cross_entropy(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    q = frequencies(f)
    return sum(p * log2(p / q[v]) for s in (a, b) for v, p in frequencies(s).items() if v in q) / 2


@reading("Rmse@vifb")
def rmse(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float(sum(sqrt(((source - f) ** 2).sum()) / f.size for source in (a, b)) / 2)


@reading("Psnr@vifb")
def psnr(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return 20 * log10(255 / sqrt(rmse(f, a, b)))


@reading("Spatial_frequency@vifb")
def spatial_frequency(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return sqrt(((np.diff(f, axis=0) ** 2).sum() + (np.diff(f, axis=1) ** 2).sum()) / f.size)


@reading("Edge_intensity@vifb")
def edge_intensity(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    kernel = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]])
    return float(np.hypot(*(correlate(f, k, mode="nearest") for k in (kernel, kernel.T))).mean())


def gaussian_ssim(x: np.ndarray, y: np.ndarray, data_range: float) -> float:
    """Mean over the windows of 11 x 11 inside the image."""
    window = {"gaussian_weights": True, "sigma": 1.5, "truncate": 3.4, "use_sample_covariance": False}
    _, index = structural_similarity(x, y, data_range=data_range, full=True, **window)
    return float(index[5:-5, 5:-5].mean())


@reading("Ssim@vifb")
def ssim(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return gaussian_ssim(f, a, 255) + gaussian_ssim(f, b, 255)


@reading("Qabf@vifb")
def qabf(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return film.qabf(255 * f, 255 * a, 255 * b)
