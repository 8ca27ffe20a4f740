"""Netpbm files: PBM, PGM, PPM, PAM and PFM, whose largest value stands in their header.

Libraries disagree about these: whether 0..100 is stretched, which channel of a PAM file is red, what 12 bits are.
The format is simple enough to be read as its pages define it: https://netpbm.sourceforge.net/doc/
"""

from __future__ import annotations

import re

import numpy as np

from .picture import DamagedError, Header, Image, Picture, UnreadError, make_picture, turn_upright, with_checked_size

MAGIC = re.compile(rb"P(?:[1-6fF][\s#]|7\n)")
_GAP = rb"(?:\s|#[^\n]*\n)+"
_NUMBER = rb"(\d{1,18})(?!\d)"  # Python refuses to read some thousand digits
_PLAIN = re.compile(rb"P([1-6])" + (_GAP + _NUMBER) * 2)
_MAXIMUM = re.compile(_GAP + _NUMBER)
_FLOAT = re.compile(rb"P([fF])\s+" + _NUMBER + rb"\s+" + _NUMBER + rb"\s+([-+.\deE]+)\s")


def read_netpbm(data: bytes) -> Picture:
    """Decode a Netpbm file; the first picture, where there are several."""
    if data[1:2] in b"fF":
        return _floats(data)
    if data[1:2] == b"7":
        return _pam(data)
    match = _PLAIN.match(data)
    if match is None:
        raise DamagedError("its header is not whole")
    number, width, height = (int(group) for group in match.groups())
    end, maximum = match.end(), 1
    if number not in (1, 4):
        most = _MAXIMUM.match(data, end)
        if most is None:
            raise DamagedError("its header is not whole")
        end, maximum = most.end(), int(most[1])
    shape = (height, width, 3 if number in (3, 6) else 1)
    _header(shape, maximum)
    if number == 1:
        values = _bits_of_text(data[end:], height * width)
    elif number in (2, 3):
        values = _numbers(data[end:], height * width * shape[2])
    elif number == 4:
        rows = _raw(data, end + 1, height * ((width + 7) // 8), np.dtype("u1")).reshape(height, -1)
        values = 1 - np.unpackbits(rows, axis=1)[:, :width]  # 1 is black there
    else:
        values = _raw(data, end + 1, height * width * shape[2], _type(maximum))
    return _picture(values.reshape(shape), maximum)


def _pam(data: bytes) -> Picture:
    head, marker, _ = data.partition(b"\nENDHDR\n")
    lines = [line.split(None, 1) for line in head.splitlines()[1:] if not line.startswith(b"#")]
    fields = {line[0]: line[1] for line in lines if len(line) == 2}
    try:
        height, width, depth, maximum = (int(fields[key]) for key in (b"HEIGHT", b"WIDTH", b"DEPTH", b"MAXVAL"))
    except (KeyError, ValueError) as error:
        raise DamagedError("its header is not whole") from error
    if not marker:
        raise DamagedError("its header is not whole")
    if depth not in (1, 2, 3, 4):
        raise UnreadError(f"it has {depth} channels; an image has 1 or 3, and alpha")
    _header((height, width, depth), maximum)
    values = _raw(data, len(head) + len(marker), height * width * depth, _type(maximum))
    return _picture(values.reshape(height, width, depth), maximum)


def _floats(data: bytes) -> Picture:
    match = _FLOAT.match(data)
    if match is None:
        raise DamagedError("its header is not whole")
    width, height, channels = int(match[2]), int(match[3]), 3 if match[1] == b"F" else 1
    header = with_checked_size(Header(height, width, channels, 32, "PFM", "float"))
    order = np.dtype("<f4" if match[4].startswith(b"-") else ">f4")
    values = _raw(data, match.end(), height * width * channels, order).reshape(height, width, channels)
    values = turn_upright(values.astype(np.float32), 4)  # its rows go from the bottom to the top
    return make_picture(header, values[..., 0] if channels == 1 else values, None)


def _header(shape: tuple[int, int, int], maximum: int) -> Header:
    if not 1 <= maximum <= 65535:
        raise DamagedError(f"its largest value is {maximum}")
    height, width, depth = shape
    channels, bits = (1 if depth < 3 else 3), max(maximum.bit_length(), 1)
    return with_checked_size(Header(height, width, channels, bits, "PPM", alpha=depth in (2, 4)))


def _picture(values: Image, maximum: int) -> Picture:
    """Finish values (H, W, C); those of up to 8 bits are brought to 0..255, as every reader of them has it."""
    header = _header((values.shape[0], values.shape[1], values.shape[2]), maximum)
    if values.max() > maximum:
        raise DamagedError(f"it holds {values.max()}, beyond its largest value {maximum}")
    if maximum <= 255:
        values = values if maximum == 255 else np.rint(values * 255.0 / maximum)
        values, maximum = values.astype(np.uint8), 255
    values = values.astype(np.uint8 if maximum <= 255 else np.uint16)
    colours = values[..., :3] if header.channels == 3 else values[..., 0]
    alpha = np.ascontiguousarray(values[..., -1]) if header.alpha else None
    return make_picture(header, np.ascontiguousarray(colours), maximum, alpha)


def _type(maximum: int) -> np.dtype[np.unsignedinteger]:
    return np.dtype("u1" if maximum <= 255 else ">u2")


def _raw(data: bytes, start: int, count: int, kind: np.dtype) -> Image:
    have = (len(data) - start) // kind.itemsize
    if have < count:
        raise DamagedError(f"it holds {max(have, 0)} of {count} values")
    return np.frombuffer(data, kind, count, start)


def _bits_of_text(text: bytes, count: int) -> Image:
    digits = re.sub(rb"#[^\n]*\n|\s", b"", text)
    values = np.frombuffer(digits, np.uint8)[:count] - ord("0")
    if len(values) < count or values.max(initial=0) > 1:
        raise DamagedError(f"it holds {len(values)} of {count} values")
    return 1 - values  # 1 is black there


def _numbers(text: bytes, count: int) -> Image:
    words = re.sub(rb"#[^\n]*\n", b" ", text).split(None, count)[:count]
    try:
        values = np.array([int(word) for word in words], np.int64)
    except (ValueError, OverflowError) as error:
        raise DamagedError(error) from error
    if len(values) < count or values.min(initial=0) < 0:
        raise DamagedError(f"it holds {len(values)} of {count} values")
    return values
