"""Damages bytes: as disks, cables and editors do, and as somebody would who knows the format."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

from ..datasets.image_files import chunk

Way = Callable[[bytes, Random], bytes]
_NUMBERS = (0, -1, 1, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63)
_WRITTEN = (*_NUMBERS, "1e999", "nan", "-0.5", "1" * 5000, "")
_SIGNS = (b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"0")
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "x", "\0", "\ud800", "~nobody/x", "../..",
    "é" * 9000, [], {}, [None], ["x", "x"], [[[[[]]]]], {"x": None}, {"x": {"y": [2]}},
)  # fmt: skip
_HEAD = 64  # bytes at the front, where most formats have their numbers


def damage(data: bytes, random: Random) -> bytes:
    """Damage bytes in one to four ways."""
    for _ in range(random.choice((1, 1, 2, 4))):
        data = random.choice(WAYS)(data, random)
    return data


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 8) if data else 0):
        changed[_place(data, random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _delete(data: bytes, random: Random) -> bytes:
    start, end = _part(data, random)
    return data[:start] + data[end:]


def _insert(data: bytes, random: Random) -> bytes:
    start = _place(data, random)
    return data[:start] + random.randbytes(random.randint(1, 16)) + data[start:]


def _double(data: bytes, random: Random) -> bytes:
    start, end = _part(data, random)
    return data[:end] + data[start:end] * random.choice((1, 1, 50)) + data[end:]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randint(0, len(data))]


def _run(data: bytes, random: Random) -> bytes:
    start, end = _part(data, random)
    return data[:start] + bytes([random.choice((0, 255, random.randrange(256)))]) * (end - start) + data[end:]


def _swap(data: bytes, random: Random) -> bytes:
    a, b, c, d = sorted(random.randint(0, len(data)) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _number(data: bytes, random: Random) -> bytes:
    """Put a number that nobody expects in the place of two, four or eight bytes."""
    size = random.choice((2, 4, 8))
    start = _place(data, random)
    number = random.choice(_NUMBERS) % 2 ** (8 * size)
    return data[:start] + number.to_bytes(size, random.choice(("little", "big"))) + data[start + size :]


def _written_number(data: bytes, random: Random) -> bytes:
    """Put such a number in the place of one that is written in digits."""
    there = list(re.finditer(rb"\d+", data[:100_000]))
    if not there:
        return _number(data, random)
    start, end = random.choice(there).span()
    return data[:start] + str(random.choice(_WRITTEN)).encode() + data[end:]


def _place(data: bytes, random: Random) -> int:
    """Choose a place, every second time near the front."""
    return random.randrange(max(1, min(len(data), _HEAD) if random.random() < 0.5 else len(data)))


def _part(data: bytes, random: Random) -> tuple[int, int]:
    start = _place(data, random)
    return start, min(len(data), start + random.choice((1, 4, 16, 256)))


WAYS: tuple[Way, ...] = (_flip, _delete, _insert, _double, _cut, _run, _swap, _number, _written_number)


def slip(data: bytes, random: Random) -> bytes:
    """Damage one place only: change a byte or a bit, leave one out, put one in, or double a short stretch."""
    place = random.randrange(len(data))
    before, here, after = data[:place], data[place : place + 1], data[place + 1 :]
    more = random.choice((*_SIGNS, *[data[place:][: random.randrange(1, 60)]] * len(_SIGNS)))
    others = bytes([random.randrange(256)]), bytes([here[0] ^ 1 << random.randrange(8)]), b"", more + here, more + here
    return before + random.choice(others) + after


def in_png(data: bytes, random: Random) -> bytes:
    """Damage a chunk of a PNG file, or the rows before they are packed; every checksum is right."""
    chunks, place = [], 8
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += size + 12
    which = random.randrange(len(chunks))
    name, content = chunks[which]
    if name == b"IDAT" and random.random() < 0.7:
        chunks[which] = name, zlib.compress(damage(zlib.decompress(content), random))
    else:
        chunks[which] = name, damage(content, random)
    return data[:8] + b"".join(chunk(name, content) for name, content in chunks)


def in_zip(data: bytes, random: Random) -> bytes:
    """Damage a file in an archive; every checksum is right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    name = random.choice([name for name in files if files[name]])
    files[name] = damage(files[name], random)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def in_h5(data: bytes, random: Random) -> bytes:
    """Change some bytes of an HDF5 file, mostly of what describes the numbers, which are zeros and ones."""
    changed, told = bytearray(data), [place for place, byte in enumerate(data) if byte not in (0, 63, 128)]
    for _ in range(random.choice((1, 1, 2, 8))):
        place = random.choice(told) if random.random() < 0.9 else random.randrange(len(data))
        changed[place] = random.choice((0, 1, 127, 255, random.randrange(256)))
    return bytes(changed)


def in_safetensors(data: bytes, random: Random) -> bytes:
    """Damage the header of a safetensors file, whose length is right."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = random.choice((damage, in_json))(data[8:end], random)
    return len(header).to_bytes(8, "little") + header + data[end:]


def in_json(data: bytes, random: Random) -> bytes:
    """Replace, drop or add a value somewhere in JSON, which stays JSON."""
    content = json.loads(data)
    inside = [content]  # whatever holds values
    for each in inside:
        values = each.values() if isinstance(each, dict) else each
        inside += [value for value in values if isinstance(value, dict | list) and value]
    for _ in range(random.randint(1, 3)):
        _change(random.choice(inside), random)
    return json.dumps(content).encode(errors="surrogatepass")


def _change(holder: Any, random: Random) -> None:
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if keys and random.random() < 0.3:
        del holder[random.choice(keys)]
    elif keys and random.random() < 0.8:
        holder[random.choice(keys)] = random.choice(_VALUES)
    elif isinstance(holder, dict):
        holder[f"later{random.randrange(9)}"] = random.choice(_VALUES)
