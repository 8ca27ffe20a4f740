"""Images for formulas, and their values."""

from __future__ import annotations

import numpy as np
import pytest

from fusionbench.metrics import METRICS, Image, Triple

from ..readings import READINGS


def scene(seed: int, shape: tuple[int, ...] = (13, 17), levels: int = 256) -> list[np.ndarray]:
    """A mixture of two sources of noise, and these."""
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, levels, shape).astype(float) for _ in range(2))
    return [np.rint(0.6 * a + 0.4 * b), a, b]


def value(key: str, *images: np.ndarray) -> float:
    """The value of one triple, by the formula alone."""
    with np.errstate(all="ignore"):
        return float(METRICS[key].compute(Triple(*(Image(image[None].astype(float)) for image in images)))[0])


def check(key: str, *images: np.ndarray, rel: float = 1e-9) -> float:
    """Compare with the plain reading, and return the value."""
    result = value(key, *images)
    assert result == pytest.approx(READINGS[key](*images), rel=rel)
    return result
