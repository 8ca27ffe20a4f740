"""Q_MI, Q_TE and Q_NCIE read plainly, with loops over the histogram."""

from __future__ import annotations

from math import log, log2

import numpy as np

from .registry import reading


def stretch(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.floor((x - x.min()) / (x.max() - x.min()) * 255 + 0.5).astype(int))


def joint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    h = np.zeros((256, 256))
    for i, j in zip(x.ravel(), y.ravel(), strict=True):
        h[i, j] += 1
    return h / x.size


def entropy(p: np.ndarray) -> float:
    return -sum(v * log2(v) for v in p.ravel() if v > 0)


def shared(x: np.ndarray, y: np.ndarray) -> float:
    h = joint(x, y)
    return entropy(h.sum(1)) + entropy(h.sum(0)) - entropy(h)


def tsallis(x: np.ndarray, y: np.ndarray, q: float) -> float:
    h = joint(x, y)
    product = np.outer(h.sum(0), h.sum(1))  # of the marginals, swapped, as published
    there = product > 0
    return float(1 - (h[there] ** q / product[there] ** (q - 1)).sum()) / (1 - q)


@reading("Q_MI@liu")
def q_mi(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    f, a, b = (stretch(x) for x in (f, a, b))
    return sum(2 * shared(x, f) / (entropy(joint(x, x)) + entropy(joint(f, f))) for x in (a, b))


@reading("Q_TE@liu")
def q_te(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    f, a, b, q = *(stretch(x) for x in (f, a, b)), 0.43137
    below = sum(entropy(joint(x, x)) ** q for x in (a, b)) + tsallis(a, b, q)
    return (tsallis(a, f, q) + tsallis(b, f, q)) / below


@reading("Q_TE_Cvejic@liu")
def q_te_cvejic(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    f, a, b = (stretch(x) for x in (f, a, b))
    return tsallis(a, f, 1.85) + tsallis(b, f, 1.85)


@reading("Q_NCIE@liu")
def q_ncie(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    f, a, b = (stretch(x) for x in (f, a, b))
    ab, af, bf = shared(a, b) / 8, shared(a, f) / 8, shared(b, f) / 8
    r = np.linalg.eigvalsh(np.array([[1, ab, af], [ab, 1, bf], [af, bf, 1]]))
    return 1 + sum(x / 3 * log(x / 3, 256) for x in r)
