"""Pictures of the report: linked where a browser shows them as they are, converted where not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fusionbench.reports.html.images import THUMB, Picture, place

GRAY = (np.add.outer(np.arange(300), np.arange(400)) % 256).astype(np.uint8)


def placed(source: Path, tmp_path: Path, convert: bool = True) -> Path:
    target, thumb = tmp_path / "out" / "x.y", tmp_path / "out" / "thumb.jpg"
    calls: list[None] = []
    shown = place([Picture(source, target, thumb, convert)], 1, lambda: calls.append(None))
    assert len(calls) == 1
    with Image.open(thumb) as small:
        assert small.width <= THUMB[0]
        assert small.height <= THUMB[1]
        assert small.width == THUMB[0] or small.height == THUMB[1]
    assert shown[target].is_relative_to(target.parent)
    return shown[target]


def test_a_png_stays_byte_for_byte(tmp_path: Path) -> None:
    Image.fromarray(GRAY).save(tmp_path / "a.png")
    for convert in (True, False):
        found = placed(tmp_path / "a.png", tmp_path / str(convert), convert)
        assert found.suffix == ".png"
        assert found.read_bytes() == (tmp_path / "a.png").read_bytes()


def test_the_ending_follows_the_content(tmp_path: Path) -> None:
    Image.fromarray(GRAY).save(tmp_path / "a.png", "JPEG")
    assert placed(tmp_path / "a.png", tmp_path).suffix == ".jpg"


def test_what_browsers_do_not_show_becomes_a_png(tmp_path: Path) -> None:
    Image.fromarray(GRAY).save(tmp_path / "a.bmp")
    found = placed(tmp_path / "a.bmp", tmp_path)
    assert found.suffix == ".png"
    assert np.array_equal(np.asarray(Image.open(found)), GRAY)


@pytest.mark.parametrize("name", ["a.png", "a.tiff"])
def test_sixteen_bits_become_eight(tmp_path: Path, name: str) -> None:
    Image.fromarray(GRAY.astype(np.uint16) * 257).save(tmp_path / name)
    shown = np.asarray(Image.open(placed(tmp_path / name, tmp_path)))
    assert shown.dtype == np.uint8
    assert np.array_equal(shown, GRAY)


def test_a_photograph_is_not_turned(tmp_path: Path) -> None:
    image = Image.fromarray(GRAY)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    with Image.open(placed(tmp_path / "a.jpg", tmp_path)) as shown:
        assert shown.size == (400, 300)
        assert 0x0112 not in shown.getexif()


def test_what_is_gone_or_broken_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    pictures = [
        Picture(tmp_path / name, tmp_path / "out" / name, tmp_path / "out" / "t.jpg", True)
        for name in ("broken.png", "gone.png")
    ]
    assert place(pictures, 2, lambda: None) == {}
    assert not any((tmp_path / "out").rglob("*.*"))
