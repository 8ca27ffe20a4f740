"""The plain readings by metric key, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Reading = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
READINGS: dict[str, Reading] = {}  # by metric key, name@convention


def reading(*keys: str) -> Callable[[Reading], Reading]:
    """Enter a plain reading under the keys of the metrics that it defines."""

    def enter(function: Reading) -> Reading:
        READINGS.update(dict.fromkeys(keys, function))
        return function

    return enter


def gaussian(size: int, sigma: float) -> np.ndarray:
    """Normalised window of size x size."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    window = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    return np.asarray(window / window.sum())


def windows(size: int, *images: np.ndarray) -> list[list[np.ndarray]]:
    """The windows of several images at every place."""
    h, w = images[0].shape
    return [[x[i : i + size, j : j + size] for x in images] for i in range(h - size + 1) for j in range(w - size + 1)]
