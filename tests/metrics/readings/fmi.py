"""Feature mutual information read plainly: loops over windows and over pairs of positions."""

from __future__ import annotations

from math import log2, sqrt

import numpy as np
import pywt
from scipy.fft import dctn

from .registry import reading, windows


def stretched(samples: list[float]) -> list[float]:
    low, high = min(samples), max(samples)
    return [1.0] * 9 if low == high else [(x - low) / (high - low) for x in samples]


def distribution(samples: list[float]) -> list[float]:
    scaled, total = stretched(samples), 0.0
    for x in scaled:
        total += x
    return [x / total for x in scaled]


def entropy(masses: list[float]) -> float:
    return -sum(m * log2(abs(m)) for m in masses if m)


def deviation(p: list[float]) -> float:
    mean = sum((k + 1) * m for k, m in enumerate(p))
    return sqrt(max(sum((k + 1) ** 2 * m for k, m in enumerate(p)) - mean**2, 0))


def information(f: list[float], s: list[float]) -> float:
    """Nelsen's mixture of a Frechet bound with independence, cell by cell."""
    cf, cs = np.cumsum(f), np.cumsum(s)
    mf, ms = sum(f) / 9, sum(s) / 9
    power = sqrt(sum((x - mf) ** 2 for x in f) * sum((x - ms) ** 2 for x in s))
    c = sum((x - mf) * (y - ms) for x, y in zip(f, s, strict=True)) / power if power else 0.0
    bound = np.minimum.outer(cf, cs) if c >= 0 else np.maximum(np.add.outer(cf, cs) - 1, 0)
    spread = deviation(f) * deviation(s)
    weight = c * spread / (bound - np.outer(cf, cs)).sum() if c and spread else 0.0
    cumulated = np.pad(weight * bound + (1 - weight) * np.outer(cf, cs), ((1, 0), (1, 0)))
    joint = np.diff(np.diff(cumulated, axis=0), axis=1)
    joint[np.abs(joint) < 1e-15] = 0
    both = entropy(f) + entropy(s)
    return 2 * (both - entropy(list(joint.ravel()))) / both if both else 0.0


def mean_information(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Mean over the windows; after a source that differs the fused window is compared as it was stretched."""
    scores = []
    for three in windows(3, f, a, b):
        wf, wa, wb = ([float(v) for v in window.T.ravel()] for window in three)
        pf, pa, pb = distribution(wf), distribution(wa), distribution(wb)
        from_a = 1.0 if wa == wf else information(pf, pa)
        from_b = 1.0 if wb == (wf if wa == wf else stretched(wf)) else information(pf, pb)
        scores.append((from_a + from_b) / 2)
    return sum(scores) / len(scores)


def wavelet(image: np.ndarray) -> np.ndarray:
    approximation, (horizontal, vertical, diagonal) = pywt.dwt2(image, "dmey", "symmetric")
    bands = np.block([[approximation, horizontal], [vertical, diagonal]])
    return np.asarray((bands - bands.min()) / (np.ptp(bands) or 1.0))


def edge_map(image: np.ndarray, directed: bool) -> np.ndarray:
    """Crests of the Sobel strength above twice its root mean square, along either axis or along the gradient."""
    p = np.pad(image if directed else image / 255, 1, mode="edge")
    n = [[weight * p[y : y + image.shape[0], x : x + image.shape[1]] for x, weight in enumerate(row)]
         for y, row in enumerate(((1 / 8, 1 / 4, 1 / 8), (1 / 4, 0, 1 / 4), (1 / 8, 1 / 4, 1 / 8)))]  # fmt: skip
    down = n[0][0] + n[0][1] + n[0][2] - n[2][0] - n[2][1] - n[2][2]
    right = n[0][0] + n[1][0] + n[2][0] - n[0][2] - n[1][2] - n[2][2]
    power = down * down + right * right
    q = np.pad(power, 1)
    west, east, north, south = q[1:-1, :-2], q[1:-1, 2:], q[:-2, 1:-1], q[2:, 1:-1]
    if not directed:
        crest = ((power > west) & (power > east)) | ((power > north) & (power > south))
        return np.asarray(crest & (power >= 4 * power.mean()), dtype=float)
    steep = np.abs(right) - np.abs(down)
    along, across = (power >= west) & (power > east), (power >= north) & (power > south)
    crest = ((steep >= -100 * 2.0**-52) & along) | ((steep <= 100 * 2.0**-52) & across)
    return np.asarray(crest & (power > 4 * power.mean()), dtype=float)


reading("FMI_none@tang")(mean_information)
reading("FMI_gradient@tang")(lambda *images: mean_information(*(np.gradient(x, axis=1) for x in images)))
reading("FMI_dct@tang")(lambda *images: mean_information(*(dctn(x, norm="ortho") for x in images)))
reading("FMI_w@tang")(lambda *images: mean_information(*map(wavelet, images)))
reading("FMI_pixel@tang")(lambda *images: mean_information(*(edge_map(x, False) for x in images)))
reading("FMI_pixel@tang-directed")(lambda *images: mean_information(*(edge_map(x, True) for x in images)))
