"""Metrics of structural similarity on images that tell readings of them apart."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from fusionbench.metrics import Image, evaluate
from fusionbench.metrics.formulas.exposure import halved

from .common import check, scene, value

PIELLA = ["Q_S@liu", "Q_S_weighted@liu", "Q_S_edge@liu", "Q@piella", "Q_W@piella", "Q_E@piella"]


@pytest.mark.parametrize("key", PIELLA)
@pytest.mark.parametrize("flat", [False, True])
def test_flat_on_the_left(key: str, flat: bool) -> None:
    images = scene(2, (17, 21))
    for image in images:
        image[:, : 12 * flat] = 77.0
    check(key, *images)


@pytest.mark.parametrize("key", PIELLA)
@pytest.mark.parametrize("level", [0.0, 100.0, 255.0])
def test_constant_images_are_like_themselves(key: str, level: float) -> None:
    constant = np.full((16, 16), level)
    assert value(key, constant, constant, constant) == pytest.approx(1.0)


def test_q_y_weighs_where_the_sources_agree() -> None:
    fused, a, _ = scene(4, (17, 21))
    b = np.rint(0.9 * a + 10)  # like source a everywhere
    assert check("Q_Y@liu", fused, a, b) < max(value("Q_Y@liu", fused, x, x) for x in (a, b))


def test_flat_windows_have_a_reason() -> None:
    fused, a, b = (image.astype(np.uint8) for image in scene(5, (32, 32)))
    fused[:9, :9] = 100
    scores = evaluate(fused, a, b, metrics=["Q_C@liu", "Q_Y@liu"])
    assert isnan(scores["Q_C@liu"])
    assert "flat" in scores.reasons["Q_C@liu"]
    assert -1 <= scores["Q_Y@liu"] <= 1
    a[:9, :9] = b[:9, :9] = 100
    assert isnan(evaluate(fused, a, b, metrics=["Q_Y@liu"])["Q_Y@liu"])


def walks(seed: int, shape: tuple[int, int] = (14, 15)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (np.rint(np.cumsum(np.cumsum(rng.normal(0, 3, shape), 0), 1) % 256) for _ in range(2))
    return [np.rint(0.5 * a + 0.5 * b), a, b]


def test_mef_ssim_of_saturated_windows() -> None:
    f, a, b = walks(4)
    a, b = np.where(a > 60, 255.0, a), np.where(np.arange(15) < 13, 0.0, b)
    check("MEF_SSIM@tang", np.where(np.arange(15) < 12, 128.0, f), a, b)


def test_halving_repeats_what_is_left_over() -> None:
    odd = np.arange(15.0).reshape(1, 3, 5)
    assert halved(Image(odd)).data.tolist() == [[[3.0, 5.0, 6.5], [10.5, 12.5, 14.0]]]


def test_too_small_for_three_scales() -> None:
    scores = evaluate(*scene(6, (43, 50)), metrics=["MS_SSIM@tang", "MEF_SSIM@tang"])
    assert isnan(scores["MS_SSIM@tang"])
    assert "44" in scores.reasons["MS_SSIM@tang"]
    assert not isnan(scores["MEF_SSIM@tang"])


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_mef_ssim_of_flat_images(level: float) -> None:
    flat = np.full((14, 15), level)
    assert value("MEF_SSIM@tang", flat, flat, flat) == 1
