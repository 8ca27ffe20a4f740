"""Stretches are told from clipping, from faithful images and from chance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench.bench.looks import levels, look
from fusionbench.bench.stretch import Facts, stretch
from fusionbench.datasets.images import read

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


def scenes(count: int, low: int = 20, high: int = 230) -> list[tuple[Bytes, Bytes]]:
    """Smooth, noisy pairs within low..high."""
    rng = np.random.default_rng(3)
    pairs = []
    for _ in range(count):
        smooth = [cv2.GaussianBlur(rng.normal(size=(80, 100)), (0, 0), 4) for _ in "ab"]
        scaled = [(s - s.min()) / np.ptp(s) * (high - low - 8) + low + rng.integers(0, 8, s.shape) for s in smooth]
        pairs.append((scaled[0].astype(np.uint8), scaled[1].astype(np.uint8)))
    return pairs


def mean(a: Bytes, b: Bytes) -> Floats:
    """A network's output: smooth, with more levels than 8 bit have."""
    return cv2.GaussianBlur((a.astype(np.float64) + b) / 2, (0, 0), 0.7)


def minmax(image: Floats) -> Floats:
    return (image - image.min()) / np.ptp(image) * 255


def percentiles(image: Floats) -> Floats:
    low, high = np.percentile(image, (1, 99))
    return np.clip((image - low) / (high - low), 0, 1) * 255


def maximum(image: Floats) -> Floats:
    return image / image.max() * 255


def amplified(image: Floats) -> Floats:
    return np.clip((image - 127) * 3 + 127, 0, 255)


def faithful(image: Floats) -> Floats:
    return image


def facts(saver: Callable[[Floats], Floats], pairs: list[tuple[Bytes, Bytes]]) -> list[Facts]:
    return [look(saver(mean(a, b)).astype(np.uint8), a, b) for a, b in pairs]


@pytest.mark.parametrize(
    ("saver", "by"),
    [(minmax, "range"), (percentiles, "percentiles"), (maximum, "maximum"), (amplified, None), (faithful, None)],
)
def test_each_saver_is_known(saver: Callable[[Floats], Floats], by: str | None) -> None:
    found = stretch(facts(saver, scenes(8)))
    assert (found and found.by) == by
    if found:
        assert (found.reached, found.narrow) == (8, 8)


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_images_prove_nothing(count: int) -> None:
    assert stretch(facts(minmax, scenes(count))) is None


def test_sources_that_span_prove_nothing() -> None:
    pairs = scenes(8)
    for a, b in pairs:
        a[0, 0], b[-1, -1] = 0, 255
    assert stretch(facts(minmax, pairs)) is None


def test_a_black_background_is_no_evidence_but_the_bright_end_is() -> None:
    pairs = []
    for a, b in scenes(6, 20, 200):
        a[:, :40] = b[:, :40] = 0
        pairs.append((a, b))
    found = stretch(facts(minmax, pairs))
    assert found is not None
    assert found.by == "range"


def test_nine_of_ten_are_enough_and_eight_are_not() -> None:
    pairs = scenes(10)
    stretched, plain = facts(minmax, pairs), facts(faithful, pairs)
    found = stretch([*stretched[:9], *plain[9:]])
    assert found is not None
    assert (found.by, found.reached, found.narrow) == ("range", 9, 10)
    assert stretch([*stretched[:8], *plain[8:]]) is None


def test_overshooting_methods_do_not_look_stretched() -> None:
    """Sharpened and clipped images reach the ends by chance, or with many pixels."""

    def sharpened(image: Floats) -> Floats:
        return np.clip(image + 4 * (image - cv2.GaussianBlur(image, (0, 0), 3)), 0, 255)

    for low, high in ((0, 256), (5, 250), (20, 230)):
        assert stretch(facts(sharpened, scenes(10, low, high))) is None


def test_what_is_seen() -> None:
    a = np.array([[10, 20], [30, 40]], np.uint8)
    b = np.array([[200, 20], [30, 40]], np.uint8)
    fused = np.array([[0, 255], [255, 7]], np.uint8)
    found = look(fused, a, b)
    expected = {"fused_min": 0, "fused_max": 255, "fused_at_0": 0.25, "fused_at_255": 0.5, "sources_min": 10}
    assert {key: found[key] for key in expected} == expected
    assert found["sources_max"] == 200
    assert "copy_of" not in found
    assert look(a, a, b)["copy_of"] == 1
    assert look(b, a, b)["copy_of"] == 2
    assert "copy_of" not in look(a, a, a)


def test_likeness_is_the_larger_correlation() -> None:
    ((a, b),) = scenes(1)
    fused = 255 - a
    x, y, z = (image[::4, ::4].ravel().astype(float) for image in (fused, a, b))
    expected = max(np.corrcoef(x, y)[0, 1], np.corrcoef(x, z)[0, 1])
    assert look(fused, a, b)["likeness"] == pytest.approx(expected)
    assert "likeness" not in look(np.full_like(a, 9), a, b)


def published(shared: Path, dataset: str, method: str, sides: tuple[str, str]) -> list[Facts]:
    folder = shared / "fused" / dataset / method
    sources = [{p.stem: p for p in (shared / "data" / dataset / side).iterdir()} for side in sides]
    fused = {p.stem: p for p in folder.iterdir()}
    names = sorted(name for name in fused if all(name in side for side in sources))
    return [look(levels(read(fused[n])), *(levels(read(side[n])) for side in sources)) for n in names]


@pytest.mark.parametrize("method", ["SeAFusion", "DenseFuse", "U2Fusion"])
def test_published_images_that_their_authors_stretched(shared: Path, method: str) -> None:
    found = stretch(published(shared, "TNO", method, ("ir", "vi")))
    assert found is not None
    assert found.by == "range"


@pytest.mark.parametrize("method", ["ADF", "CNN", "GFF", "MSVD", "ResNet"])
def test_published_images_that_were_not(shared: Path, method: str) -> None:
    assert stretch(published(shared, "VIFB", method, ("IR", "VI"))) is None
