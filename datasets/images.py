"""Image files: read by content, complete or not at all, and written whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, RunError, printable
from ..files import is_file, read_kept, write_bytes
from .formats import Header as Header
from .formats import Picture, UnreadError, decode, describe
from .h5pairs import H5Image, image_at
from .videos import Frame, frame_at

Image = NDArray[Any]

# The names under which images of each format lie about. They only tell an image from a `Thumbs.db`; the content tells
# the format.
EXTENSIONS_OF = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "TGA": (".tga",),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm", ".pam"),
    "PFM": (".pfm",),
}
EXTENSIONS = frozenset(extension for extensions in EXTENSIONS_OF.values() for extension in extensions)


class UnreadableImageError(InputError):
    """A file that is no complete image; `reason` says why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot read the image {printable(str(path))}: {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[UnreadableImageError], tuple[Path, str]]:
        return type(self), (self.path, self.reason)  # so that it comes back whole from a worker process


def is_image_name(path: Path) -> bool:
    """Whether a file is to be taken for an image: a usual extension, and not hidden (as the `._x.png` of macOS)."""
    return path.suffix.lower() in EXTENSIONS and not path.name.startswith(".")


def probe(path: str | Path) -> Header:
    """Read the header of an image file, and find out cheaply whether the file is complete.

    What it admits, `read_picture` reads: both follow one decision. Pixels are decoded only where neither the header
    nor the end of the file settles the question, so damage in the middle of a PNG or JPEG file is left to be found.

    Returns
    -------
    Header

    Raises
    ------
    InputError
        (`UnreadableImageError`) if the file is missing, empty, no image or truncated, or of a kind that is not read.
    """
    path = Path(path)
    if stored := _inside(path):
        with _saying_why_not(stored.file, path):
            return stored.header()
    with _saying_why_not(path), path.open("rb") as file:
        return describe(file, path.suffix.lower())


def read_picture(path: str | Path, alpha: bool = False) -> Picture:
    """Decode an image file, whatever its extension says, to the values that it holds.

    Pixels are those of OpenCV's decoders, which the field's codes use, wherever OpenCV reads what is stored; else
    Pillow's or tifffile's. Orientation (EXIF, TIFF) is applied, as `cv2.imread` does by default, in gray and in
    colour. Alpha is dropped, a palette looked up, the first of several pages taken. "White is zero" is turned round.

    Parameters
    ----------
    alpha : whether to decode the further channel, too.

    Raises
    ------
    InputError
        (`UnreadableImageError`) as `probe`, and if the pixels cannot be decoded, or hold NaN or infinity.
    """
    path = Path(path)
    if stored := _inside(path):
        with _saying_why_not(stored.file, path):
            return stored.picture()
    with _saying_why_not(path):
        return decode(read_kept(path), path.suffix.lower(), alpha)


def _inside(path: Path) -> H5Image | Frame | None:
    """Take the path of an image in a file of many apart; None where it is a file of its own."""
    return image_at(path) or frame_at(path)


def is_there(path: Path) -> bool:
    """Whether a path is that of a file, or of an image in an H5 file or a video; a pipe would be waited for."""
    return is_file(path) or _inside(path) is not None


def content_of(path: Path) -> bytes:
    """Return the bytes of an image file, the values of an image in an H5 file, or what stands for a frame of a video.

    Raises
    ------
    InputError
        It is gone.
    """
    if stored := _inside(path):
        return stored.content()
    if not is_file(path):
        raise InputError(f"{path} is no file any more")
    return read_kept(path)


def read(path: str | Path) -> Image:
    """Read an image file of up to 16 bits; see `read_picture`.

    Returns
    -------
    array
        uint8, or uint16 with white at 65535 (10 or 12 bits are brought there); (H, W) if the image is gray, also
        where the file stores three equal channels, else RGB (H, W, 3).

    Raises
    ------
    InputError
        (`UnreadableImageError`) as `read_picture`; or the values have no known range, as floating-point ones.
    """
    picture = read_picture(path)
    if picture.maximum is None:
        raise UnreadableImageError(
            Path(path), f"it has {picture.header.values} values, of no known range; save it with 8 or 16 bits"
        )
    if picture.maximum in (255, 65535):
        return picture.pixels
    return np.rint(picture.pixels * 65535.0 / picture.maximum).astype(np.uint16)


