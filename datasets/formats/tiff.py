"""TIFF: what its tags say decides who decodes it, as no library reads all of it rightly.

OpenCV's pixels are taken wherever it reads what is stored. It does not where it would multiply the colours by alpha,
reads separate planes of 16 bit into each other, or leaves "white is zero" as it stands.
"""

from __future__ import annotations

import contextlib
import io
import logging
from typing import Any

import numpy as np

from .opencv import opencv_pixels
from .picture import (
    DamagedError,
    Header,
    Image,
    Kind,
    Picture,
    UnreadError,
    make_picture,
    turn_upright,
    with_checked_size,
)

MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_WHITE_IS_ZERO, _GRAY, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 4, 5, 6, 8
_SINGLE = (_WHITE_IS_ZERO, _GRAY, _MASK)
_KINDS: dict[int, Kind] = {1: "uint", 2: "int", 3: "float", 4: "uint"}


def read_tiff(data: bytes) -> Picture:
    """Decode the first page of a TIFF file."""
    tifffile = _tifffile()
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages.first
            header = _header(file, page)
            _check_whole(page, header, len(data))
            pixels, alpha = _pixels(data, page, header)
    except (UnreadError, MemoryError):
        raise
    except Exception as error:  # tifffile raises whatever a damaged file makes it stumble over
        raise DamagedError(error) from error
    known = header.kind == "uint" and header.bits <= 16
    return make_picture(header, pixels, max(2**header.bits - 1, 255) if known else None, alpha)


def _header(file: Any, page: Any) -> Header:
    depths, photometric = page.bitspersample, int(page.photometric or 0)
    bits = int(depths if isinstance(depths, int) else max(depths))
    kind = _KINDS.get(int(page.sampleformat or 1))
    colours = 1 if photometric in (*_SINGLE, _PALETTE) else 4 if photometric == _CMYK else 3
    extra = int(page.samplesperpixel) - colours
    if photometric not in (*_SINGLE, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB) or kind is None:
        raise UnreadError(
            f"its colours are not read (photometric interpretation {photometric}); save it as gray or RGB"
        )
    if extra < 0 or extra > 1 or page.imagedepth > 1:
        raise UnreadError(f"it has {page.samplesperpixel} channels; an image has 1 or 3, and alpha")
    if colours != 1 and photometric != _RGB and (bits > 8 or kind != "uint"):
        raise UnreadError(f"colours of {bits} bits are read as RGB alone; save it as RGB")
    orientation = page.tags.valueof(274, 1)
    orientation = int(orientation) if orientation in range(1, 9) else 1
    height, width = int(page.imagelength), int(page.imagewidth)
    if orientation in (5, 6, 7, 8):
        height, width = width, height
    channels = 1 if photometric in _SINGLE else 3
    return with_checked_size(Header(height, width, channels, bits, "TIFF", kind, extra == 1, _pages(file), orientation))


def _pages(file: Any) -> int:
    """Count the pages, without those that are smaller copies of another."""
    try:
        offsets, count = set[int](), 0
        for page in file.pages:
            if page.offset in offsets:  # a damaged chain leads back to where it was, without end
                break
            offsets.add(page.offset)
            count += not page.subfiletype & 1
        return max(count, 1)
    except Exception:  # a later page is damaged: the first may still be whole
        return 2


