"""The primitives against SciPy and NumPy, for arrays and tensors alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage, signal

from fusionbench.metrics.arrays import filters, pixelwise, windows

KINDS = pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
SIZES = [(60, 70), (17, 17), (33, 128), (19, 40), (200, 18)]
BORDERS = {"zero": "constant", "replicate": "nearest", "symmetric": "reflect", "reflect": "mirror"}
Kind = Callable[[np.ndarray], Any]


def images(shape: tuple[int, int], n: int = 2) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(0, 255, (n, *shape))


@KINDS
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("shape", [*SIZES, (400, 33)])
@pytest.mark.parametrize("taps", [(3, 3), (17, 5), (8, 11), (1, 17)])
def test_correlate(kind: Kind, shape: tuple[int, int], taps: tuple[int, int], stride: int) -> None:
    x, rng = images(shape), np.random.default_rng(1)
    rows, cols = rng.normal(size=taps[0]), rng.normal(size=taps[1])
    wanted = [signal.correlate2d(image, np.outer(rows, cols), "valid")[::stride, ::stride] for image in x]
    found = windows.correlate(kind(x), rows, cols, stride=stride)
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=0, atol=1e-10)


@KINDS
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("border", BORDERS)
def test_borders(kind: Kind, shape: tuple[int, int], border: filters.Border) -> None:
    x, kernel = images(shape), filters.gaussian(9, 1.7)
    wanted = [ndimage.correlate(image, np.outer(kernel, kernel), mode=BORDERS[border]) for image in x]
    found = windows.correlate(kind(x), kernel, border=border)
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=0, atol=1e-10)


def together(mean: Any, product: Any, there: Any) -> tuple[Any, Any]:
    return product - mean * mean, there * mean


@KINDS
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
@pytest.mark.parametrize("shape", [*SIZES, (37, 121)])
def test_swept_keeps_maps_and_sums(kind: Kind, shape: tuple[int, int], dtype: type) -> None:
    x, y, kernel = images(shape).astype(dtype), images(shape)[::-1].astype(dtype), filters.gaussian(5, 1.0)
    mean, product = windows.correlate(x.astype(float), kernel), windows.correlate(x.astype(float) * y, kernel)
    there = np.random.default_rng(1).uniform(size=mean.shape)
    wanted = together(mean, product, there)
    first, second = kind(x), kind(y.copy())
    found = windows.swept(together, ((first,), (first, second)), kernel, (kind(there),), outputs=1, totals=1)
    np.testing.assert_allclose(np.asarray(found[0]), wanted[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.asarray(found[1]), wanted[1].sum(axis=(1, 2)), rtol=1e-12)


def above_one(mean: Any) -> tuple[Any]:
    return (mean + 1,)


@KINDS
@pytest.mark.parametrize("shape", SIZES)
def test_swept_sums_logarithms(kind: Kind, shape: tuple[int, int]) -> None:
    x, kernel = images(shape), filters.gaussian(3, 1.0)
    wanted = np.log10(windows.correlate(x, kernel) + 1).sum(axis=(1, 2))
    found = windows.swept(above_one, ((kind(x),),), kernel, outputs=0, totals=1, logarithms=True)[0]
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-12)


@KINDS
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("border", ["valid", *BORDERS])
@pytest.mark.parametrize("shape", [(21, 30), (40, 3), (2, 41)])
def test_sobel(kind: Kind, border: filters.Border, dtype: type, shape: tuple[int, int]) -> None:
    if border == "valid" and min(shape) < 3:
        pytest.skip("nothing is inside")
    x = images(shape).astype(dtype)
    kernel, mode = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]), BORDERS.get(border, "constant")
    for found, weights in zip(filters.sobel(kind(x), border=border), (kernel, kernel.T), strict=True):
        wanted = np.stack([ndimage.correlate(image.astype(float), weights, mode=mode) for image in x])
        wanted = wanted[:, 1:-1, 1:-1] if border == "valid" else wanted
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=0, atol=0 if dtype == np.uint8 else 1e-10)


@KINDS
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("shape", [(2, 7, 79), (79, 14, 1), (1106, 1, 1), (79, 1, 14), (553, 1, 2)])
def test_rounded(kind: Kind, whole: bool, shape: tuple[int, ...]) -> None:
    x = np.arange(-6.0, 1100.0).reshape(shape) / (2 if whole else 4.1)
    np.testing.assert_array_equal(np.asarray(filters.rounded(kind(x))), np.clip(np.rint(x), 0, 255))


@KINDS
def test_neighbours(kind: Kind) -> None:
    x = images((9, 2))
    west, east, north, south = filters.neighbours(kind(x))
    for found, wanted in zip((south - north, east - west), np.gradient(x, axis=(1, 2)), strict=True):
        np.testing.assert_allclose(np.asarray(found / 2), wanted, rtol=0, atol=1e-12)


@KINDS
def test_histograms(kind: Kind) -> None:
    x, y = (np.random.default_rng(seed).integers(0, 256, (3, 40, 50)).astype(np.uint8) for seed in (0, 1))
    wanted = [np.bincount(image.ravel(), minlength=256) for image in x]
    np.testing.assert_array_equal(np.asarray(filters.histogram(kind(x))), wanted)
    both = np.zeros((3, 256, 256))
    for i in range(3):
        np.add.at(both[i], (x[i], y[i]), 1)
    np.testing.assert_array_equal(np.asarray(filters.joint_histogram(kind(x), kind(y))), both)


def test_histograms_of_images_that_float32_cannot_count(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(2).integers(0, 256, (1, 30, 40)).astype(np.uint8)
    wanted = filters.histogram(x), filters.joint_histogram(x, x)
    monkeypatch.setattr(filters, "FLOAT32_COUNTS", 100)
    np.testing.assert_array_equal(filters.histogram(x), wanted[0])
    np.testing.assert_array_equal(filters.joint_histogram(x, x), wanted[1])


@KINDS
@pytest.mark.parametrize("width", [1, 15, 16, 333])
def test_sum_log10(kind: Kind, width: int) -> None:
    x = 10 ** np.random.default_rng(3).uniform(0, 19, (2, 3, width))
    np.testing.assert_allclose(np.asarray(filters.sum_log10(kind(x))), np.log10(x).sum(axis=(1, 2)), rtol=1e-12)


@KINDS
@pytest.mark.parametrize("view", [False, True], ids=["contiguous", "view"])
def test_summed_and_mapped(kind: Kind, view: bool) -> None:
    x, y = images((30, 41), 3), images((30, 41), 3)[::-1].copy()
    x, y = (kind(z[:, 1:, 2:] if view else z) for z in (x, y))
    shift = kind(np.arange(3.0).reshape(3, 1, 1))
    found = pixelwise.summed(lambda p, q, s: p * q + s, x, y, shift)
    np.testing.assert_allclose(np.asarray(found), np.asarray(x * y + shift).sum(axis=(1, 2)), rtol=1e-12)
    plus, minus, both = pixelwise.mapped(lambda p, q: (p + q, p - q, p * q), x, y, outputs=2, totals=1)
    np.testing.assert_array_equal(np.asarray(plus), np.asarray(x + y))
    np.testing.assert_array_equal(np.asarray(minus), np.asarray(x - y))
    np.testing.assert_allclose(np.asarray(both), np.asarray(x * y).sum(axis=(1, 2)), rtol=1e-12)


def test_gaussian_is_normalised_and_cannot_be_changed() -> None:
    kernel = filters.gaussian(17, 3.4)
    assert kernel.sum() == pytest.approx(1)
    assert filters.gaussian(17, 3.4) is kernel
    with pytest.raises(ValueError, match="read-only"):
        kernel[0] = 1
