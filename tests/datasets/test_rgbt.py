"""Images of four channels: the fourth may be the thermal image, and is never dropped without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import fusionbench
from fusionbench.datasets import check, load_dataset, write
from fusionbench.errors import InputError

from .image_files import DEEP, DEEP_RGB, GRAY, RGB, RGBA, png


@pytest.fixture(params=["images", "test/images", "rgb-t", "."])
def root(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    images = tmp_path / "MFNet" / request.param
    images.mkdir(parents=True)
    (tmp_path / "MFNet" / "labels").mkdir()
    for name in ("00001D", "00002N"):
        Pillow.fromarray(RGBA).save(images / f"{name}.png")
        Pillow.fromarray(GRAY).save(tmp_path / "MFNet" / "labels" / f"{name}.png")
    return tmp_path / "MFNet"


def test_the_fourth_channel_is_a_source(root: Path, tmp_path: Path) -> None:
    dataset = load_dataset(root, rgbt=True)
    assert [pair.name for pair in dataset] == ["00001D", "00002N"]
    a, b = dataset.read(dataset[0])
    np.testing.assert_array_equal(a, RGBA[..., 3])
    np.testing.assert_array_equal(b, RGB)
    assert check(root, rgbt=True).ok
    rows = fusionbench.run("average", root, out=tmp_path / "out", metrics=["EN"], rgbt=True)
    assert set(rows["status"]) == {"ok"}


def test_it_is_offered_where_nothing_is_found(root: Path) -> None:
    offer = "have four channels: if the fourth is the thermal image, say --rgbt"
    assert offer in check(root).problems[""]
    with pytest.raises(InputError, match=offer):
        load_dataset(root)


def test_of_16_bits_too(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.png").write_bytes(png(np.dstack([DEEP_RGB, DEEP]), 16, 6))
    dataset = load_dataset(tmp_path, rgbt=True, range="a=minmax")
    a, b = dataset.read(dataset[0])
    span = (DEEP - float(DEEP.min())) * 255 / (float(DEEP.max()) - float(DEEP.min()))
    np.testing.assert_array_equal(a, np.round(span))
    np.testing.assert_array_equal(b, np.round(DEEP_RGB / 257))


def test_an_image_without_it_is_a_bad_pair(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Pillow.fromarray(RGBA).save(tmp_path / "images" / "1.png")
    Pillow.fromarray(RGB).save(tmp_path / "images" / "2.png")
    assert list(load_dataset(tmp_path, rgbt=True, on_error="skip").skipped) == ["2"]
    assert "no further channel" in check(tmp_path, rgbt=True).problems["2"]


def test_what_is_dropped_is_said(tmp_path: Path) -> None:
    for name in "12":
        write(tmp_path / "ir" / f"{name}.png", GRAY)
        (tmp_path / "vi").mkdir(exist_ok=True)
        opaque = np.dstack([RGB, np.full_like(GRAY, 255)])
        Pillow.fromarray(RGBA if name == "1" else opaque).save(tmp_path / "vi" / f"{name}.png")
    said = "\n".join(check(tmp_path).lines())
    assert "b: 1 files have a constant further channel, which is dropped" in said
    assert (
        "the fourth channel of vi/1.png is not constant, and is dropped; if it is the thermal image, say --rgbt" in said
    )
    assert len(load_dataset(tmp_path).remarks) == 1


def test_folders_are_no_sources_then(root: Path) -> None:
    with pytest.raises(InputError, match="leave --a and --b out"):
        load_dataset(root, a="images", b="labels", rgbt=True)
