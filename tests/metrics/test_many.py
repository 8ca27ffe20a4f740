"""Metrics of more than two sources: MEF-SSIM is defined for any number, others that compare have no value."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.metrics import METRICS, evaluate, list_metrics, prepare, score
from tests.metrics.readings.exposure import mef_ssim, mef_ssim_scales

KEYS = ("MEF_SSIM@tang", "SSIM@tang2022", "MS_SSIM@tang", "MEF_SSIM@ma2015")
Images = list[np.ndarray]


def exposures(number: int, size: tuple[int, int] = (44, 47), colour: bool = False) -> Images:
    random = np.random.default_rng(number)
    light = cv2.GaussianBlur(random.random((*size, 3)), (0, 0), 1.2)
    light = (light - light.min()) / np.ptp(light) * 4
    light = light if colour else light[..., 0]
    return [(255 * np.clip(light * 2.0 ** (k - number // 2) / 2, 0, 1)).astype(np.uint8) for k in range(number)]


@pytest.mark.parametrize("number", [3, 5])
def test_mef_ssim_of_many_against_a_plain_reading(number: int) -> None:
    sources = exposures(number)
    fused = np.mean(sources, axis=0).round().astype(np.uint8)
    found = score(fused, prepare(*sources), None, KEYS)
    floats = [image.astype(float) for image in (fused, *sources)]
    for key in KEYS:
        wanted = (mef_ssim if key in KEYS[:2] else mef_ssim_scales)(*floats)
        assert found[key] == pytest.approx(wanted, abs=1e-10)
    assert not found.reasons


def test_flat_and_equal_sources() -> None:
    flat = [np.full((44, 47), level, np.uint8) for level in (0, 90, 255)]
    assert score(flat[1], prepare(*flat), None, KEYS[:1])[KEYS[0]] == pytest.approx(1)
    image = exposures(3)[1]
    assert score(image, prepare(image, image, image), None, KEYS[:1])[KEYS[0]] == pytest.approx(1, abs=1e-3)


def test_the_order_of_sources_does_not_matter_and_a_third_one_does() -> None:
    first, second, third = exposures(3)
    fused = np.maximum(first, second)
    value = score(fused, prepare(first, second, third), None, KEYS)
    again = score(fused, prepare(third, first, second), None, KEYS)
    two = score(fused, prepare(first, second), None, KEYS)
    for key in KEYS:
        assert value[key] == pytest.approx(again[key], abs=1e-10)
        assert abs(value[key] - two[key]) > 1e-4


def test_tensors_batches_and_colour() -> None:
    torch = pytest.importorskip("torch")
    sources = exposures(4, colour=True)
    fused = np.mean(sources, axis=0).round().astype(np.uint8)
    plain = score(fused, prepare(*sources), None, KEYS)
    tensors = [torch.from_numpy(image.astype(float)) for image in (fused, *sources)]
    found = score(tensors[0].requires_grad_(), prepare(*tensors[1:]), None, KEYS)
    batch = score(np.stack([fused] * 2), prepare(*(np.stack([image] * 2) for image in sources)), None, KEYS)
    for key in KEYS:
        assert float(found[key]) == pytest.approx(plain[key], abs=1e-9)
        assert batch[key].tolist() == pytest.approx([plain[key]] * 2, abs=1e-12)


def test_what_is_defined_for_two_has_no_value() -> None:
    sources = exposures(3)
    fused = sources[1]
    keys = [metric.key for metric in list_metrics()]
    found = score(fused, prepare(*sources), None, keys)
    two = score(fused, prepare(*sources[:2]), None, [key for key in keys if METRICS[key].no_reference])
    for key in keys:
        metric = METRICS[key]
        if metric.two_sources:
            assert np.isnan(found[key])
            assert found.reasons[key] == "it compares with two sources, and there are 3"
        elif metric.any_number:
            assert np.isfinite(found[key])
        elif metric.no_reference:
            assert found[key] == two[key]
    assert {key for key in keys if METRICS[key].any_number} == set(KEYS)


def test_further_sources_are_checked_as_the_others() -> None:
    sources: list[Any] = exposures(3)
    with pytest.raises(InputError, match=r"differ in size \(fused 44x47, a 44x47, b 44x47, c 43x47\)"):
        evaluate(sources[0], prepare(sources[0], sources[1], sources[2][1:]), metrics="EN")
    with pytest.raises(InputError, match="NaN"):
        prepare(sources[0], sources[1], sources[2] * np.nan)
    with pytest.raises(InputError, match="the batches differ in length: fused 1, a 1, b 1, c 2"):
        evaluate(sources[0], prepare(*sources[:2], np.stack([sources[2]] * 2)), metrics="EN")
    found = evaluate(sources[0], prepare(*(image / 255 for image in sources), data_range=1), metrics=KEYS[:1])
    assert found[KEYS[0]] == pytest.approx(score(sources[0], prepare(*sources), None, KEYS[:1])[KEYS[0]], abs=1e-9)
