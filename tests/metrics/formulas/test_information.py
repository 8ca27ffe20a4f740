"""Metrics of information on images that tell readings of them apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fusionbench.metrics import METRICS, Image, Triple, evaluate
from fusionbench.metrics.formulas.fmi import binary_information, feature_information
from fusionbench.metrics.formulas.fmi_features import directed_edges, edges

from ..readings.entropy_transfer import stretch, tsallis
from .common import check, scene, value

FMI = [key for key in METRICS if key.startswith("FMI_")]


def ranges(seed: int) -> list[np.ndarray]:
    """The sources span ranges whose stretching moves levels onto each other's."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(10, 61, (40, 50)).astype(float), rng.integers(100, 226, (40, 50)).astype(float)
    return [np.rint((a + b) / 2), a, b]


@pytest.mark.parametrize("key", ["Q_MI@liu", "Q_TE@liu", "Q_TE_Cvejic@liu", "Q_NCIE@liu"])
def test_sources_of_different_ranges(key: str) -> None:
    check(key, *ranges(0))


def test_stretching_decides_which_levels_meet() -> None:
    f, a, b = ranges(2)
    wide = [stretch(x).astype(float) for x in (f, a, b)]
    assert value("Q_TE_Cvejic@liu", *wide) == pytest.approx(value("Q_TE_Cvejic@liu", f, a, b), rel=1e-12)
    raw = tsallis(a.astype(int), f.astype(int), 1.85)
    assert raw != pytest.approx(tsallis(stretch(a), stretch(f), 1.85), rel=0.01)


def test_q_ncie_of_one_full_histogram_is_one() -> None:
    full = np.arange(256.0).reshape(16, 16)
    assert value("Q_NCIE@liu", full, full, full) == pytest.approx(1.0, abs=1e-12)


def test_constant_images_have_no_normalised_information() -> None:
    constant = np.full((8, 8), 7, dtype=np.uint8)
    scores = evaluate(constant, constant, constant, metrics=["Q_MI@liu", "Q_TE@liu"])
    assert np.isnan(list(scores.values())).all()
    assert all("constant" in reason for reason in scores.reasons.values())


@pytest.mark.parametrize("convention", ["tang", "tang2022"])
def test_white_is_merged_in_the_joint_histogram_only(convention: str) -> None:
    images = [np.where(image > 200, 254 + image % 2, image) for image in scene(0)]
    assert check(f"MI@{convention}", *images) - value("MI@film", *images) / np.log(2) > 0.01


def test_cross_entropy_of_levels_that_do_not_meet() -> None:
    assert value("Cross_entropy@vifb", *(np.full((5, 5), level) for level in (3.0, 4.0, 5.0))) == 0


def test_weights_above_one_occur_and_are_kept() -> None:
    """Clipping FMI's weight at 1 changes the value: the test image must have windows that tell."""
    check("FMI_none@tang", *(np.kron(image, np.ones((1, 2))) for image in scene(1)))


@pytest.mark.parametrize("seed", range(4))
def test_few_levels(seed: int) -> None:
    check("FMI_none@tang", *scene(seed, (9, 11), 256 if seed % 2 else 6))


def test_windows_equal_to_the_fused_one_score_one() -> None:
    f, _, b = scene(2)
    assert value("FMI_none@tang", f, f, f) == pytest.approx(1, abs=1e-12)
    assert 0.5 < check("FMI_none@tang", f, f, b) < 1


def test_constant_windows_correlate_by_the_rounding_of_sequential_sums() -> None:
    assert value("FMI_none@tang", *(np.full((5, 5), level) for level in (10.0, 20.0, 30.0))) == pytest.approx(1)


@pytest.mark.parametrize("view", [edges, directed_edges])
def test_a_step_has_one_edge(view: Callable[[Image], np.ndarray]) -> None:
    step = np.repeat([[0.0] * 5 + [80.0] + [200.0] * 6], 9, axis=0)
    edge = view(Image(step[None]))[0]
    assert edge.sum() == 9
    assert (edge[:, 5] == 1).all()


@pytest.mark.parametrize("view", [edges, directed_edges])
def test_each_pattern_once_is_every_window(view: Callable[[Image], np.ndarray]) -> None:
    images = Triple(*(Image(np.kron(image, np.ones((3, 3)))[None]) for image in scene(3)))
    assert binary_information(images, view)[0] == pytest.approx(feature_information(images, view)[0], rel=1e-12)


def test_the_sources_cannot_be_swapped() -> None:
    """After the comparison with a, b is compared with the stretched window: here b is that window."""
    f = np.arange(9.0).reshape(3, 3)
    check("FMI_none@tang", f, f[::-1] * 3, f / 8)
    assert value("FMI_none@tang", f, f, f / 8) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("key", FMI)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_images_have_information_up_to_one(key: str, level: int) -> None:
    flat, (_, a, b) = np.full((9, 11), float(level)), scene(5, (9, 11))
    for images in ((flat, flat, flat), (flat, a, b), (a, flat, b)):
        assert -1e-9 <= value(key, *images) <= 1 + 1e-9
