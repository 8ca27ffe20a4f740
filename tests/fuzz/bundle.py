"""A TensorFlow checkpoint of a few numbers, written by hand; its index can be damaged below its checksums."""

from __future__ import annotations

import struct
from random import Random

import numpy as np

from fusionbench.weights.bundle import masked_crc

from .damage import damage

_MAGIC = 0xDB4775248B80FB57
_ARRAYS = {"conv/biases": np.arange(3, dtype="<f4"), "conv/kernel": np.arange(6, dtype="<f4").reshape(2, 3)}
DATA = b"".join(array.tobytes() for array in _ARRAYS.values())


def entries() -> dict[bytes, bytes]:
    """The header, and what the index says of each tensor, as protocol buffers."""
    messages, offset = {b"": _field(1, 1)}, 0
    for name, array in _ARRAYS.items():
        shape = b"".join(_bytes(2, _field(1, side)) for side in array.shape)
        where = _field(4, offset) + _field(5, array.nbytes)
        crc = struct.pack("<BI", 6 << 3 | 5, masked_crc(array.tobytes()))
        messages[name.encode()] = _field(1, 1) + _bytes(2, shape) + where + crc
        offset += array.nbytes
    return messages


def index(messages: dict[bytes, bytes]) -> bytes:
    """Write a table with one block."""
    block = _block(messages)
    empty = _block({})
    handles = _block({b"z": _varint(0) + _varint(len(block) - 5)})
    at = len(block), len(block) + len(empty)
    sizes = len(empty) - 5, len(handles) - 5
    footer = b"".join(_varint(number) for number in (at[0], sizes[0], at[1], sizes[1]))
    return block + empty + handles + footer.ljust(40, b"\0") + struct.pack("<Q", _MAGIC)


def in_index(_: bytes, random: Random) -> bytes:
    """Damage what the index says of a tensor; every checksum is right."""
    messages = entries()
    name = random.choice(list(messages))
    messages[name] = damage(messages[name], random)
    if random.random() < 0.2:
        messages[damage(name, random)] = messages.pop(name)
    return index(messages)


def _block(values: dict[bytes, bytes]) -> bytes:
    lines = (_varint(0) + _varint(len(key)) + _varint(len(value)) + key + value for key, value in values.items())
    content = b"".join(lines) + struct.pack("<II", 0, 1) + b"\0"
    return content + struct.pack("<I", masked_crc(content))


def _field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    digits = b""
    while number > 127:
        digits += bytes([number & 127 | 128])
        number >>= 7
    return digits + bytes([number])
