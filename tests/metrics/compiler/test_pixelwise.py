"""One formula, three ways: compiled, by NumPy without a compiler, and by torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from fusionbench.metrics.arrays.pixelwise import arctan, choose, exp, larger, log2, pixelwise, smaller, sqrt, summed
from fusionbench.metrics.compiler import images, processor


def formula(x: float, y: float) -> float:
    ratio = choose(x == y, 0.5, smaller(x, y) / choose(x == y, 1.0, larger(x, y)))
    return choose((ratio < 0.4) | (y < 1), larger(ratio, 0.25), sqrt(x * y))


def maps() -> tuple[np.ndarray, np.ndarray]:
    x, y = (np.random.default_rng(seed).integers(1, 9, (2, 30, 40)).astype(float) for seed in (0, 1))
    return x, y


def by_hand(x: float, y: float) -> float:
    ratio = 0.5 if x == y else min(x, y) / max(x, y)
    return max(ratio, 0.25) if ratio < 0.4 or y < 1 else (x * y) ** 0.5


def wanted() -> np.ndarray:
    x, y = maps()
    return np.array([by_hand(*pair) for pair in zip(x.ravel(), y.ravel(), strict=True)]).reshape(x.shape)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_three_ways(kind: Callable[..., Any], compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(images, "processor", lambda: None)
    elif processor() is None:
        pytest.skip("there is no compiler")
    found = pixelwise(formula)(*map(kind, maps()))
    np.testing.assert_allclose(np.asarray(found), wanted(), rtol=1e-15)


def length(along: float, down: float) -> float:
    return sqrt(along * along + down * down)


@pytest.mark.parametrize("side", [2, 40])
def test_derivatives_of_8_bit_images_do_not_overflow(side: int) -> None:
    """Their squares do not fit int16, in which they come."""
    large = np.full((1, side, 3), 1020, np.int16)
    np.testing.assert_allclose(pixelwise(length)(large, large), 1020 * 2**0.5, rtol=1e-15)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(exp, np.exp), (arctan, np.arctan), (lambda x: log2(abs(x)), lambda x: np.log2(abs(x)))],
    ids=["exp", "arctan", "log2"],
)
def test_functions(ours: Callable[..., Any], theirs: Callable[..., Any], scale: float) -> None:
    x = scale * np.random.default_rng(1).normal(size=(1, 70, 90))
    np.testing.assert_allclose(pixelwise(ours)(x), theirs(x), rtol=4e-15, atol=1e-15)


def test_functions_at_the_ends() -> None:
    ends = np.full((1, 10, 10), np.inf)
    np.testing.assert_array_equal(pixelwise(arctan)(ends), np.pi / 2)
    np.testing.assert_array_equal(pixelwise(arctan)(-ends), -np.pi / 2)
    np.testing.assert_allclose(pixelwise(exp)(np.full((1, 10, 10), -30000.0)), 0, atol=1e-300)


def test_formulas_that_differ_in_what_they_hold() -> None:
    """Code is kept by formula: two closures of one text are two formulas."""
    x = np.ones((1, 20, 20))
    found = [summed(lambda v, f=None, k=k: v * k, x)[0] for k in (1.0, 2.0)]
    assert found == [400, 800]
    made = [pixelwise(times(k)) for k in (3.0, 4.0)]
    assert [f(x)[0, 0, 0] for f in made] == [3, 4]


def times(k: float) -> Callable[[Any], Any]:
    return lambda v: v * k


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<i2", ">i2", "|u1", "<f4", ">u2"])
def test_numbers_are_read_in_the_order_of_their_bytes(kind: str) -> None:
    ramp = np.tile(np.arange(64), (1, 64, 1)).astype(kind)
    assert summed(lambda x: x * x, ramp) == (ramp.astype(float) ** 2).sum()
