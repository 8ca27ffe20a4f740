"""Metrics modelled on human vision, and phase congruency, on images that tell readings of them apart."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fusionbench.metrics import Image, evaluate
from fusionbench.metrics.formulas import phase
from fusionbench.metrics.formulas.phase import phase_congruency

from ..readings.phase import congruency
from .common import check, scene, value


def clouds(seed: int, shape: tuple[int, int] = (60, 71), step: float = 0) -> list[np.ndarray]:
    """Smooth noise, with a step in each source."""
    rng = np.random.default_rng(seed)
    a, b = (128 + 250 * gaussian_filter(rng.standard_normal(shape), s) for s in (1.0, 2.0))
    a[:, shape[1] // 2 :] += step
    b[shape[0] // 3 :] -= step
    return [np.rint(np.clip(x, 0, 255)) for x in ((a + b) / 2, a, b)]


def walks(seed: int, shape: tuple[int, int] = (21, 34)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (np.rint(np.cumsum(rng.normal(0, 9, shape), 1) % 200) for _ in range(2))
    return [np.rint(0.6 * a + 0.3 * b), a, b]


@pytest.mark.parametrize("shape", [(21, 34), (32, 48), (33, 47), (5, 40), (6, 7)])
def test_contrast_of_every_shape(shape: tuple[int, int]) -> None:
    for key in ("Qcb@vifb", "Qcv@vifb"):
        check(key, *walks(1, shape))


def test_stretching_hides_brightness_and_contrast() -> None:
    f, a, b = walks(3)
    for key in ("Qcb@vifb", "Qcv@vifb"):
        assert value(key, f, a, b) == pytest.approx(value(key, f, a, 2 * b + 3), rel=0.05)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_flat_images_have_no_contrast(level: int) -> None:
    f, a, b = walks(4)
    flat = np.full(f.shape, float(level))
    scores = evaluate(f, flat, flat, metrics=["Qcb@vifb", "Qcv@vifb"])
    assert all(isnan(score) and scores.reasons[key] for key, score in scores.items())
    assert value("Qcv@vifb", flat, a, b) > 0


@pytest.mark.parametrize("top", [12, 60, 256])
def test_visual_information_of_integers_that_stop_at_255(top: int) -> None:
    check("VIF@tang2022", *scene(5, (46, 48), top), rel=1e-8)


def test_viff_counts_inverted_contrast_as_nothing() -> None:
    _, a, b = clouds(2)
    assert check("VIFF@han2013", 255 - a, a, a) < 1e-3
    assert value("VIFF@han2013", a, a, 255 - a) < 1e-3, "the source that is kept worse decides"
    assert value("VIFF@han2013", a, a, b) < 1


def test_viff_of_a_copy_is_one_and_more_contrast_is_more() -> None:
    a = 90 + 0.2 * clouds(3)[1]
    assert value("VIFF@han2013", a, a, a) == pytest.approx(1.0, abs=1e-6)
    assert value("VIFF@han2013", a.mean() + 3 * (a - a.mean()), a, a) > 1.5


def test_viff_is_not_the_sum_of_two_vifp() -> None:
    _, a, b = clouds(4)
    assert value("VIFF@film", a, a, a) == pytest.approx(2.0, abs=1e-6)
    assert value("VIFF@film", a, a, b) > 1 > value("VIFF@han2013", a, a, b)


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_viff_of_constant_images(level: float) -> None:
    flat = np.full((48, 48), level)
    assert value("VIFF@han2013", flat, flat, flat) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(32, 40), (33, 37), (24, 41)])
def test_q_p_of_every_shape(shape: tuple[int, int]) -> None:
    check("Q_P@liu", *clouds(0, shape, 60))


@pytest.mark.parametrize("shape", [(41, 43), (67, 40)])  # a loop of our own, and SciPy's transform
def test_large_primes_take_other_transforms(shape: tuple[int, int]) -> None:
    image = clouds(1, shape, 60)[0]
    for found, wanted in zip(phase_congruency(Image(image[None])), congruency(image), strict=True):
        np.testing.assert_allclose(found[0], wanted, atol=1e-10)


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (9, 8)])
def test_phase_congruency_of_small_images(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(2).integers(0, 256, (3, *shape)).astype(float)
    maps = phase_congruency(Image(images))
    assert all(np.isfinite(x).all() for x in maps)
    assert ((maps.congruency >= 0) & (maps.congruency <= 1)).all()


def test_contrast_does_not_matter_much_for_phase() -> None:
    image = clouds(3, (48, 64), 60)[1]
    strong, weak = (phase_congruency(Image(x[None])).congruency for x in (image, image / 4))
    assert np.corrcoef(strong.ravel(), weak.ravel())[0, 1] > 0.999


def test_no_feature_no_value() -> None:
    flat = np.full((32, 32), 90, dtype=np.uint8)
    scores = evaluate(clouds(6, (32, 32))[0].astype(np.uint8), flat, flat, metrics=["Q_P@liu"])
    assert isnan(scores["Q_P@liu"])
    assert "phase congruency" in scores.reasons["Q_P@liu"]


def test_a_flat_fused_image_scores_nearly_one() -> None:
    _, a, b = clouds(7, (32, 32), 60)
    assert 0.99 < value("Q_P@liu", np.full((32, 32), 90.0), a, b) <= 1, "the trap that the docstring tells of"


@pytest.mark.parametrize("count", [1, 2, 7, 1000, 4097])
@pytest.mark.parametrize("kind", ["spread", "ties", "two heaps"])
def test_the_median_of_responses(count: int, kind: str) -> None:
    """Only what lies near a sample's median is put in order; where the sample misleads, all is."""
    rng = np.random.default_rng(count)
    numbers = {
        "spread": rng.gamma(1.0, size=count), "ties": rng.integers(0, 3, count).astype(float),
        "two heaps": np.where(np.arange(count) % phase.SAMPLED == 0, 5.0, rng.uniform(size=count)),
    }[kind]  # fmt: skip
    assert phase._middle(numbers) == np.median(numbers)
