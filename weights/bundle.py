"""TensorFlow's checkpoint format ("tensor bundle"), read without TensorFlow.

`NAME.index` is a sorted-string table in LevelDB's layout: blocks of prefix-compressed keys, a block that lists the
blocks, and a footer of 48 bytes. Its values are small protocol buffers (tensorflow/core/protobuf/tensor_bundle.proto)
that say where in `NAME.data-00000-of-00001` each tensor lies. Every block and every tensor has a CRC-32C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from glob import escape
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2"}


class _DamagedError(Exception):
    """The bytes are not what the format promises."""


@dataclass(frozen=True)
class _Entry:
    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int


def is_bundle(path: Path) -> bool:
    """Whether the path names a checkpoint: its index file, its data file, or the name that they share."""
    return index_of(path) is not None


def index_of(path: Path) -> Path | None:
    """Find the index file that belongs to a checkpoint path."""
    stem = path.name.partition(".data-")[0].removesuffix(".index").removesuffix(".meta")
    candidates = sorted(path.glob("*.index")) if path.is_dir() else [path.parent / f"{stem}.index"]
    files = [candidate for candidate in candidates if candidate.is_file()]
    return files[0] if len(files) == 1 else None


def read_bundle(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read every tensor of a checkpoint.

    Parameters
    ----------
    path : `model.ckpt`, `model.ckpt.index`, `model.ckpt.data-00000-of-00001`, or a folder with one checkpoint.

    Raises
    ------
    InputError
        The checkpoint is incomplete, truncated or damaged (every CRC is checked), or holds a type without arrays.
    """
    index = index_of(path)
    if index is None:
        raise InputError(f"there is no TensorFlow checkpoint at {path}: no file {path.name}.index")
    try:
        entries = dict(_entries(index.read_bytes()))
        shards = _Shards(index)
        return {name: shards.tensor(name, entry) for name, entry in entries.items()}
    except (_DamagedError, struct.error, IndexError, ValueError) as error:  # ValueError: no name, no shape of an array
        raise InputError(f"the TensorFlow checkpoint {index} is damaged or truncated: {error}") from error


class _Shards:
    """The data files beside an index."""

    def __init__(self, index: Path) -> None:
        self.stem = index.name.removesuffix(".index")
        names = index.parent.glob(f"{escape(self.stem)}.data-*-of-*")
        self.files = sorted(file for file in names if file.is_file())
        if not self.files:
            raise _DamagedError(f"its data file {self.stem}.data-00000-of-00001 is missing")
        self.data = [file.read_bytes() for file in self.files]

    def tensor(self, name: str, entry: _Entry) -> NDArray[np.generic]:
        """Cut one tensor out and check it."""
        if entry.dtype not in _TYPES:
            raise _DamagedError(f"tensor {name} has type number {entry.dtype}, which is no plain array")
        dtype = np.dtype(_TYPES[entry.dtype])
        if entry.shard >= len(self.data) or prod(entry.shape) * dtype.itemsize != entry.size:
            raise _DamagedError(f"the entry of tensor {name} contradicts itself")
        raw = self.data[entry.shard][entry.offset : entry.offset + entry.size]
        if len(raw) != entry.size:
            raise _DamagedError(f"{self.files[entry.shard].name} ends before tensor {name} does")
        if masked_crc(raw) != entry.crc:
            raise _DamagedError(f"the checksum of tensor {name} does not fit its values")
        return np.frombuffer(raw, dtype).reshape(entry.shape)


def _entries(table: bytes) -> Iterator[tuple[str, _Entry]]:
    """Walk the table; the entry with the empty key is the header."""
    if len(table) < _FOOTER or struct.unpack("<Q", table[-8:])[0] != _MAGIC:
        raise _DamagedError("the index has no table footer")
    position = 0
    footer = table[-_FOOTER:]
    _, position = _varint(footer, position)  # the block of meta data, which is empty
    _, position = _varint(footer, position)
    for _, handle in _block(table, *_handle(footer, position)):
        for key, value in _block(table, *_handle(handle, 0)):
            if key == b"":
                if any(number == 2 and content for number, content in _fields(value)):
                    raise _DamagedError("it was written on a big-endian machine")
                continue
            yield key.decode(), _entry(value)


def _handle(data: bytes, position: int) -> tuple[int, int]:
    offset, position = _varint(data, position)
    size, _ = _varint(data, position)
    return offset, size


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Walk the keys and values of one block, each key given by what differs from the one before."""
    end = offset + size
    if end + 5 > len(table):
        raise _DamagedError("a block reaches beyond the end of the index")
    if table[end] != 0:
        raise _DamagedError("the index is compressed, which checkpoints never are")
    if masked_crc(table[offset : end + 1]) != struct.unpack("<I", table[end + 1 : end + 5])[0]:
        raise _DamagedError("the checksum of a block of the index does not fit")
    block = table[offset:end]
    restarts = struct.unpack("<I", block[-4:])[0]
    limit, position, key = len(block) - 4 * (restarts + 1), 0, b""
    while position < limit:
        shared, position = _varint(block, position)
        fresh, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + fresh]
        position += fresh
        yield key, block[position : position + length]
        position += length


def _entry(message: bytes) -> _Entry:
    """Read a BundleEntryProto."""
    values: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    for number, content in _fields(message):
        if isinstance(content, int):
            values[number] = content
        elif number == 2:  # TensorShapeProto: field 2 is a dimension, whose field 1 is its size
            dims = (dict(_fields(dim)) for n, dim in _fields(content) if n == 2 and isinstance(dim, bytes))
            shape = tuple(int(dim.get(1, 0)) for dim in dims)
        elif number == 7:
            raise _DamagedError("it holds a partitioned variable")
    return _Entry(values.get(1, 0), shape, values.get(3, 0), values.get(4, 0), values.get(5, 0), values.get(6, 0))


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Walk the fields of a protocol buffer."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield number, value
        elif kind == 2:
            length, position = _varint(message, position)
            yield number, message[position : position + length]
            position += length
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield number, int.from_bytes(message[position : position + size], "little")
            position += size
        else:
            raise _DamagedError("an entry of the index cannot be read")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


@cache
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


def masked_crc(data: bytes) -> int:
    """Return the CRC-32C as LevelDB stores it: rotated and shifted, so that a CRC of CRCs stays meaningful.

    Examples
    --------
    >>> hex(masked_crc(b"123456789"))  # the CRC-32C of the nine digits is 0xe3069283
    '0xc78ab0e5'
    """
    crc, table = 0xFFFFFFFF, _crc_table()
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
