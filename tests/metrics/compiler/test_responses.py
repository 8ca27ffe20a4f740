"""Responses to filters by compiled Fourier transforms, against NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusionbench.metrics.compiler import can_transform, memory, over_responses, processor

pytestmark = pytest.mark.skipif(processor() is None, reason="nothing is compiled here")


def as_they_are(*numbers: Any) -> tuple[Any, ...]:
    return numbers


# one pass and several, of each radix; odd and even counts of them; primes by the loop, alone and among others
@pytest.mark.parametrize("shape", [(4, 4), (8, 5), (7, 9), (60, 64), (61, 30), (77, 26), (25, 98), (48, 5)])
def test_responses_are_those_of_numpy(shape: tuple[int, int]) -> None:
    assert can_transform(*shape)
    height, width = shape
    rng = np.random.default_rng(height)
    spectrum = rng.normal(size=(width, height)) + 1j * rng.normal(size=(width, height))
    radial, angular = rng.normal(size=(width, height, 4)), rng.normal(size=(width, height))
    parts = over_responses(as_they_are, spectrum, radial, angular, memory(*shape), 8)
    for s in range(4):
        wanted = np.fft.ifft2((spectrum * radial[..., s] * angular).T, norm="forward")
        found = parts[2 * s][0] + 1j * parts[2 * s + 1][0]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-14 * np.abs(wanted).max())


@pytest.mark.parametrize("shape", [(3, 8), (8, 3), (67, 8), (8, 2 * 127)])
def test_small_images_and_large_primes_go_another_way(shape: tuple[int, int]) -> None:
    assert not can_transform(*shape)
