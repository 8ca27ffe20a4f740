"""The one decision about a file: what it is, and who decodes it. `describe` and `decode` both follow it."""

from __future__ import annotations

import codecs
import io
import os
from typing import IO

from . import netpbm, png, tiff
from .opencv import opencv_alpha, opencv_pixels
from .picture import DamagedError, Header, Image, Picture, UnreadError, make_picture, turn_upright
from .pillow import decode_with_pillow, open_picture, pillow_header, pillow_pixels, with_depth

_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_BY_OPENCV = ("PNG", "JPEG", "BMP", "WEBP", "JPEG2000")  # whatever else this OpenCV reads, Pillow does on every machine
_STARTS = (b"\x89PNG", _JPEG, *tiff.MAGIC, b"GIF8")


def describe(file: IO[bytes], suffix: str = "") -> Header:
    """Read the header of an open file, and find out whether the file is whole.

    PNG and JPEG files that end as they should are not decoded for that; any other file is, as nothing else tells.

    Parameters
    ----------
    suffix : of the file's name, in small letters.

    Raises
    ------
    UnreadError
        `decode` would not read it either.
    """
    start = file.read(32)
    if start.startswith(png.MAGIC):
        return png.png_header(file)
    if start.startswith(_JPEG):
        return _jpeg_header(file)
    file.seek(0)
    return decode(file.read(), suffix).header


def decode(data: bytes, suffix: str = "", alpha: bool = False) -> Picture:
    """Decode a file.

    Parameters
    ----------
    suffix : of the file's name, in small letters.
    alpha : whether to give the further channel, too.

    Raises
    ------
    UnreadError
        It is no image, not whole, or of a kind that nothing here decodes.
    """
    if not data:
        raise UnreadError("the file is empty")
    if data.startswith(png.MAGIC):
        return _with_opencv(data, png.png_header(io.BytesIO(data)), alpha)
    if data.startswith(tiff.MAGIC):
        return tiff.read_tiff(data)
    if netpbm.MAGIC.match(data):
        return netpbm.read_netpbm(data)
    if data.startswith(_JPEG):
        return _with_opencv(data, _jpeg_header(io.BytesIO(data)), alpha)
    return _with_pillow(data, suffix, alpha)


def _jpeg_header(file: IO[bytes]) -> Header:
    size = file.seek(-2, os.SEEK_END) + 2
    whole = file.read() == _JPEG_END
    file.seek(0)
    try:
        with open_picture(file, only="JPEG") as picture:
            header = pillow_header(picture, size)
            if not whole:
                picture.load()  # there may be a tail behind the end
    except LookupError as error:
        raise DamagedError from error
    return header


def _with_opencv(data: bytes, header: Header, alpha: bool) -> Picture:
    """Decode with OpenCV, and with Pillow where OpenCV does not."""
    pixels = opencv_pixels(data)
    if pixels is None or not _fits(pixels, header):
        refusal = UnreadError(f"the {header.format} data are damaged, or of a kind that is not decoded")
        if header.format == "PNG" and not png.has_all_rows(data):
            raise refusal
        try:
            _, pixels, _ = decode_with_pillow(data)
        except (UnreadError, LookupError) as error:
            raise refusal from error
        if not _fits(pixels, header):
            raise refusal
    return _turned(header, pixels, _alpha(data) if alpha and header.alpha else None)


def _with_pillow(data: bytes, suffix: str, alpha: bool) -> Picture:
    """Let Pillow find out whether the file is whole, and OpenCV decode it where the field would see its pixels."""
    try:
        with open_picture(io.BytesIO(data), suffix) as picture:
            header = with_depth(pillow_header(picture, len(data)), data)
            picture.seek(0)
            picture.load()
            pixels = opencv_pixels(data) if header.format in _BY_OPENCV else None
            own = pillow_pixels(picture) if pixels is None or not _fits(pixels, header) else None
    except LookupError as error:
        raise UnreadError(no_image(data[:512])) from error
    return _turned(header, pixels if own is None else own[0], _alpha(data, suffix) if alpha and header.alpha else None)  # type: ignore[arg-type]


def _turned(header: Header, pixels: Image, alpha: Image | None) -> Picture:
    if header.orientation != 1:
        pixels = turn_upright(pixels, header.orientation)
        alpha = None if alpha is None else turn_upright(alpha, header.orientation)
    return make_picture(header, pixels, 255 if header.bits <= 8 else 2**header.bits - 1, alpha)


def _fits(pixels: Image, header: Header) -> bool:
    size = (header.height, header.width)
    turned = size[::-1] if header.orientation in (5, 6, 7, 8) else size
    return pixels.shape[:2] == turned and pixels.dtype.itemsize == (2 if header.bits > 8 else 1)


def _alpha(data: bytes, suffix: str = "") -> Image | None:
    plane = opencv_alpha(data)
    return plane if plane is not None else decode_with_pillow(data, suffix)[2]


def no_image(start: bytes) -> str:
    """Say of the first bytes of a file what it is, as no image."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS, not the image: fetch the files with git lfs pull"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return "it is a web page (HTML or XML), not an image: it was not downloaded rightly"
    if start.startswith(_STARTS) or start[8:12] == b"WEBP" or start[4:12] in (b"ftypavif", b"jP  \r\n\x87\n"):
        return "the file is truncated or damaged"
    if _is_text(start):
        return "it is text, not an image"
    return "the file is truncated or damaged" if start.startswith(b"BM") else "it is not an image of a known format"


def _is_text(start: bytes) -> bool:
    """Whether bytes are the beginning of a text in UTF-8."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return bool(text) and all(letter in "\t\n\r\f" or letter >= " " for letter in text)
