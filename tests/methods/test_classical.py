"""The classical methods: exact properties, and small plain readings of their papers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pywt
from numpy.typing import NDArray
from scipy import ndimage

from fusionbench.datasets.images import read, to_gray
from fusionbench.datasets.pair import Pair
from fusionbench.methods import default_methods, fuse_pair, get_method
from fusionbench.methods.classical import _common, gff, laplacian, msvd, ratio, swt

NAMES = default_methods()
SIZES = [(1, 1), (1, 7), (2, 2), (5, 3), (16, 16), (33, 47), (64, 48)]
Array = NDArray[np.float32]
Double = NDArray[np.float64]


def scene(shape: tuple[int, int], seed: int, count: int = 1) -> Array:
    """Noise with structure on several scales, (N, 1, H, W) in [0, 1]."""
    random = np.random.default_rng(seed)
    layers = [ndimage.gaussian_filter(random.random((count, *shape)), (0, s, s), mode="reflect") for s in (0.5, 2, 6)]
    image = sum((layer - layer.mean()) / (layer.std() + 1e-9) for layer in layers) * 0.1 + 0.5
    return np.clip(image, 0, 1).astype(np.float32)[:, None]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SIZES)
def test_any_size(name: str, shape: tuple[int, int]) -> None:
    a, b = scene(shape, 1), scene(shape, 2)
    fused = get_method(name).fuse(a, b)
    assert fused.shape == a.shape
    assert fused.dtype == np.float32
    assert np.isfinite(fused).all()


# Weights that sum to one leave equal sources as they are; MSVD's basis and its transpose cancel in float64.
@pytest.mark.parametrize("name", [n for n in NAMES if n != "mertens"])
@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (33, 47)])
def test_equal_sources_come_back(name: str, shape: tuple[int, int]) -> None:
    a = scene(shape, 3)
    assert np.abs(get_method(name).fuse(a, a.copy()) - a).max() < 2e-6


CONSTANTS = [(name, level, level) for name in NAMES for level in (0.0, 0.25, 1.0)]
CONSTANTS += [(name, 0.2, 0.6) for name in NAMES if name not in ("max", "mertens")]


@pytest.mark.parametrize(("name", "first", "second"), CONSTANTS)
def test_constant_images_give_their_mean(name: str, first: float, second: float) -> None:
    a, b = (np.full((1, 1, 20, 21), level, np.float32) for level in (first, second))
    assert np.abs(get_method(name).fuse(a, b) - (first + second) / 2).max() < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_batch_is_the_loop_and_leaves_the_sources_alone(name: str) -> None:
    a, b = scene((40, 36), 4, count=3), scene((40, 36), 5, count=3)
    kept = a.copy(), b.copy()
    method = get_method(name)
    batch = method.fuse(a, b)
    singles = np.concatenate([method.fuse(a[n : n + 1], b[n : n + 1]) for n in range(3)])
    assert np.array_equal(batch, singles)
    assert np.array_equal(batch, get_method(name).fuse(a, b))
    assert np.array_equal(a, kept[0])
    assert np.array_equal(b, kept[1])


@pytest.mark.parametrize("name", NAMES)
def test_order_of_the_sources_does_not_matter(name: str) -> None:
    a, b = scene((40, 36), 6), scene((40, 36), 7)
    method = get_method(name)
    assert np.abs(method.fuse(a, b) - method.fuse(b, a)).max() < 2e-6


@pytest.mark.parametrize("name", ["laplacian", "ratio", "dwt", "swt", "msvd"])
def test_more_levels_than_an_image_has(name: str) -> None:
    a, b = scene((16, 16), 8), scene((16, 16), 9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(get_method(name, levels=12).fuse(a, b)).all()


def test_pointwise() -> None:
    a, b = scene((9, 8), 10), scene((9, 8), 11)
    assert np.allclose(get_method("average").fuse(a, b), (a.astype(float) + b) / 2, atol=1e-7)
    assert np.array_equal(get_method("max").fuse(a, b), np.where(a > b, a, b))


@pytest.mark.parametrize("shape", SIZES)
def test_pyramids_are_collapsed_exactly(shape: tuple[int, int]) -> None:
    image = scene(shape, 12)[0, 0]
    assert np.abs(laplacian.collapse(laplacian.laplacian_pyramid(image, 5)) - image).max() < 1e-6
    assert np.abs(ratio.collapse(ratio.contrast_pyramid(image, 5, 0.02), 0.02) - image).max() < 2e-6


def reduce(image: Double) -> Double:
    """Burt and Adelson's REDUCE: the 5-tap kernel along each side, then every second pixel."""
    taps = np.array([1, 4, 6, 4, 1]) / 16
    smooth = ndimage.correlate1d(ndimage.correlate1d(image, taps, 0, mode="mirror"), taps, 1, mode="mirror")
    return smooth[::2, ::2]


