"""Arrays of strangers: numbers, or one sentence."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets.arrays import read_array
from fusionbench.errors import InputError

GOOD = {
    "float64": np.arange(12.0).reshape(3, 4), "Fortran's order": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "float16": np.ones((2, 3, 4), np.float16), "big-endian": np.arange(4, dtype=">i2"), "a scalar": np.array(3.0),
    "nothing": np.zeros((0, 4)), "bool": np.array([True, False]),
}  # fmt: skip
NO_NUMBERS = {
    "objects": np.array([None, {}]), "text": np.array(["ä", "b"]), "bytes": np.array([b"a"]),
    "records": np.zeros(2, [("ä", "f4"), ("b", "i4")]), "dates": np.zeros(2, "datetime64[s]"),
}  # fmt: skip
SHAPES = ("(99999999999,)", "(4294967296, 4294967296)", "(-3,)", "(1.5,)", "('a',)", "(1", "x", "(2, 2)" * 3, "[4]")
OTHERS = {
    "empty": b"", "text": b"one\n", "an archive": b"PK\x03\x04" + bytes(60), "a pickle": b"\x80\x04N.",
    "only the start": b"\x93NUMPY", "version 9": b"\x93NUMPY\x09\x00" + bytes(60),
}  # fmt: skip


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def with_header(text: str) -> bytes:
    head = text.encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(64)


@pytest.mark.parametrize("array", GOOD.values(), ids=GOOD)
def test_numbers(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", array)
    read = read_array(tmp_path / "x.npy")
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype
    assert read.flags.writeable
    assert not isinstance(read, np.memmap)


@pytest.mark.parametrize(
    "data",
    [
        *map(npy, NO_NUMBERS.values()),
        *OTHERS.values(),
        *(with_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n") for shape in SHAPES),
        with_header("(" * 5000),
        with_header("{'descr': '<f8', 'fortran_order': 7, 'shape': (1,)}"),
        with_header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,)}"),
        with_header("{'shape': (1,)}"),
        npy(GOOD["float64"])[:-1],
    ],
)
def test_what_is_no_array_of_numbers(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(data)
    with pytest.raises(InputError, match=r"^cannot read the array .*x\.npy: [^\n]+$"):
        read_array(tmp_path / "x.npy")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    for name, says in (("pipe.npy", "it is no file"), (".", "it is no file"), ("nope.npy", "no such file")):
        with pytest.raises(InputError, match=says):
            read_array(tmp_path / name)


def test_damage_anywhere_in_the_header(tmp_path: Path) -> None:
    chance, read, told = random.Random(0), 0, [""]
    letters = [*range(256), *b"0123456789'{}(),<>|OUSVf"]
    for _ in range(300):
        data = bytearray(npy(chance.choice([*GOOD.values()])))
        for _ in range(chance.choice((1, 2, 5))):
            data[chance.randrange(len(data[:128]))] = chance.choice(letters)
        (tmp_path / "x.npy").write_bytes(data)
        try:
            read_array(tmp_path / "x.npy")
        except InputError as error:
            told.append(str(error))
        else:
            read += 1
    assert read < 300
    assert not any("\n" in sentence for sentence in told)
