"""Images are read by content, completely or not at all, with OpenCV's pixels."""

from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from fusionbench.datasets import UnreadableImageError, images, probe, read, to_gray, write
from fusionbench.errors import FusionBenchError, InputError, RunError

from .image_files import DEEP, DEEP_RGB, GRAY, RGB


def save(path: Path, picture: Pillow.Image, kind: str, **options: object) -> Path:
    picture.save(path, kind, **options)
    return path


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG"])
@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.tif"])
def test_content_decides_not_extension(tmp_path: Path, kind: str, name: str) -> None:
    path = save(tmp_path / name, Pillow.fromarray(RGB), kind)
    decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(read(path), cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))
    assert probe(path) == images.Header(*GRAY.shape, 3, 8, kind)
    if kind != "JPEG":
        np.testing.assert_array_equal(read(path), RGB)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_gray_in_any_mode_is_gray(tmp_path: Path, mode: str) -> None:
    picture = Pillow.fromarray(np.where(GRAY > 128, 200, 50).astype(np.uint8))
    read_back = read(save(tmp_path / "x.png", picture.convert(mode), "PNG"))
    assert read_back.shape == GRAY.shape
    assert read_back.dtype == np.uint8
    np.testing.assert_array_equal(read_back, np.asarray(picture))


def test_one_pixel_of_colour_is_colour(tmp_path: Path) -> None:
    nearly = np.dstack([GRAY] * 3)
    nearly[7, 9, 1] ^= 1
    np.testing.assert_array_equal(read(save(tmp_path / "x.png", Pillow.fromarray(nearly), "PNG")), nearly)


@pytest.mark.parametrize("look", [probe, read])
def test_no_file(tmp_path: Path, look: object) -> None:
    with pytest.raises(InputError, match=r"^cannot read the image .*nope\.png: there is no such file") as caught:
        look(tmp_path / "nope.png")  # type: ignore[operator]
    assert caught.value.exit_code == 2
    with pytest.raises(InputError, match="it is a folder"):
        look(tmp_path)  # type: ignore[operator]


def test_error_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(UnreadableImageError(Path("a.png"), "the file is empty")))
    assert (error.path, error.reason) == (Path("a.png"), "the file is empty")


def test_gray_is_opencv_float_rounded() -> None:
    bgr = np.ascontiguousarray(RGB[..., ::-1]).astype(np.float32)
    np.testing.assert_array_equal(to_gray(RGB), np.round(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)))
    assert to_gray(RGB).dtype == np.float32
    np.testing.assert_array_equal(to_gray(np.dstack([GRAY] * 3)), GRAY)  # the weights sum to 1
    np.testing.assert_array_equal(to_gray(np.array([[0.5, 1.5, 2.5]])), [[0, 2, 2]])  # halves to even


@pytest.mark.parametrize("image", [GRAY, RGB], ids=["gray", "rgb"])
def test_gray_of_16_bit_is_scaled_and_of_float_is_on_0_to_255(image: np.ndarray) -> None:
    gray = to_gray(image)
    np.testing.assert_array_equal(to_gray(image.astype(np.uint16) * 257), gray)
    np.testing.assert_array_equal(to_gray(image.astype(np.float64)), gray)
    np.testing.assert_array_equal(to_gray(np.array([[0, 65535, 129 * 257 - 100]], np.uint16)), [[0, 255, 129]])


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.int64), np.zeros((4, 4, 4), np.uint8), np.zeros(4, np.uint8)])
def test_gray_refuses_what_is_no_image(image: np.ndarray) -> None:
    with pytest.raises(InputError):
        to_gray(image)


@pytest.mark.parametrize("image", [GRAY, RGB, DEEP, DEEP_RGB], ids=["g8", "c8", "g16", "c16"])
def test_write_and_read(tmp_path: Path, image: np.ndarray) -> None:
    path = tmp_path / "new" / "folder" / "x.png"
    write(path, image)
    np.testing.assert_array_equal(read(path), image)
    assert probe(path).format == "PNG"
    assert [file.name for file in path.parent.iterdir()] == ["x.png"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("image", [RGB.astype(float), np.zeros((3, 3, 4), np.uint8), np.zeros((0, 3), np.uint8)])
def test_write_refuses_what_is_no_image(tmp_path: Path, image: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"x\.png: an image is uint8 or uint16"):
        write(tmp_path / "x.png", image)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (errno.ENOSPC, RunError, "the disk is full; make room"),
        (errno.EIO, RunError, "input/output error"),
        (errno.EROFS, InputError, "read-only file system; choose a folder that can be written to"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[FusionBenchError], says: str, step: str
) -> None:
    path = tmp_path / "x.png"
    write(path, GRAY)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*((images.os, "fsync") if step == "fsync" else (Path, "replace")), fail)
    with pytest.raises(kind) as caught:
        write(path, RGB)
    monkeypatch.undo()
    assert str(path) in str(caught.value)
    assert says in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["x.png"]
    np.testing.assert_array_equal(read(path), GRAY)


def test_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="choose a folder that can be written to"):
        write(tmp_path / "file" / "x.png", GRAY)
    if os.getuid():  # root may write anywhere
        (tmp_path / "locked").mkdir(mode=0o500)
        with pytest.raises(InputError, match="permission denied; choose a folder"):
            write(tmp_path / "locked" / "x.png", GRAY)


def test_real_files_are_read_as_opencv_does(shared_data: Path) -> None:
    for folder in ("RoadScene/crop_LR_visible", "MSRS/test/vi", "VIFB/IR", "Harvard/MRI_PET/PET"):
        path = sorted((shared_data / folder).iterdir())[0]
        ours, theirs = read(path), cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(ours if ours.ndim == 3 else np.dstack([ours] * 3), theirs)
        assert (probe(path).height, probe(path).width) == theirs.shape[:2]
