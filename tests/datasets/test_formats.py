"""What is admitted is read, to the values that a plain reading gives: every extension in every mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fusionbench.datasets import UnreadableImageError, images, probe, read

from .image_files import GRAY, RGB, ImageFile, chunk, image_files, interlaced, png

FILES = image_files()


def write(folder: Path, file: ImageFile) -> Path:
    path = folder / f"x{file.suffix}"
    path.write_bytes(file.data)
    return path


def gray_where_equal(values: np.ndarray) -> np.ndarray:
    return values[..., 0] if values.ndim == 3 and (values == values[..., :1]).all() else values


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_values_are_those_of_a_plain_reading(tmp_path: Path, file: ImageFile) -> None:
    picture = images.read_picture(write(tmp_path, file), alpha=True)
    wanted = gray_where_equal(file.values)
    assert picture.pixels.shape == wanted.shape
    assert np.abs(picture.pixels.astype(float) - wanted).max() <= file.tolerance
    assert picture.maximum == file.maximum
    assert picture.header.alpha == (file.alpha is not None)
    if file.alpha is not None:
        np.testing.assert_array_equal(picture.alpha, file.alpha)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_header_and_pixels_come_from_one_decision(tmp_path: Path, file: ImageFile) -> None:
    path = write(tmp_path, file)
    header, picture = probe(path), images.read_picture(path)
    assert header == picture.header
    assert (header.height, header.width) == picture.pixels.shape[:2]
    assert header.bits == file.bits
    assert header.channels == 3 or file.values.ndim == 2
    assert header.deep == (picture.pixels.dtype != np.uint8)
    assert header.pages == file.pages


@pytest.mark.parametrize("file", [f for f in FILES if f.maximum is not None], ids=lambda file: file.name)
def test_reading_gives_8_or_16_bits_at_full_range(tmp_path: Path, file: ImageFile) -> None:
    image = read(write(tmp_path, file))
    assert image.dtype in (np.uint8, np.uint16)
    if file.maximum not in (255, 65535):
        wanted = np.rint(gray_where_equal(file.values) * 65535.0 / file.maximum)  # type: ignore[operator]
        np.testing.assert_array_equal(image, wanted)


@pytest.mark.parametrize("file", [f for f in FILES if f.maximum is None], ids=lambda file: file.name)
def test_values_without_a_known_range_are_not_given_one(tmp_path: Path, file: ImageFile) -> None:
    with pytest.raises(UnreadableImageError, match="of no known range"):
        read(write(tmp_path, file))


def test_every_extension_is_tried() -> None:
    assert {file.suffix for file in FILES} | {".jpx"} == images.EXTENSIONS  # .jpx is another name of .jp2


@pytest.mark.parametrize(
    "file", [f for f in FILES if f.suffix in (".png", ".jpg", ".bmp") and f.maximum == 255], ids=lambda file: file.name
)
def test_pixels_of_8_bits_are_those_of_opencv(tmp_path: Path, file: ImageFile) -> None:
    path = write(tmp_path, file)
    theirs = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    ours = read(path)
    np.testing.assert_array_equal(ours if ours.ndim == 3 else np.dstack([ours] * 3), theirs)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_part_of_a_file_is_never_taken_for_the_whole(tmp_path: Path, file: ImageFile, share: float) -> None:
    path = tmp_path / f"x{file.suffix}"
    path.write_bytes(file.data[: int(len(file.data) * share)])
    try:
        picture = images.read_picture(path)
    except UnreadableImageError:
        with pytest.raises(UnreadableImageError):
            probe(path)
        return
    # what was cut off lay behind the first picture
    np.testing.assert_array_equal(picture.pixels, images.read_picture(write(tmp_path, file)).pixels)


@pytest.mark.parametrize("tail", [b"", b"of a camera"])
def test_orientation_may_stand_behind_the_pixels(tmp_path: Path, tail: bytes) -> None:
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    whole = png(RGB, 8, 2)
    path = tmp_path / "x.png"
    path.write_bytes(whole[:-12] + chunk(b"eXIf", exif) + whole[-12:] + tail)
    np.testing.assert_array_equal(read(path), np.rot90(RGB, -1))
    assert (probe(path).height, probe(path).width) == (30, 20)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (8, 8), (5, 1), (1, 7), (20, 30)])
@pytest.mark.parametrize("write_png", [png, interlaced])
def test_a_png_whose_data_end_before_its_rows_is_damaged(
    tmp_path: Path, write_png: Callable[..., bytes], size: tuple[int, int]
) -> None:
    """The packed data are whole, and inflate to too little: decoders leave the rest of the picture black."""
    height, width = size
    image, path = GRAY[:height, :width], tmp_path / "x.png"
    path.write_bytes(write_png(image, 8, 0))
    np.testing.assert_array_equal(read(path), image)
    for lacking in (1, height * width):
        path.write_bytes(write_png(image, 8, 0, lacking=lacking))
        with pytest.raises(UnreadableImageError, match="the PNG data are damaged"):
            read(path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("back", [0, 1])
def test_tiff_whose_pages_lead_back(tmp_path: Path, back: int) -> None:
    """The offset of a next page is that of an earlier one: they would be counted without end."""
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "x.tif"
    with tifffile.TiffWriter(path) as file:
        for _ in range(3):
            file.write(np.full((8, 9), 7, np.uint8), metadata=None)
    with tifffile.TiffFile(path) as file:
        first, last = file.pages[back].offset, file.pages[2]
    data = bytearray(path.read_bytes())
    end = last.offset + 2 + 12 * len(last.tags)
    assert data[end : end + 4] == bytes(4)  # no page follows
    data[end : end + 4] = first.to_bytes(4, "little")
    path.write_bytes(data)
    picture = images.read_picture(path)
    assert (picture.header.pages, picture.pixels.max()) == (3, 7)
