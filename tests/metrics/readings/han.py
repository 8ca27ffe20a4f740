"""VIFF of Han et al. 2013 read plainly."""

from __future__ import annotations

import numpy as np
from scipy.signal import convolve2d

from .registry import gaussian, reading


def maps(source: np.ndarray, fused: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Gain, information with and without distortion, at four scales."""
    noise, found = 0.005 * 255 * 255, []
    for scale in range(4):
        size = 2 ** (4 - scale) + 1

        def smooth(image: np.ndarray, w: np.ndarray = gaussian(size, size / 5)) -> np.ndarray:
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


@reading("VIFF@han2013")
def viff(fused: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    result = 0.0
    for (ga, na, da), (gb, nb, db), weight in zip(maps(a, fused), maps(b, fused), (1, 0, 0.15, 1), strict=True):
        first = ga < gb
        result += weight / 2.15 * (np.where(first, na, nb) + 1e-7).sum() / (np.where(first, da, db) + 1e-7).sum()
    return result
