"""Colour comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fusionbench.datasets.images import to_gray
from fusionbench.methods.colour import attach, chroma, chroma_of_pair, is_colour, luminance, mix_chroma

Bytes = NDArray[np.uint8]


def photo(seed: int, shape: tuple[int, int] = (12, 9)) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)


def test_luminance_and_chroma_of_a_source_make_that_source_again() -> None:
    image = photo(1, (64, 64))
    gray = to_gray(image).astype(np.uint8)
    assert np.abs(attach(gray, chroma(image)).astype(int) - image).max() <= 1  # the luminance was rounded


@settings(deadline=None, max_examples=50)
@given(st.tuples(*[st.integers(0, 255)] * 3), st.integers(0, 255))
def test_the_new_luminance_is_the_fused_one(rgb: tuple[int, int, int], y: int) -> None:
    coloured = attach(np.full((1, 1), y, np.uint8), chroma(np.array([[rgb]], np.uint8)))
    assert abs(int(to_gray(coloured)[0, 0]) - y) <= 1


@pytest.mark.parametrize("y", [0, 3, 20, 60, 200, 250, 255])
def test_a_colour_out_of_the_gamut_moves_toward_gray_and_keeps_its_hue(y: int) -> None:
    """A bright blue patch whose luminance was fused to dark, as an infrared night sky makes it, and to bright."""
    wanted = chroma(np.full((8, 8, 3), (40, 90, 250), np.uint8))
    coloured = attach(np.full((8, 8), y, np.uint8), wanted)
    assert np.abs(to_gray(coloured) - y).max() <= 1
    shift, full = (chroma(coloured) - 128)[:, 0, 0], (wanted - 128)[:, 0, 0]
    share = shift @ full / (full @ full)
    assert 0 <= share <= 1
    assert np.abs(shift - share * full).max() <= 1  # rounding turns the hue no further
    if y in (20, 200):  # as much of the chroma is kept as fits
        assert min(coloured.min(), 255 - coloured.max()) == 0


def test_chroma_of_known_colours() -> None:
    """Full-range BT.601, as in JFIF: pure red has Cb = 128 - 0.168736 * 255 and Cr = 128 + 0.5 * 255."""
    red = chroma(np.array([[[255, 0, 0]]], np.uint8))[:, 0, 0]
    assert red == pytest.approx([128 - 0.168736 * 255, 255.5], abs=1e-3)
    gray = chroma(np.full((1, 1, 3), 77, np.uint8))
    assert gray.ravel() == pytest.approx([128, 128])


def test_sixteen_bit_colour_is_that_of_eight() -> None:
    image = photo(2)
    wide = image.astype(np.uint16) * 257
    assert np.allclose(chroma(wide), chroma(image))
    assert np.array_equal(luminance(wide), luminance(image))


def test_one_colour_source_gives_its_chroma() -> None:
    colour, gray = photo(3), photo(4)[..., 0]
    stacked = np.repeat(gray[..., None], 3, axis=2)
    for a, b in ((colour, gray), (gray, colour), (stacked, colour)):
        found = chroma_of_pair(a, b)
        assert found is not None
        assert np.array_equal(found, chroma(colour))


def test_no_colour_source_gives_none() -> None:
    gray = photo(5)[..., 0]
    assert chroma_of_pair(gray, np.repeat(gray[..., None], 3, axis=2)) is None
    assert not is_colour(gray)


def test_two_colour_sources_are_weighted_by_their_distance_from_gray() -> None:
    a, b = photo(6), photo(7)
    found = chroma_of_pair(a, b)
    assert found is not None
    for y in range(3):
        for k in range(2):
            c1, c2 = chroma(a)[k, y, y], chroma(b)[k, y, y]
            w1, w2 = abs(c1 - 128), abs(c2 - 128)
            assert found[k, y, y] == pytest.approx((c1 * w1 + c2 * w2) / (w1 + w2))


def test_where_both_are_gray_the_mix_is_gray() -> None:
    assert mix_chroma(np.full((2, 1, 1), 128.0), np.full((2, 1, 1), 128.0)).tolist() == [[[128.0]], [[128.0]]]


def test_the_data_set_says_which_of_two_coloured_files_to_believe() -> None:
    infrared, visible = photo(8), photo(9)
    for colour, image in (("a", infrared), ("b", visible)):
        found = chroma_of_pair(infrared, visible, colour)  # type: ignore[arg-type]
        assert found is not None
        assert np.array_equal(found, chroma(image))
