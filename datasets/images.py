"""Reading and writing of image files: by content, complete or not at all."""

from __future__ import annotations

import errno
import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, RunError
from ..files import write_bytes

Image = NDArray[Any]

# The names under which images lie about. They only tell an image from a `Thumbs.db`; the content tells the format.
EXTENSIONS = frozenset(
    f".{name}"
    for name in (
        "png",
        "jpg",
        "jpeg",
        "jpe",
        "jfif",
        "bmp",
        "dib",
        "tif",
        "tiff",
        "webp",
        "jp2",
        "gif",
        "pgm",
        "ppm",
        "pnm",
    )
)
# Every intact file of these formats ends so; anything else is decoded to find out (an intact file may have a tail).
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_ENDINGS = (b"\xff\xd9", _PNG_END)
_DEPTH = {"1": 1, "I": 32, "F": 32}  # bits per channel of Pillow's modes; every other one has 8, or says so itself


class UnreadableImageError(InputError):
    """A file that is no complete image; `reason` says why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot read the image {path}: {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[UnreadableImageError], tuple[Path, str]]:
        return type(self), (self.path, self.reason)  # so that it comes back whole from a worker process


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image file say.

    Attributes
    ----------
    height, width : in pixels, as `read` returns them (EXIF orientation applied).
    channels : colour channels in the file, 1 or 3 (alpha is not counted, a palette counts as 3). An RGB file may
        still be gray: only its pixels tell.
    bits : per channel: 1, 2, 4, 8 or 16.
    format : "PNG", "JPEG", "TIFF", ...
    """

    height: int
    width: int
    channels: int
    bits: int
    format: str


def is_image_name(path: Path) -> bool:
    """Whether a file is to be taken for an image: a usual extension, and not hidden (as the `._x.png` of macOS)."""
    return path.suffix.lower() in EXTENSIONS and not path.name.startswith(".")


def probe(path: str | Path) -> Header:
    """Read the header of an image file, and find out cheaply whether the file is complete.

    Pixels are decoded only where neither the header nor the end of the file settles the question.

    Returns
    -------
    Header

    Raises
    ------
    InputError
        (`UnreadableImageError`) if the file is missing, empty, no image or truncated, or its values have not 8 or 16
        bits.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _header(path, file)
    except OSError as error:
        raise UnreadableImageError(path, _os_reason(error)) from error


def read(path: str | Path) -> Image:
    """Read an image file, whatever its extension says.

    Pixels are those of OpenCV's decoders, which the field's codes use. EXIF orientation is applied, as
    `cv2.imread` does by default, in gray and in colour. Alpha is dropped, a palette looked up.

    Returns
    -------
    array
        uint8 or uint16; (H, W) if the image is gray, also where the file stores three equal channels,
        else RGB (H, W, 3).

    Raises
    ------
    InputError
        (`UnreadableImageError`) as `probe`, and if the pixels cannot be decoded.
    """
    import cv2

    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(path, _os_reason(error)) from error
    header = _header(path, io.BytesIO(data))
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        image = None
    if image is None:
        raise UnreadableImageError(
            path, f"the {header.format} data are damaged, or of a kind that OpenCV does not decode"
        )
    if image.dtype not in (np.uint8, np.uint16):
        raise UnreadableImageError(path, f"its values are {image.dtype}; save it with 8 or 16 bits per channel")
    if image.ndim == 2:
        return np.asarray(image)
    blue, green, red = cv2.split(image)
    if np.array_equal(blue, green) and np.array_equal(blue, red):
        return np.asarray(blue)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


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


def write(path: str | Path, image: Image) -> None:
    """Write a PNG file, so that a reader sees the whole file or none.

    The folder is made if need be. The bytes go to a temporary file beside it, which then takes the name.

    Parameters
    ----------
    path : the file; PNG is written whatever its extension.
    image : uint8 or uint16, (H, W) or RGB (H, W, 3).

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
    write_bytes(path, data.tobytes())


def _header(path: Path, file: IO[bytes]) -> Header:
    """Read the header, and decode the whole file where its end is not the usual one."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    start = file.read(26)
    if not start:
        raise UnreadableImageError(path, "the file is empty")
    file.seek(0, os.SEEK_END)
    file.seek(max(file.tell() - 12, 0))
    whole = file.read().endswith(_ENDINGS)
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd EXIF entries and very large pictures: neither is ours to judge
        try:
            with Pillow.open(file) as picture:
                header = _describe(picture, start)
                if not whole:
                    picture.load()
                    file.seek(0)
                    if header.format == "PNG" and _PNG_END not in file.read():  # Pillow does without, OpenCV does not
                        raise OSError("the end is missing")
        except UnidentifiedImageError as error:
            raise UnreadableImageError(path, _no_image(start)) from error
        except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error, ValueError ...
            raise UnreadableImageError(path, f"the file is truncated or damaged ({error})") from error
    if header.bits > 16:
        raise UnreadableImageError(path, f"it has {header.bits} bits per channel; save it with 8 or 16")
    return header


def _describe(picture: Any, start: bytes) -> Header:
    width, height = picture.size
    # Pillow would decode a PNG without EXIF to make sure that there is none at its end.
    exif = picture.getexif() if picture.format != "PNG" or "exif" in picture.info else {}
    if exif.get(0x0112, 1) in (5, 6, 7, 8):  # the four orientations that lie on their side
        width, height = height, width
    mode = str(picture.mode)
    channels = 1 if mode in ("1", "L", "LA", "La", "I", "F") or mode.startswith("I;16") else 3
    bits = 16 if "16" in mode else _DEPTH.get(mode, 8)
    if picture.format == "PNG":
        bits = start[24]  # IHDR: Pillow opens 16-bit RGB as if it had 8 bits, and 2 or 4 bits as 8
    elif picture.format == "TIFF":
        bits = max(picture.tag_v2.get(258, (bits,)))
    return Header(height, width, channels, bits, str(picture.format))


def _no_image(start: bytes) -> str:
    known = start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM", b"RIFF"))
    if known:
        return "the file is truncated or damaged"
    printable = sum(byte in b"\t\n\r\f" or byte >= 32 for byte in start)
    return "it is text, not an image" if printable == len(start) else "it is not an image of a known format"


def _os_reason(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "there is no such file"
    if error.errno == errno.EISDIR:
        return "it is a folder"
    return (error.strerror or str(error)).lower()
