"""One formula, three engines: compiled, NumPy without Numba, and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fusionbench.metrics import pixelwise as module
from fusionbench.metrics.pixelwise import choose, larger, pixelwise, smaller, sqrt


def formula(x: float, y: float, limit: float) -> float:
    ratio = choose(x == y, 0.5, smaller(x, y) / choose(x == y, 1.0, larger(x, y)))
    return choose((ratio < limit) | (y < 1), larger(ratio, 0.25), sqrt(x * y))


def maps() -> tuple[np.ndarray, np.ndarray]:
    x, y = (np.random.default_rng(seed).integers(1, 9, (2, 30, 40)).astype(float) for seed in (0, 1))
    return x, y


def by_hand(x: float, y: float, limit: float) -> float:
    ratio = 0.5 if x == y else min(x, y) / max(x, y)
    return max(ratio, 0.25) if ratio < limit or y < 1 else (x * y) ** 0.5


def wanted() -> np.ndarray:
    x, y = maps()
    return np.array([by_hand(*pair, 0.4) for pair in zip(x.ravel(), y.ravel(), strict=True)]).reshape(x.shape)


def test_compiled() -> None:
    pytest.importorskip("numba")
    of_maps = pixelwise(formula)
    np.testing.assert_allclose(of_maps(*maps(), 0.4), wanted(), rtol=1e-15)


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_vectorize", lambda: None)
    np.testing.assert_allclose(pixelwise(formula)(*maps(), 0.4), wanted(), rtol=1e-15)


def test_tensors() -> None:
    found = pixelwise(formula)(*(torch.from_numpy(m) for m in maps()), 0.4)
    np.testing.assert_allclose(found.numpy(), wanted(), rtol=1e-15)


def length(along: float, down: float) -> float:
    return sqrt(along * along + down * down)


def test_derivatives_of_8_bit_images_do_not_overflow() -> None:
    """Their squares do not fit int16, in which they come."""
    large = np.full((1, 2, 3), 1020, np.int16)
    np.testing.assert_allclose(pixelwise(length)(large, large), 1020 * 2**0.5, rtol=1e-15)


def test_a_folder_that_cannot_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba then finds no place for its cache; the formula is compiled all the same."""
    numba = pytest.importorskip("numba")

    def vectorize(kinds: list[str], **options: bool) -> object:
        if options:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.vectorize(kinds)

    module._vectorize()
    monkeypatch.setattr(module, "_vectorize", lambda: vectorize)
    np.testing.assert_allclose(pixelwise(formula)(*maps(), 0.4), wanted(), rtol=1e-15)
