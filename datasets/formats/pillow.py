"""Pillow's decoders: the judge of whether a file is whole, and the fall-back where OpenCV has no decoder."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Container, Iterator
from dataclasses import replace
from typing import IO, Any

import numpy as np

from .picture import DamagedError, Header, Image, UnreadError, with_checked_size
from .png import orientation_of

# What is opened; never what would start other programs (EPS), or takes nearly any bytes for a picture.
_FORMATS = ("JPEG", "BMP", "DIB", "GIF", "WEBP", "JPEG2000", "AVIF", "TIFF", "PNG", "PCX", "SGI", "QOI")
_TGA_END = b"TRUEVISION-XFILE.\x00"
_SINGLE = ("1", "L", "LA", "La", "I", "F")
_DEPTHS = {"1": 1, "I": 32, "F": 32}
_CODE_STREAM = b"\xff\x4f\xff\x51"  # the start of JPEG 2000's, and of the segment in which the depths stand


@contextlib.contextmanager
def open_picture(file: IO[bytes], suffix: str = "", only: str = "") -> Iterator[Any]:
    """Open a picture with Pillow.

    Parameters
    ----------
    suffix : of the file's name. It counts for TGA alone, whose older files begin with nothing that marks them.
    only : the one format that it can be.

    Raises
    ------
    DamagedError, UnreadError
        It cannot be opened; or whatever Pillow raises meanwhile.
    LookupError
        No format is recognised.
    """
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    if not only:
        Pillow.init()  # makes the plugins known; Pillow may be built without one
    formats = [only] if only else _formats(file, suffix, Pillow.OPEN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd EXIF entries and very large pictures: neither is ours to judge
        try:
            with Pillow.open(file, formats=formats) as picture:
                yield picture
        except (UnreadError, LookupError):
            raise
        except UnidentifiedImageError as error:
            raise LookupError from error
        except Pillow.DecompressionBombError as error:
            raise UnreadError(f"its header claims very many pixels: it is damaged, or too large ({error})") from error
        except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error, ValueError ...
            raise DamagedError(error) from error


def pillow_header(picture: Any) -> Header:
    """Describe an opened picture."""
    mode = str(picture.mode)
    width, height = picture.size
    orientation = orientation_of(picture.info["exif"]) if "exif" in picture.info else 1
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    deep = mode.startswith("I;16")
    return with_checked_size(
        Header(
            height, width, 1 if mode in _SINGLE or deep else 3, 16 if deep else _DEPTHS.get(mode, 8),
            {"MPO": "JPEG", "DIB": "BMP"}.get(picture.format, str(picture.format)),
            "float" if mode == "F" else "int" if mode == "I" else "uint",
            mode in ("LA", "La", "PA", "RGBA", "RGBa"), _pages(picture), orientation,
        )
    )  # fmt: skip


def with_depth(header: Header, data: bytes) -> Header:
    """Return the header with the bits that a code stream of JPEG 2000 says, which Pillow does not tell.

    Raises
    ------
    UnreadError
        The values have a sign, or more than 16 bits.
    """
    start = data.find(_CODE_STREAM)
    if header.format != "JPEG2000" or start < 0 or len(data) < start + 43:
        return header
    count = int.from_bytes(data[start + 40 : start + 42], "big")
    depths = data[start + 42 : start + 42 + 3 * min(count, 3) : 3]
    bits = max((depth & 0x7F) + 1 for depth in depths)
    if bits > 16 or any(depth & 0x80 for depth in depths):
        raise UnreadError(f"JPEG 2000 of {bits} bits, or with a sign, is not read; save it with 8 or 16 bits")
    return replace(header, bits=bits)


def pillow_pixels(picture: Any) -> tuple[Image, Image | None]:
    """Decode an opened picture: (H, W) or RGB (H, W, 3), unturned, and its alpha where it has any."""
    mode = str(picture.mode)
    if mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        straight = picture.convert({"La": "LA", "RGBa": "RGBA"}.get(mode, mode))
        colours = straight.convert("L" if mode in ("LA", "La") else "RGB")
        return np.asarray(colours), np.asarray(straight.getchannel("A"))
    if mode == "1":
        return np.asarray(picture.convert("L")), None
    if mode in ("L", "RGB", "I", "F") or mode.startswith("I;16"):
        pixels = np.asarray(picture)
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False), None
    return np.asarray(picture.convert("RGB")), None


def decode_with_pillow(data: bytes, suffix: str = "") -> tuple[Header, Image, Image | None]:
    """Open and decode with Pillow alone."""
    with open_picture(io.BytesIO(data), suffix) as picture:
        header = pillow_header(picture)
        picture.seek(0)
        picture.load()
        return header, *pillow_pixels(picture)


def _pages(picture: Any) -> int:
    try:
        return int(getattr(picture, "n_frames", 1)) if picture.format != "MPO" else 1
    except Exception:  # a later page is damaged: the first may still be whole
        return 2


def _formats(file: IO[bytes], suffix: str, known: Container[str]) -> list[str]:
    tried = (*_FORMATS, "TGA") if suffix == ".tga" or _ends_as_tga(file) else _FORMATS
    return [name for name in tried if name in known]


def _ends_as_tga(file: IO[bytes]) -> bool:
    file.seek(0, io.SEEK_END)
    file.seek(max(file.tell() - len(_TGA_END), 0))
    end = file.read()
    file.seek(0)
    return end == _TGA_END