def expand(image: Double, shape: tuple[int, ...]) -> Double:
    """Burt and Adelson's EXPAND: zeros between the pixels, then the kernel, times 4; odd sides."""
    spread = np.zeros(shape)
    spread[::2, ::2] = image
    taps = np.array([1, 4, 6, 4, 1]) / 8
    return ndimage.correlate1d(ndimage.correlate1d(spread, taps, 0, mode="mirror"), taps, 1, mode="mirror")


def plain_pyramids(low_a: Double, low_b: Double, levels: int, detail: Any, join: Any) -> Double:
    """Fuse by pyramids whose detail is made of a level and the expanded next one, and joined to that again."""
    details = []
    for _ in range(levels):
        next_a, next_b = reduce(low_a), reduce(low_b)
        detail_a, detail_b = detail(low_a, expand(next_a, low_a.shape)), detail(low_b, expand(next_b, low_b.shape))
        details.append(np.where(abs(detail_a) >= abs(detail_b), detail_a, detail_b))
        low_a, low_b = next_a, next_b
    fused = (low_a + low_b) / 2
    for level in reversed(details):
        fused = join(level, expand(fused, level.shape))
    return fused


def fuse(name: str, a: Double, b: Double, **options: Any) -> Array:
    """Fuse two images (H, W)."""
    return get_method(name, **options).fuse(*(x[None, None].astype(np.float32) for x in (a, b)))[0, 0]


def test_laplacian_against_a_plain_reading() -> None:
    a, b = (scene((33, 49), s)[0, 0].astype(np.float64) for s in (13, 14))
    plain = plain_pyramids(a, b, 3, np.subtract, np.add)
    assert np.abs(fuse("laplacian", a, b, levels=3) - plain).max() < 1e-5


def test_ratio_against_a_plain_reading() -> None:
    a, b = (scene((33, 49), s)[0, 0].astype(np.float64) for s in (15, 16))
    plain = plain_pyramids(a + 0.1, b + 0.1, 2, lambda x, y: x / y - 1, lambda x, y: (x + 1) * y) - 0.1
    differs = np.abs(fuse("ratio", a, b, levels=2, floor=0.1) - plain) > 1e-5
    assert np.mean(differs) < 0.01  # a near-tie may fall the other way in float32


@pytest.mark.parametrize("name", ["average", "max", "laplacian", "ratio", "gff", "two-scale"])
@pytest.mark.parametrize("shape", [(33, 49), (20, 33), (7, 17)])  # at these widths, so are the grids of all levels
def test_mirrored_sources_give_the_mirrored_image(name: str, shape: tuple[int, int]) -> None:
    a, b = scene(shape, 30), scene(shape, 31)
    method = get_method(name)
    mirrored = method.fuse(a[..., ::-1].copy(), b[..., ::-1].copy())[..., ::-1]
    assert np.abs(mirrored - method.fuse(a, b)).max() < 1e-5


def test_the_area_rule_against_a_plain_reading() -> None:
    random = np.random.default_rng(17)
    a, b = (random.standard_normal((2, 1, 12, 15)).astype(np.float32) for _ in range(2))
    for n in range(2):
        x, y = a[n, 0], b[n, 0]
        wins = ndimage.maximum_filter(abs(x), 3, mode="nearest") >= ndimage.maximum_filter(abs(y), 3, mode="nearest")
        votes = ndimage.generic_filter(wins.astype(float), np.sum, 3, mode="nearest")
        assert np.array_equal(_common.strongest_nearby(a, b)[n, 0], np.where(votes >= 5, x, y))


def test_dwt_takes_detail_from_the_source_that_has_it() -> None:
    detailed, flat = scene((64, 64), 18), np.full((1, 1, 64, 64), 0.5, np.float32)
    fused = get_method("dwt", levels=3).fuse(flat, detailed)
    rest = pywt.wavedec2(fused[0, 0], "db2", level=3)
    wanted = pywt.wavedec2(detailed[0, 0], "db2", level=3)
    inside = np.s_[4:-4, 4:-4]  # beyond the borders, coefficients of an image are not unique
    for k in range(3):
        assert np.abs(wanted[-1][k][inside]).max() > 0.01
        assert np.allclose(rest[-1][k][inside], wanted[-1][k][inside], atol=1e-5)
        assert np.allclose(rest[-2][k][inside], wanted[-2][k][inside], atol=1e-5)


@pytest.mark.parametrize("wavelet", ["haar", "db2", "sym4", "coif1", "bior2.2", "rbio3.1"])
def test_inverse_stationary_transform_is_that_of_pywavelets(wavelet: str) -> None:
    random = np.random.default_rng(19)
    bands = [random.standard_normal((32, 48)).astype(np.float32) for _ in range(7)]
    rest, details = bands[0], [tuple(bands[1:4]), tuple(bands[4:7])]
    assert np.abs(swt.inverse(rest, details, wavelet) - pywt.iswt2([rest, *details], wavelet)).max() < 1e-5


