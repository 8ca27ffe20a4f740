"""What people have in place of weights is called what it is."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from fusionbench.errors import InputError
from fusionbench.methods.u2fusion.checkpoints import load_generator
from fusionbench.weights import describe, load_state


def saved() -> bytes:
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(100, 10)}, buffer)
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 20)
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("release/model.pth")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"data"))
    return buffer.getvalue()


def hdf5() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["model_weights/conv/kernel:0"] = np.zeros((3, 3, 1, 8), np.float32)
    return buffer.getvalue()


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


PAGE = "<!DOCTYPE html>\n<html><head><title>Quota exceeded</title></head><body>Too many users</body></html>"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 8337408\n"
BOM = b"\xef\xbb\xbf"

FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty, .*fetch it again"),
    "zeros": (lambda: bytes(5000), "nothing but zeros, .*interrupted"),
    "page": (PAGE.encode, r"an HTML page \('Quota exceeded'\), .*open the address in a browser"),
    "page without doctype": (lambda: b"\n\n  <HTML>\n<BODY>Sign in</BODY>", "an HTML page, as a site sends it"),
    "long page": (lambda: PAGE.encode() * 500, "an HTML page"),
    "page with a mark": (lambda: BOM + PAGE.encode(), "an HTML page"),
    "json": (lambda: b'{"message": "Not Found", "status": 404}', "JSON .*Not Found.*, as a server answers"),
    "json list": (lambda: b'[{"error": "no"}]', "JSON"),
    "long json": (lambda: json.dumps({"items": list(range(9000))}).encode(), "JSON"),
    "parts": (lambda: b'{"weight_map": {"a": "model-1.safetensors"}}', "the list of the parts of a checkpoint"),
    "xml": (lambda: b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML .*AccessDenied"),
    "lfs": (LFS.encode, r"a pointer of git-lfs \(of a file of 8,337,408 bytes\), .*git lfs pull"),
    "lfs on windows": (LFS.replace("\n", "\r\n").encode, "a pointer of git-lfs"),
    "text": (lambda: b"Access denied: log in first.\n", "text .'Access denied"),
    "zip": (lambda: zipped("w/model.pth", "README.md"), "a zip archive of w/model.pth, README.md: unpack it"),
    "keras": (lambda: zipped("config.json", "metadata.json", "model.weights.h5"), "a Keras model"),
    "cut off": (lambda: saved()[:-300], "cut off: .*truncated; fetch it again"),
    "gzip": (lambda: gzip.compress(b"data"), "a gzip archive: unpack it"),
    "xz": (lambda: b"\xfd7zXZ\0" + bytes(30), "an xz archive"),
    "7z": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(30), "a 7z archive"),
    "rar": (lambda: b"Rar!\x1a\x07\x01\0", "a rar archive"),
    "tar": (tarred, "a tar archive of release/model.pth: unpack it"),
    "hdf5": (hdf5, "an HDF5 file, as Keras writes it"),
    "npy": (npy, "a single NumPy array, without names"),
    "png": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(30), "a PNG image"),
    "jpeg": (lambda: b"\xff\xd8\xff\xe0" + bytes(30), "a JPEG image"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(30), "a PDF document"),
    "gguf": (lambda: b"GGUF\x03\0\0\0" + bytes(30), "a GGUF file"),
    "tflite": (lambda: b"\x1c\0\0\0TFL3" + bytes(30), "a TensorFlow Lite model"),
    "onnx": (lambda: b"\x08\x07\x12\x07pytorch\x1a\x051.8.0" + bytes(30), "an ONNX model"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors", "w.pkl", "w"])
@pytest.mark.parametrize("case", FILES)
def test_it_is_called_what_it_is(tmp_path: Path, case: str, name: str) -> None:
    make, told = FILES[case]
    (tmp_path / name).write_bytes(make())
    for load in (load_state, load_generator, describe):
        with pytest.raises(InputError, match=rf"(?s)^cannot read the weights .*{name}: it is .*{told}") as caught:
            load(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_archive(tmp_path: Path) -> None:
    class Twice(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * x

    torch.jit.trace(Twice(), torch.zeros(1)).save(str(tmp_path / "w.pth"))
    with pytest.raises(InputError, match=r"a TorchScript archive, which holds a program: .*state_dict\(\)"):
        load_state(tmp_path / "w.pth")


def test_a_published_detector_is_an_onnx_model(shared: Path) -> None:
    with pytest.raises(InputError, match="it is an ONNX model, which is a graph"):
        load_state(shared / "weights/detector/yolox_nano.onnx")


class Network(torch.nn.Module):
    """Somebody's network, saved whole."""


class Program:
    """An object whose pickle runs a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch ran.txt",)


@pytest.mark.parametrize(("content", "imported"), [(Network(), r".*Network"), ({"model": Program()}, r"\w+\.system")])
def test_a_program_says_what_its_author_should_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, imported: str
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=rf"refused to load .*would run code \(it imports {imported}\); have its author save"
    ):
        load_state(tmp_path / "w.pth")
    assert [path.name for path in tmp_path.iterdir()] == ["w.pth"]


def test_an_optimiser_alone(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 2)
    adam = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    adam.step()
    for content in (adam.state_dict(), {"epoch": 3, "optimizer": adam.state_dict()}):
        torch.save(content, tmp_path / "w.pth")
        with pytest.raises(InputError, match="the state of an optimiser alone, and no network"):
            load_state(tmp_path / "w.pth")


@pytest.mark.parametrize("content", [{}, [], 3, "text", torch.zeros(3), {"epoch": 3}, [torch.zeros(2)]])
def test_no_named_tensors(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(InputError, match="it holds no named tensors"):
        load_state(tmp_path / "w.pth")


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, without a weights file in it"):
        load_state(tmp_path)
    (tmp_path / "u2.pth").write_bytes(saved())
    with pytest.raises(InputError, match=r"is a folder: name a file in it, for instance .*u2\.pth"):
        load_state(tmp_path)
    (tmp_path / "data.pkl").touch()
    with pytest.raises(InputError, match="a PyTorch file that was unpacked"):
        load_state(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InputError, match="a SavedModel of TensorFlow"):
        load_state(tmp_path)


def test_the_nearest_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "u2fusion_best.pth").write_bytes(saved())
    with pytest.raises(InputError, match=r"there is no weights file .*: did you mean 'u2fusion_best.pth'\?"):
        load_state(tmp_path / "u2fusion_bset.pth")
