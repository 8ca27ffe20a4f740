"""Phase congruency and Q_P read plainly, filter by filter."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np

from .registry import gaussian, reading, windows


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
    w, values = gaussian(11, 1.5), []
    for a, b in windows(11, np.pad(x, 5), np.pad(y, 5)):
        ma, mb = (w * a).sum(), (w * b).sum()
        va, vb, c = (w * a * a).sum() - ma**2, (w * b * b).sum() - mb**2, (w * a * b).sum() - ma * mb
        values.append((c + 1e-4) / (sqrt(abs(va * vb)) + 1e-4))
    return np.reshape(values, x.shape)


@reading("Q_P@liu")
def q_p(fused: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    f, a, b = (congruency(x) for x in (fused, first, second))
    larger, result = a[0] > b[0], 1.0
    masks = [a[0] > 0.1, b[0] > 0.1, np.maximum(a[0], b[0]) > 0.1]
    for i in range(3):
        sources = [a[i], b[i], np.where(larger, a[i], b[i])]
        best = [np.where(m, correlation(m * s, f[i]), 0) for m, s in zip(masks, sources, strict=True)]
        result *= np.maximum.reduce(best).sum() / masks[2].sum()
    return result