def test_swt_does_not_depend_on_where_the_grid_lies() -> None:
    a, b = scene((80, 80), 20), scene((80, 80), 21)
    method = get_method("swt", levels=2)
    whole, part = method.fuse(a, b), method.fuse(a[..., 3:, 5:], b[..., 3:, 5:])
    assert np.abs(whole[..., 23:-20, 25:-20] - part[..., 20:-20, 20:-20]).max() < 1e-5


def plain_guided_filter(guide: Double, image: Double, radius: int, eps: float) -> Double:
    """He's guided filter, window by window."""
    height, width = guide.shape

    def window(y: int, x: int) -> tuple[slice, slice]:
        return slice(max(y - radius, 0), y + radius + 1), slice(max(x - radius, 0), x + radius + 1)

    slope, offset = np.empty_like(guide), np.empty_like(guide)
    for y in range(height):
        for x in range(width):
            g, p = guide[window(y, x)], image[window(y, x)]
            slope[y, x] = ((g * p).mean() - g.mean() * p.mean()) / (g.var() + eps)
            offset[y, x] = p.mean() - slope[y, x] * g.mean()
    means = [[(slope[window(y, x)].mean(), offset[window(y, x)].mean()) for x in range(width)] for y in range(height)]
    mean_slope, mean_offset = np.moveaxis(np.array(means), -1, 0)
    return mean_slope * guide + mean_offset


@pytest.mark.parametrize(("radius", "eps"), [(2, 1e-6), (7, 0.3), (40, 0.3)])
def test_guided_filter_against_a_plain_reading(radius: int, eps: float) -> None:
    guide, image = (scene((14, 11), s)[0, 0].astype(np.float64) for s in (22, 23))
    image = (image > 0.5).astype(np.float64)
    ours, plain = gff.guided_filter(guide, image, radius, eps), plain_guided_filter(guide, image, radius, eps)
    assert np.abs(ours - plain).max() < 1e-8


@pytest.mark.parametrize("stem", ["carLight", "man", "tricycle"])
def test_gff_gives_the_published_images(stem: str, shared: Path) -> None:
    """The published images are JPEG, made by the authors' code for each colour channel: 45 dB is as near as it gets."""
    published = to_gray(read(shared / "fused" / "VIFB" / "GFF" / f"{stem}.jpg"))
    a, b = (read(shared / "data" / "VIFB" / folder / f"{stem}.jpg") for folder in ("IR", "VI"))
    ours = fuse_pair(get_method("gff"), a, b, Pair(stem, a, b, "IVF", "b")).image
    assert 10 * np.log10(255**2 / np.mean((published - ours) ** 2)) > 45


@pytest.mark.parametrize("shape", [(2, 2), (16, 24)])
def test_msvd_bands(shape: tuple[int, int]) -> None:
    image = scene(shape, 24)[0, 0].astype(np.float64)
    bands, basis = msvd.decompose(image)
    assert np.allclose(basis.T @ basis, np.eye(4))
    blocks = (basis @ bands.reshape(4, -1)).reshape(bands.shape)
    assert np.allclose(msvd.join(blocks), image)
    energy = (bands**2).sum(axis=(1, 2))
    assert np.all(np.diff(energy) <= 1e-9)  # the strongest first


def test_msvd_keeps_detail_whatever_the_signs_of_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = scene((32, 32), 25), scene((32, 32), 26)
    wanted = get_method("msvd").fuse(a, b)
    solve, calls = np.linalg.svd, iter(range(10))

    def turned(matrix: Double) -> tuple[Double, ...]:
        u, s, v = solve(matrix)
        sign = np.array([1, -1, 1, -1]) if next(calls) % 2 else np.array([-1, 1, 1, 1])
        return u * sign, s, v

    monkeypatch.setattr(msvd.np.linalg, "svd", turned)
    assert np.abs(get_method("msvd").fuse(a, b) - wanted).max() < 1e-6


def test_two_scale_against_a_plain_reading() -> None:
    a, b = (scene((40, 50), s)[0, 0].astype(np.float64) for s in (27, 28))
    parts = []
    for image in (a, b):
        base = ndimage.uniform_filter(image, 35, mode="nearest")
        parts.append((base, image - base, abs(base - ndimage.median_filter(image, 3, mode="nearest"))))
    (base_a, detail_a, salient_a), (base_b, detail_b, salient_b) = parts
    total = salient_a + salient_b
    fused = (base_a + base_b) / 2 + (salient_a * detail_a + salient_b * detail_b) / total
    assert np.abs(fuse("two-scale", a, b) - fused).max() < 1e-4


def test_mertens_fuses_two_colour_sources_in_colour() -> None:
    random = np.random.default_rng(29)
    a, b = (random.integers(0, 256, (24, 20, 3)).astype(np.uint8) for _ in range(2))
    image = fuse_pair(get_method("mertens"), a, b, Pair("p", a, b, "MEF", "both")).image
    wanted = cv2.createMergeMertens(1, 1, 1).process([a, b])
    assert np.array_equal(image, np.floor(np.clip(wanted, 0, 1) * np.float32(255) + 0.5).astype(np.uint8))
