"""The header of a PNG file, and whether it is whole, without decoding its pixels."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import IO

from .picture import DamagedError, Header, with_checked_size

MAGIC = b"\x89PNG\r\n\x1a\n"
_END, _TAIL = b"\x00\x00\x00\x00IEND\xaeB`\x82", 1 << 16
_INFLATED = 1032  # no deflate stream grows by more than that
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type: gray, RGB, palette, gray with alpha, RGB with alpha
# Where the seven passes of an interlaced picture begin, and their steps: column, row, step of columns, step of rows.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_BLOCK = 1 << 16


def png_header(file: IO[bytes]) -> Header:
    """Read the header; the file is read from its start.

    Raises
    ------
    DamagedError
        A chunk is missing or cut off, or there are fewer data than any picture of this size has.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL, 0))
    tail = file.read()
    whole = tail.endswith(_END)
    if size <= _TAIL:  # all of it is there
        file = io.BytesIO(tail)
    file.seek(len(MAGIC))
    start, exif, frames, data = b"", 1, 1, 0
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise DamagedError
        length, name = struct.unpack(">I4s", head)
        if file.tell() + length + 4 > size:
            raise DamagedError
        if name == b"IEND":
            break
        content = file.read(length) if name in (b"IHDR", b"eXIf", b"acTL") else b""
        if name == b"IHDR":
            start = content
        elif name == b"eXIf":
            exif = orientation_of(content)
        elif name == b"acTL" and len(content) == 8:
            frames = struct.unpack(">I", content[:4])[0]
        elif name == b"IDAT" and whole:  # there may be hundreds of these; what follows them is in the tail
            data = size - file.tell()
            before, name_of_chunk, late = tail.rpartition(b"eXIf")
            exif = orientation_of(late[: int.from_bytes(before[-4:], "big")]) if name_of_chunk and exif == 1 else exif
            break
        elif name == b"IDAT":
            data += length
        file.seek(length - len(content) + 4, os.SEEK_CUR)
    return _header(start, data, exif, frames)


def _header(start: bytes, data: int, orientation: int, frames: int) -> Header:
    header, least = _said(start, orientation, frames)
    with_checked_size(header)
    if least > data * _INFLATED:
        raise DamagedError(f"it holds {data} bytes of data for {header.height}x{header.width} pixels")
    return header


@lru_cache(maxsize=1024)  # most files of a folder say the same
def _said(start: bytes, orientation: int, frames: int) -> tuple[Header, int]:
    """Make the header, and say how many bytes its pixels have."""
    if len(start) != 13:
        raise DamagedError
    width, height, bits, colour = struct.unpack(">IIBB", start[:10])
    if colour not in _SAMPLES or bits not in (1, 2, 4, 8, 16):
        raise DamagedError(f"it has {bits} bits of colour type {colour}")
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    channels = 3 if colour in (2, 3, 6) else 1
    header = Header(height, width, channels, bits, "PNG", "uint", colour in (4, 6), max(frames, 1), orientation)
    return header, width * height * bits * _SAMPLES[colour] // 8


def has_all_rows(data: bytes) -> bool:
    """Whether the packed pixels of a PNG file, once they are inflated, suffice for all of its rows.

    It takes about as long as to decode the file, so it is asked only where OpenCV has refused one. (Pillow would leave
    the rows that are lacking black, and say nothing.)
    """
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    needed = 0
    for left, top, across, down in passes:
        columns, rows = -((left - width) // across), -((top - height) // down)
        needed += rows * (1 + (columns * bits * _SAMPLES[colour] + 7) // 8) if columns > 0 else 0
    stream = zlib.decompressobj()
    try:
        for packed in _packed_pixels(data):
            while packed and needed > 0:
                needed -= len(stream.decompress(packed, _BLOCK))
                packed = stream.unconsumed_tail
    except zlib.error:
        return False
    return needed <= 0


def _packed_pixels(data: bytes) -> Iterator[bytes]:
    place = len(MAGIC)
    while place + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        if name == b"IDAT":
            yield data[place + 8 : place + 8 + length]
        place += 12 + length


def orientation_of(exif: bytes) -> int:
    """Read the orientation out of a block of EXIF; 1 where it says nothing that is of use."""
    from PIL import Image as Pillow

    try:
        entries = Pillow.Exif()
        entries.load(exif)
        orientation = int(entries.get(0x0112, 1))
    except Exception:  # Pillow raises whatever a damaged block makes it stumble over
        return 1
    return orientation if 1 <= orientation <= 8 else 1