def to_gray(image: Image) -> NDArray[np.float32]:
    """Make the gray image that the field scores: OpenCV's BGR2GRAY in float32, rounded half to even.

    Parameters
    ----------
    image : (H, W) or RGB (H, W, 3); uint8, uint16 at full range (scaled to 0..255 first), or float in 0..255.

    Returns
    -------
    array
        (H, W) float32, whole numbers in 0..255.

    Raises
    ------
    InputError
        If the shape or the type is another one.

    Examples
    --------
    >>> to_gray(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    array([[ 76., 150.,  29.]], dtype=float32)
    """
    import cv2

    if image.dtype not in (np.uint8, np.uint16) and image.dtype.kind != "f":
        raise InputError(f"an image of type {image.dtype} has no known range; give uint8, uint16, or float in 0..255")
    values: Image = np.asarray(image, np.float32)
    if image.dtype == np.uint16:
        values = values / np.float32(257)
    if values.ndim == 3 and values.shape[2] == 3:
        # In the order B, G, R: the float32 sum depends on it, and with it the rounding of exact halves.
        values = cv2.cvtColor(np.ascontiguousarray(values[..., ::-1]), cv2.COLOR_BGR2GRAY)
    elif values.ndim != 2:
        raise InputError(f"an image has shape (H, W) or (H, W, 3), not {image.shape}")
    return np.asarray(np.round(values), np.float32)


def write(path: str | Path, image: Image, *, durable: bool = True) -> bytes:
    """Write a PNG file, so that a reader sees the whole file or none.

    The folder is made if need be. The bytes go to a temporary file beside it, which then takes the name.

    Parameters
    ----------
    path : the file; PNG is written whatever its extension.
    image : uint8 or uint16, (H, W) or RGB (H, W, 3).
    durable : whether it has to be on the disk when this returns; see `files.flush` for many images.

    Returns
    -------
    bytes
        What is in the file.

    Raises
    ------
    InputError
        If the folder cannot be made or written to, or the array is no such image.
    RunError
        If the disk is full, or writing fails otherwise. No half-written file is left.
    """
    import cv2

    path = Path(path)
    shape_fits = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if image.dtype not in (np.uint8, np.uint16) or not shape_fits or not image.size:
        what = f"{image.dtype} {image.shape}"
        raise InputError(f"cannot write {path}: an image is uint8 or uint16, (H, W) or (H, W, 3), not {what}")
    done, data = cv2.imencode(".png", image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise RunError(f"cannot write {path}: OpenCV did not encode an array of shape {image.shape} as PNG")
    content: bytes = data.tobytes()
    write_bytes(path, content, durable=durable)
    return content


@contextlib.contextmanager
def _saying_why_not(path: Path, name: Path | None = None) -> Iterator[None]:
    """Say in a sentence why a file, or the image of this name in it, cannot be read.

    A pipe is not opened, as it would wait for somebody to write; nor what says that it is empty, as do the endless
    files of the system.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise UnreadableImageError(path, "it is no file, but a pipe, a socket or a device")
        if not status.st_size and stat.S_ISREG(status.st_mode):
            raise UnreadableImageError(path, "the file is empty")
        yield
    except MemoryError as error:
        raise UnreadableImageError(path, "there is not enough memory to read it") from error
    except OSError as error:
        raise UnreadableImageError(path, _os_reason(error)) from error
    except UnreadError as error:
        raise UnreadableImageError(name or path, str(error)) from error


def _os_reason(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "there is no such file"
    if error.errno == errno.EISDIR:
        return "it is a folder"
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
