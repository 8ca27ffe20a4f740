"""The film convention read plainly, in NumPy and SciPy, float64: what it is checked against and timed against.

One function per metric, (fused, a, b) of (H, W) in 0..255 -> float; each stands alone and does the obvious thing,
filters by direct two-dimensional convolution, as the field's evaluators do. Nothing here is shared with the package.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.signal import convolve2d

from .registry import gaussian, reading


@reading("EN@film", "EN@tang", "EN@tang2022", "Entropy@vifb")
def en(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    counts = np.bincount(np.round(fused).astype(np.uint8).ravel(), minlength=256)
    p = counts[counts > 0] / fused.size
    return float(-np.sum(p * np.log2(p)))


@reading("SD@film", "SD@tang", "Variance@vifb")
def sd(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float(np.std(fused))


@reading("SF@film", "SF@tang")
def sf(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.diff(fused, axis=1) ** 2) + np.mean(np.diff(fused, axis=0) ** 2)))


@reading("AG@film")
def ag(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    gy, gx = np.gradient(fused)
    return float(np.mean(np.sqrt((gx**2 + gy**2) / 2)))


def _mutual_information(x: np.ndarray, y: np.ndarray) -> float:
    edges = np.arange(257) - 0.5
    joint = np.histogram2d(x.ravel(), y.ravel(), bins=(edges, edges))[0] / x.size
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return float(np.sum(joint[there] * np.log(joint[there] / independent[there])))


@reading("MI@film", "Mutinf@vifb")
def mi(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return _mutual_information(fused, a) + _mutual_information(fused, b)


@reading("MSE@film", "MSE@reference")
def mse(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float((np.mean((a - fused) ** 2) + np.mean((b - fused) ** 2)) / 2)


@reading("PSNR@film")
def psnr(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(fused.max() ** 2 / mse(fused, a, b)))


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x.ravel(), y.ravel())[0, 1])


@reading("PSNR@reference")
def psnr_of_white(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / mse(fused, a, b)))


@reading("CC@film", "CC@tang", "CC@tang2022")
def cc(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return (_correlation(fused, a) + _correlation(fused, b)) / 2


@reading("SCD@film", "SCD@tang", "SCD@tang2022")
def scd(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return _correlation(fused - b, a) + _correlation(fused - a, b)


def vif_maps(
    source: np.ndarray, fused: np.ndarray, noise: float, cut: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Gain, information that arrives and information that there was, at VIFp's four scales.

    `cut` is applied to the products of the finest scale.
    """
    tiny, maps = 1e-10, []
    for scale in range(4):
        size = 2 ** (4 - scale) + 1
        smooth = partial(convolve2d, in2=gaussian(size, size / 5), mode="valid")
        if scale:
            source, fused, cut = smooth(source)[::2, ::2], smooth(fused)[::2, ::2], np.asarray
        ms, mf = smooth(source), smooth(fused)
        vs = np.maximum(smooth(cut(source * source)) - ms * ms, 0)
        vf = np.maximum(smooth(cut(fused * fused)) - mf * mf, 0)
        cov = smooth(cut(source * fused)) - ms * mf
        gain = cov / (vs + tiny)
        rest = vf - gain * cov
        flat = vs < tiny
        gain[flat], rest[flat], vs[flat] = 0, vf[flat], 0
        gain[vf < tiny], rest[vf < tiny] = 0, 0
        rest[gain < 0], gain[gain < 0] = vf[gain < 0], 0
        rest[rest <= tiny] = tiny
        maps.append((gain, np.log10(1 + gain**2 * vs / (rest + noise)), np.log10(1 + vs / noise)))
    return maps


def vifp(source: np.ndarray, fused: np.ndarray, cut: Callable[[np.ndarray], np.ndarray] = np.asarray) -> float:
    maps = vif_maps(source, fused, 2.0, cut)
    possible = sum(there.sum() for _, _, there in maps)
    return float(sum(arrived.sum() for _, arrived, _ in maps) / possible) if possible > 0 else 1.0


@reading("VIFF@film", "VIF@tang")
def viff(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return vifp(a, fused) + vifp(b, fused)


def _edges(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    horizontal = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    vertical = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]])
    sx, sy = convolve2d(image, horizontal, mode="same"), convolve2d(image, vertical, mode="same")
    angle = np.full(image.shape, np.pi / 2)
    angle[sx != 0] = np.arctan(sy[sx != 0] / sx[sx != 0])
    return np.sqrt(sx * sx + sy * sy), angle


def _edge_transfer(gs: np.ndarray, angle_s: np.ndarray, gf: np.ndarray, angle_f: np.ndarray) -> np.ndarray:
    strength = gf.copy()  # where both are equal: the strength itself
    more, less = gs > gf, gs < gf
    strength[more] = gf[more] / gs[more]
    strength[less] = gs[less] / gf[less]
    closeness = 1 - np.abs(angle_s - angle_f) / (np.pi / 2)
    return 0.9994 / (1 + np.exp(-15 * (strength - 0.5))) * (0.9879 / (1 + np.exp(-22 * (closeness - 0.8))))


@reading("Qabf@film", "Qabf@tang")
def qabf(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    (gf, af), (ga, aa), (gb, ab) = _edges(fused), _edges(a), _edges(b)
    kept = _edge_transfer(ga, aa, gf, af) * ga + _edge_transfer(gb, ab, gf, af) * gb
    return float(np.sum(kept) / np.sum(ga + gb))


def _ssim(x: np.ndarray, y: np.ndarray, data_range: float) -> float:
    window, sample = np.full((7, 7), 1 / 49), 49 / 48
    mx, my = convolve2d(x, window, mode="valid"), convolve2d(y, window, mode="valid")
    vx = sample * (convolve2d(x * x, window, mode="valid") - mx * mx)
    vy = sample * (convolve2d(y * y, window, mode="valid") - my * my)
    cov = sample * (convolve2d(x * y, window, mode="valid") - mx * my)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))))


@reading("SSIM@film")
def ssim(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return _ssim(a, fused, 255) + _ssim(b, fused, 255)


@reading("SSIM@reference")
def ssim_mean(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return (_ssim(a, fused, 255) + _ssim(b, fused, 255)) / 2


@reading("SSIM@dr2")
def ssim_range_2(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return _ssim(a, fused, 2) + _ssim(b, fused, 2)
