"""JPEG 2000: how many bits its values have, which Pillow does not tell."""

from __future__ import annotations

from dataclasses import replace

from .picture import Header, UnreadError

_START = b"\xff\x4f\xff\x51"  # of a code stream, and of the segment in which the depths stand


def with_depth(header: Header, data: bytes) -> Header:
    """Return the header with the bits that the code stream says; that of another format as it is.

    Raises
    ------
    UnreadError
        The values have a sign, or more than 16 bits.
    """
    start = data.find(_START)
    if header.format != "JPEG2000" or start < 0 or len(data) < start + 43:
        return header
    count = int.from_bytes(data[start + 40 : start + 42], "big")
    depths = data[start + 42 : start + 42 + 3 * min(count, 3) : 3]
    bits = max((depth & 0x7F) + 1 for depth in depths)
    if bits > 16 or any(depth & 0x80 for depth in depths):
        raise UnreadError(f"JPEG 2000 of {bits} bits, or with a sign, is not read; save it with 8 or 16 bits")
    return replace(header, bits=bits)
