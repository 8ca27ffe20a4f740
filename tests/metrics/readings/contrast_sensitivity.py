"""Q_CB and Q_CV read plainly, with whole spectra and convolutions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import convolve2d

from .registry import reading


def stretch(x: np.ndarray) -> np.ndarray:
    return np.floor((x - x.min()) / np.ptp(x) * 255 + 0.5)


def frequencies(n: int) -> np.ndarray:
    """freqspace: from -1 on, 0 in the middle, for even and odd n."""
    return (np.arange(n) - n // 2) * 2 / n


def see(x: np.ndarray, degree: float, response: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
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


@reading("Qcb@vifb", "Q_CB@liu")
def q_cb(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    cf, ca, cb = (contrast(i) for i in (f, a, b))
    share = ca**2 / (ca**2 + cb**2)
    q_a, q_b = (np.minimum(c, cf) / np.maximum(c, cf) for c in (ca, cb))
    return float((share * q_a + (1 - share) * q_b).mean())


@reading("Qcv@vifb", "Q_CV@liu")
def q_cv(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
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
