"""Colour on a device is NumPy's, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from fusionbench.datasets.pair import Pair
from fusionbench.methods import Method
from fusionbench.methods.colour import attach, chroma_of_pair, coloured_sources
from fusionbench.methods.pipeline import fuse_batch, fuse_pair
from fusionbench.methods.quantise import RULES

pytest.importorskip("torch")
from fusionbench.methods.colour_device import attach_all

from ..device import FakeDevice, faked

SHAPE = (256, 512)
EDGES = np.array([0, 1, 2, 127, 128, 129, 254, 255], np.uint8)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDevice]:
    with faked(monkeypatch) as fake:
        yield fake


def images() -> tuple[list[Any], list[Any], list[Any]]:
    """Every triple of extreme levels at every luminance, many of the others, and grays among them."""
    random = np.random.default_rng(0)
    corners = np.array(list(product(EDGES, EDGES, EDGES)), np.uint8)  # 512
    every = np.broadcast_to(corners, (256, 512, 3)).copy()
    grays = [np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None], SHAPE).copy()]
    grays += [random.integers(0, 256, SHAPE).astype(np.uint8) for _ in range(4)]
    photos = [random.integers(0, 256, (*SHAPE, 3)).astype(np.uint8) for _ in range(4)]
    plain = random.integers(0, 256, SHAPE).astype(np.uint8)
    tints = (128 + random.integers(-2, 3, (*SHAPE, 3))).astype(np.uint8)  # many are gray, and their weights 0
    a = [plain, photos[0], plain, tints, every[:, ::-1].copy()]
    b = [every, photos[1], plain[..., None].repeat(3, axis=-1), tints[::-1].copy(), photos[2]]
    return grays, a, b


@pytest.mark.parametrize("colour", ["both", "a", "b"])
def test_it_is_that_of_numpy(device: FakeDevice, colour: Any) -> None:
    grays, a, b = images()
    chosen = [coloured_sources(pair, colour) for pair in zip(a, b, strict=True)]
    results = attach_all(device, grays, chosen)
    assert dict(device.counts) == {"in": 2, "out": 1}
    assert [len(sources) for sources in chosen] == ([1, 2, 0, 2, 2] if colour == "both" else [1, 1, 0, 1, 1])
    for gray, one, other, result in zip(grays, a, b, results, strict=True):
        chroma = chroma_of_pair(one, other, colour)
        if chroma is None:
            assert result is None
        else:
            assert result is not None
            assert result.dtype == np.uint8
            np.testing.assert_array_equal(result, attach(gray, chroma))


def test_without_colour_nothing_is_copied(device: FakeDevice) -> None:
    grays, a, _ = images()
    assert attach_all(device, grays[:1], [coloured_sources((a[0], a[0]))]) == [None]
    assert not device.counts


class Mean(Method):
    """Takes batches, and gives what lies outside of [0, 1], too."""

    name = "mean"
    reference = "none"
    learned = True

    def to(self, device: str) -> None:
        self.device = device

    def fuse(self, a: Any, b: Any, **context: Any) -> Any:
        return (a + b) * np.float32(0.7) - np.float32(0.1)


@pytest.mark.parametrize("rule", [name for name in RULES if name != "none"])
def test_a_batch_is_its_pairs(device: FakeDevice, rule: Any) -> None:
    """By every rule of 8 bit: stretched by the range of each image, not of the batch."""
    _, a, b = images()
    pairs = [Pair(str(i), *sources, "IVF") for i, sources in enumerate(zip(a, b, strict=True))]
    single, batched = Mean(), Mean()
    single.quantise = batched.quantise = rule
    batched.to("cuda")
    for pair, result in zip(pairs, fuse_batch(batched, list(zip(a, b, strict=True)), pairs), strict=True):
        expected = fuse_pair(single, pair.a, pair.b, pair)  # type: ignore[arg-type]
        np.testing.assert_array_equal(result.image, expected.image)
        assert (result.colour is None) == (expected.colour is None)
        if expected.colour is not None:
            np.testing.assert_array_equal(result.colour, expected.colour)
