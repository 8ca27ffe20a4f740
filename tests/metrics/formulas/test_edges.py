"""Metrics of edges on images that tell readings of them apart."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
import torch

from fusionbench.metrics import METRICS, Image, Triple

from .common import check, scene, value


def patches(seed: int, levels: int = 256) -> list[np.ndarray]:
    """Patches of 2 x 2 pixels; the fused image is noisy."""
    _, a, b = (np.kron(image, np.ones((2, 2))) for image in scene(seed, (7, 8), levels))
    noise = np.random.default_rng(seed).normal(0, levels / 6, a.shape)
    return [np.rint(np.clip(0.5 * a + 0.5 * b + noise, 0, levels - 1)), a, b]


@pytest.mark.parametrize("key", ["Nabf_fused_first@tang", "Nabf@tang2022", "Nabf@tang", "Qabf@film", "Qabf@tang2022"])
@pytest.mark.parametrize("levels", [5, 256])
def test_edges_of_patches(key: str, levels: int) -> None:
    assert check(key, *patches(0, levels)) > 1e-6


def test_noise_is_an_artefact_and_the_mean_is_not() -> None:
    fused, a, b = patches(3)
    noisy = value("Nabf_fused_first@tang", fused, a, b)
    assert value("Nabf_fused_first@tang", a, a, b) == 0
    assert value("Nabf_fused_first@tang", np.rint(0.5 * a + 0.5 * b), a, b) < noisy


@pytest.mark.parametrize("level", [0.0, 77.0, 255.0])
def test_flat_images_have_no_artefact(level: float) -> None:
    _, a, b = patches(4)
    flat = np.full(a.shape, level)
    assert value("Nabf_fused_first@tang", flat, flat, flat) == value("Nabf_fused_first@tang", flat, a, b) == 0
    assert 0 < value("Nabf_fused_first@tang", a, flat, flat) <= 1


def test_the_order_of_additions_is_that_of_tensors_too() -> None:
    images = patches(6, 5)
    tensors = Triple(*(Image(torch.as_tensor(image[None])) for image in images))
    assert float(METRICS["Qabf@tang2022"].compute(tensors)[0]) == pytest.approx(
        value("Qabf@tang2022", *images), rel=1e-12
    )


def test_edge_transfer_where_strengths_are_equal() -> None:
    """Then the strength itself is taken for the ratio, in units of 1/255 by VIFB."""
    ramp = np.tile(np.arange(12.0), (12, 1))
    assert value("Qabf@vifb", ramp, ramp, ramp) == pytest.approx(value("Qabf@film", ramp, ramp, ramp), rel=1e-6)
    faint = np.pad(np.ones((1, 1)), 5)
    film, vifb = (value(f"Qabf@{convention}", faint, faint, faint) for convention in ("film", "vifb"))
    assert vifb == pytest.approx(0.9994 * 0.9879 / (1 + np.exp(-4.4)), rel=1e-9)
    assert 1e-7 < vifb - film < 1e-6


def test_q_g_of_a_copy_is_the_declared_identity() -> None:
    _, a, _ = scene(3)
    assert value("Q_G@liu", a, a, a) == pytest.approx(METRICS["Q_G@liu"].identity, rel=1e-14)
    assert METRICS["Q_G@liu"].identity == pytest.approx(1 / (1 + exp(-5)) ** 2, rel=1e-14)


def test_q_g_and_q_sf_of_flat_corners() -> None:
    fused, a, b = scene(0, (13, 18))
    a[:5, :6] = b[:4, :5] = 90.0
    fused[-5:, -5:] = 20.0
    for key in ("Q_G@liu", "Q_SF@liu"):
        check(key, fused, a, b)


@pytest.mark.parametrize("shape", [(16, 24), (15, 21)])
def test_q_m_of_differences_of_half_a_level(shape: tuple[int, int]) -> None:
    """Something is left of exp(-|d|)."""
    _, a, b = scene(1, shape)
    check("Q_M@liu", a + 0.5, a, b)
