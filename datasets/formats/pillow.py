"""Pillow's decoders: the judge of whether a file is whole, and the fall-back where OpenCV has no decoder."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import warnings
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from typing import IO, Any

import numpy as np

from .picture import DamagedError, Header, Image, TooLargeError, UnreadError, most_pixels, with_checked_size
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

    if only:
        Pillow.preinit()  # makes the usual plugins known
    else:
        Pillow.init()  # and all others; Pillow may be built without one
    if Pillow.MAX_IMAGE_PIXELS is not None:  # some plugins look at it; raised for the whole process, never lowered
        Pillow.MAX_IMAGE_PIXELS = max(Pillow.MAX_IMAGE_PIXELS, most_pixels())
    formats = [only] if only else _formats(file, suffix, Pillow.OPEN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd EXIF entries and very large pictures: neither is Pillow's to judge
        try:
            with _identify(file, formats) as picture:
                yield picture
        except (UnreadError, LookupError, MemoryError):
            raise
        except Pillow.DecompressionBombError as error:
            pixels = re.search(r"\d+", str(error))
            raise TooLargeError(int(pixels[0]) if pixels else most_pixels() + 1) from error
        except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error, ValueError ...
            raise DamagedError(error) from error


def _identify(file: IO[bytes], formats: Iterable[str]) -> Any:
    """Open as `PIL.Image.open` does, but leave it to `with_checked_size` to say which size is too large."""
    from PIL import Image as Pillow

    file.seek(0)
    start = file.read(16)
    for name in formats:
        make, accepts = Pillow.OPEN[name]
        with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):
            accepted = accepts is None or accepts(start)
            if accepted and not isinstance(accepted, str):  # a text says what Pillow lacks
                file.seek(0)
                return make(file, "")
    raise LookupError("no format is recognised")


def pillow_header(picture: Any, size_of_file: int) -> Header:
    """Describe an opened picture; see `with_checked_size`."""
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
        ),
        size_of_file,
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
        header = pillow_header(picture, len(data))
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
