"""Weights that were damaged, or made by somebody who means harm: each is one sentence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionbench.errors import InputError
from fusionbench.weights import load_state
from fusionbench.weights.fetch import weights_path
from fusionbench.weights.files import split_key
from fusionbench.weights.search import collect

from ..fuzz import bundle


def npy(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def archive(files: dict[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return file.getvalue()


def unknown_packing() -> bytes:
    """Say in the central directory that the file is packed in a way that nobody knows."""
    data = bytearray(archive({"a.npy": b"x"}))
    place = data.index(b"PK\x01\x02")
    data[place + 10 : place + 12] = b"\x63\0"
    return bytes(data)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a header without an end": lambda: archive({"a.npy": npy(b"{'descr': (\n")}),
    "a header of brackets": lambda: archive({"a.npy": npy(b"(" * 5000)}),
    "an array of all memory": lambda: archive(
        {"a.npy": npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (4398046511104,)}\n")}
    ),
    "an array of objects": lambda: archive({"a.npy": npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n")}),
    "an unknown packing": unknown_packing,
    "another name in front": lambda: archive({"a.npy": b"x"}).replace(b"a.npy", b"A.npy", 1),
    "an archive that is none": lambda: b"PK\x03\x05" + bytes(100),
    "several disks": lambda: (
        b"PK\x07\x08" + bytes(80) + b"PK\x06\x07" + bytes(12) + b"\x09\0\0\0PK\x05\x06" + b"\xff" * 18
    ),
    "a bomb": lambda: archive({"a.npy": bytes(1 << 20)} | {f"{n}.npy": b"" for n in range(3)}, zipfile.ZIP_DEFLATED),
    "brackets in brackets": lambda: b"[" * 5000,
    "a number of many digits": lambda: b'{"a": ' + b"1" * 4050 + b"}",
    "a place far away": lambda: b"\x80\x02}r\xff\xff\xff\x7f.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(HOSTILE[name]())
    with pytest.raises(InputError, match=r"weights\.pth") as caught:
        load_state(path)
    assert "\n" not in str(caught.value)


def test_an_archive_that_fills_the_memory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target, target.open("a.npy", "w") as member:
        for _ in range(17):
            member.write(bytes(2**26))
    with pytest.raises(InputError, match="made to fill the memory"):
        load_state(path)


@pytest.mark.parametrize(
    "name", ["w" * 300, "w" * 252, "~nobody-of-this-name/w.pth", "a\0b", "a\nb.pth", "", ".", "/", "w" * 300 + "#model"]
)
def test_what_no_path_can_be_is_said(name: str) -> None:
    for read in (load_state, lambda name: weights_path(name, "film") and load_state(name)):
        with pytest.raises(InputError) as refused:
            read(name)
        assert "\n" not in str(refused.value)


def test_a_key_may_be_longer_than_a_name() -> None:
    assert split_key("w.pth#" + "k" * 300) == ("w.pth", "k" * 300)


@pytest.mark.parametrize(("name", "shape"), [(b"\xc2(", None), (b"huge", 2**63)])
def test_an_index_whose_checksums_are_right(tmp_path: Path, name: bytes, shape: int | None) -> None:
    messages = bundle.entries()
    entry = messages.pop(b"conv/biases")
    if shape is not None:  # as many numbers as there are bytes: none
        sides = b"".join(bundle._bytes(2, bundle._field(1, side)) for side in (0, shape))
        entry = bundle._field(1, 1) + bundle._bytes(2, sides) + b"\x35" + (0xA282EAD8).to_bytes(4, "little")
    messages[name] = entry
    (tmp_path / "m.index").write_bytes(bundle.index(messages))
    (tmp_path / "m.data-00000-of-00001").write_bytes(bundle.DATA)
    with pytest.raises(InputError, match="damaged or truncated"):
        load_state(tmp_path / "m")


def test_a_bundle_is_read_beside_what_is_like_its_data(tmp_path: Path) -> None:
    (tmp_path / "m[1].index").write_bytes(bundle.index(bundle.entries()))
    (tmp_path / "m[1].data-00000-of-00001").write_bytes(bundle.DATA)
    (tmp_path / "m[1].data-00000-of-00002").mkdir()
    assert load_state(tmp_path / "m[1]").tensors["conv/kernel"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_wide_numbers_become_double_ones(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.arange(3, dtype=np.longdouble))
    tensor = load_state(tmp_path / "w.npz").tensors["a"]
    assert tensor.dtype == torch.float64
    assert tensor.tolist() == [0, 1, 2]


def test_a_key_of_thousands_of_digits() -> None:
    tensors, homes, _ = collect({10**5000: {"a": np.zeros(2)}})
    (name,) = tensors
    assert name == f"{homes[name]}.a"