def _check_whole(page: Any, header: Header, size: int) -> None:
    ends = [offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > size:
        raise DamagedError(f"its data go on to byte {max(ends, default=0)}, it ends at {size}")
    if int(page.photometric) == _PALETTE and np.shape(page.colormap) != (3, 2**header.bits):
        raise DamagedError("its palette is missing")
    have, values = sum(page.databytecounts), header.height * header.width * int(page.samplesperpixel)
    if int(page.compression) == 1 and int(page.photometric) != _YCBCR and have < values * header.bits // 8:
        raise DamagedError(f"it holds {have} bytes of data for {values} values")


def _pixels(data: bytes, page: Any, header: Header) -> tuple[Image, Image | None]:
    """Ask the decoders in turn; the first whose answer is what the tags say counts."""
    plain = opencv_pixels(data) if _is_read_by_opencv(page, header) else None
    if plain is not None and not _fits(plain, header):
        plain = None
    if plain is not None and not header.alpha:
        return _unshifted(plain, header.bits), None
    for read in (_by_tifffile, _by_pillow):
        with contextlib.suppress(Exception):  # tifffile lacks some compressions, Pillow some types
            pixels, alpha = read(data, page, header)
            if _fits(pixels, header):
                return pixels if plain is None else plain, alpha
    if plain is not None:
        return plain, None
    raise DamagedError(f"or of a kind that is not read: {header.values}, compression {int(page.compression)}")


def _is_read_by_opencv(page: Any, header: Header) -> bool:
    unassociated = header.alpha and tuple(page.extrasamples or ()) == (2,)
    if header.bits <= 8 and header.kind == "uint":
        return not (unassociated and header.channels == 3)  # it would multiply the colours by alpha
    return not (
        int(page.photometric) == _WHITE_IS_ZERO
        or (header.channels == 3 and int(page.planarconfig) == 2)
        or (header.alpha and header.channels == 1)
    )


def _fits(pixels: Image, header: Header) -> bool:
    """Whether decoded pixels are of the size and type that the tags tell."""
    bits = next(size for size in (8, 16, 32, 64) if header.bits <= size)
    kind = {"u": "uint", "i": "int", "f": "float"}.get(pixels.dtype.kind)
    return (
        pixels.shape[:2] == (header.height, header.width)
        and pixels.ndim in (2, 3)
        and (kind, 8 * pixels.dtype.itemsize) == (header.kind, bits)
    )


def _unshifted(pixels: Image, bits: int) -> Image:
    """Return values of 10, 12 or 14 bits as they are stored; OpenCV gives them at the upper end of 16."""
    if not 8 < bits < 16:
        return pixels
    low = np.uint16((1 << (16 - bits)) - 1)
    return pixels if (pixels & low).any() or pixels.max() < 1 << bits else pixels >> (16 - bits)


def _by_tifffile(data: bytes, page: Any, header: Header) -> tuple[Image, Image | None]:
    stored = np.asarray(page.asarray())
    if int(page.planarconfig) == 2 and stored.ndim == 3:
        stored = np.moveaxis(stored, 0, -1)
    stored = stored.reshape(*stored.shape[:2], -1) if stored.ndim > 1 else stored
    colours = header.channels if int(page.photometric) != _PALETTE else 1
    alpha = turn_upright(stored[..., -1], header.orientation) if header.alpha else None
    return turn_upright(_as_gray_or_rgb(stored[..., :colours], page, header), header.orientation), alpha


def _as_gray_or_rgb(stored: Image, page: Any, header: Header) -> Image:
    photometric = int(page.photometric)
    if photometric == _PALETTE:
        return np.moveaxis((page.colormap >> 8).astype(np.uint8)[:, stored[..., 0]], 0, -1)
    if photometric not in (*_SINGLE, _RGB):
        raise UnreadError("its colours need another decoder")
    values = stored[..., 0] if header.channels == 1 else stored
    if header.kind == "uint" and header.bits < 8:
        values = (values * np.uint8(255 // (2**header.bits - 1))).astype(np.uint8)
    return _upright(values, photometric, header)


def _upright(values: Image, photometric: int, header: Header) -> Image:
    """Turn "white is zero" round."""
    if photometric != _WHITE_IS_ZERO or header.kind != "uint":
        return values
    top = 255 if header.bits <= 8 else 2**header.bits - 1
    return np.asarray(values.dtype.type(top) - values)


def _by_pillow(data: bytes, page: Any, header: Header) -> tuple[Image, Image | None]:
    """Pillow turns the image upright itself; 8 bit of "white is zero", too, but not 16."""
    from .pillow import decode_with_pillow

    _, pixels, alpha = decode_with_pillow(data)
    if header.bits == 32 and header.kind == "uint" and pixels.dtype == np.int32:
        pixels = pixels.view(np.uint32)
    elif header.bits == 16 and header.kind == "int" and pixels.dtype == np.int32:
        pixels = pixels.astype(np.int16)
    if header.bits > 8:
        pixels = _upright(pixels, int(page.photometric), header)
    return pixels, alpha


def _tifffile() -> Any:
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # what it would log becomes a sentence here
    return tifffile
