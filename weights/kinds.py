"""What a file is that is no weights: the things that people have in their place, and what to do about each."""

from __future__ import annotations

import json
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from pickletools import genops

HEAD = 4096  # bytes that are looked at
_DENSEST = 100  # weights are numbers like noise: what shrinks to less than a hundredth of itself is made to fill memory
_LFS = b"version https://git-lfs.github.com/spec"
_ARCHIVES = {
    b"\x1f\x8b": "a gzip archive", b"BZh": "a bzip2 archive", b"\xfd7zXZ\0": "an xz archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!": "a rar archive", b"\x28\xb5\x2f\xfd": "a zstd archive",
}  # fmt: skip
_OTHERS = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes it, whose names and axes are others: load it with its own "
    "framework, and save the network's tensors with torch.save or as safetensors",
    b"GGUF": "a GGUF file, of a language model",
    b"\x93NUMPY": "a single NumPy array, without names: save all tensors by name, with np.savez",
    b"MATLAB 5.0": "a MATLAB file: save its arrays by name, with np.savez",
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"%PDF": "a PDF document",
    b"\x7fELF": "a program", b"MZ": "a program for Windows",
}  # fmt: skip
ONNX = "an ONNX model, which is a graph: ask for the checkpoint that it was exported from"
_UNPACK = "unpack it, and name the weights file in it"


def foreign(path: Path) -> str | None:
    """Say what a file is, where it is known to be no weights; None where it may be some.

    Only its first bytes are read, and of an archive the names of what it holds.

    Returns
    -------
    The end of a sentence that begins with "it is", with what to do.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        return "empty, as a download that did not come through leaves it: fetch it again"
    if not head.strip(b"\0"):
        return "nothing but zeros, as a download that was interrupted leaves it: fetch it again"
    if head.startswith(_LFS):
        return (
            f"a pointer of git-lfs{_lfs_size(head)}, not the file itself: run `git lfs pull` in its repository, or "
            "download the file from the page of the repository"
        )
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _zip(path)
    for start, kind in _ARCHIVES.items():
        if head.startswith(start):
            return f"{kind}: {_UNPACK}"
    if head[257:262] == b"ustar" or (head[:1].isalnum() and _is(tarfile.is_tarfile, path)):
        return f"a tar archive{_holding(_tar_names(path))}: {_UNPACK}"
    for start, kind in _OTHERS.items():
        if head.startswith(start):
            return kind
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model, which is a graph: ask for the checkpoint that it was made from"
    if _is_onnx(head, path):
        return ONNX
    return None if _is_pickle(head, path) else _text(head)


def folder(path: Path) -> str:
    """Say what to do about a folder in place of a file."""
    if (path / "saved_model.pb").is_file():
        return f"is a SavedModel of TensorFlow: name its variables, {path / 'variables' / 'variables.index'}"
    if (path / "data.pkl").is_file() or (path / "archive" / "data.pkl").is_file():
        return "is a PyTorch file that was unpacked: name the .pth itself, as it was downloaded"
    files = sorted(file.name for file in path.iterdir() if file.suffix in (".pth", ".pt", ".ckpt", ".pkl", ".model")
                   or file.name.endswith((".safetensors", ".index", ".npz")))  # fmt: skip
    if not files:
        return "is a folder, without a weights file in it: name a file"
    return f"is a folder: name a file in it, for instance {path / files[0]}"


def _lfs_size(head: bytes) -> str:
    size = re.search(rb"^size (\d+)$", head, re.MULTILINE)
    return f" (of a file of {int(size[1]):,} bytes)" if size else ""


def _zip(path: Path) -> str | None:
    """Tell PyTorch's and NumPy's own archives from others."""
    if not _is(zipfile.is_zipfile, path):
        return "cut off: its end is missing, so the file is truncated; fetch it again"
    names = names_in(path)
    if names is None:
        return "a damaged archive, or one made to fill the memory; fetch it again"
    ends = {name.rpartition("/")[2] for name in names}
    if "data.pkl" in ends and ("constants.pkl" in ends or any("/code/" in f"/{name}" for name in names)):
        return (
            "a TorchScript archive, which holds a program: save its tensors where you trust it, with "
            "torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')"
        )
    if "data.pkl" in ends or is_numpy(names):
        return None
    if "model.weights.h5" in ends:
        return f"a Keras model: {_OTHERS[bytes.fromhex('894844460d0a1a0a')].partition(': ')[2]}"
    if "serialized_weights.pt" in ends or any(name.endswith(("models/model.json", "archive_format")) for name in names):
        return "an exported PyTorch program: ask for the state dictionary that it was made from"
    return f"a zip archive{_holding(names)}: {_UNPACK}"


def names_in(path: Path) -> list[str] | None:
    """Name what a zip archive holds; None where it is damaged, or far smaller than what it unpacks to."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except Exception:  # of damaged bytes it makes any error there is
        return None
    unpacked = sum(member.file_size for member in members)
    return None if unpacked > max(_DENSEST * path.stat().st_size, 2**30) else [member.filename for member in members]


def is_numpy(names: list[str] | None) -> bool:
    """Whether an archive of these names is one of `np.savez`."""
    return bool(names) and all(name.endswith(".npy") for name in names or ())


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    try:
        return kind(path)
    except Exception:  # of damaged bytes it makes any error there is
        return False


def _tar_names(path: Path) -> list[str]:
    try:
        with tarfile.open(path) as archive:
            return [member.name for member, _ in zip(archive, range(50), strict=False) if member.isfile()]
    except Exception:  # as with other archives
        return []


def _holding(names: list[str]) -> str:
    files = [name for name in names if not name.endswith("/")]
    return f" of {', '.join(files[:3])}{', …' if len(files) > 3 else ''}" if files else ""


def _is_onnx(head: bytes, path: Path) -> bool:
    """Whether the fields of a protocol buffer come as in an ONNX model: a version, then who made it, or the graph."""
    return head[:1] == b"\x08" and (path.suffix == ".onnx" or (head[2:3] == b"\x12" and head[3:4] < b"\x40"))


def _is_pickle(head: bytes, path: Path) -> bool:
    """Whether what looks like text is a pickle of the first protocol; walking it runs nothing."""
    try:
        return head[:1] in b"c(" and all(True for _ in genops(path.read_bytes()))
    except Exception:  # of what is no pickle it makes any error there is
        return False


def _text(head: bytes) -> str | None:
    """Tell the texts that servers send in place of files, and other texts."""
    try:
        text = head.decode().strip() if len(head) < HEAD else head.decode(errors="ignore").strip()
    except UnicodeDecodeError:
        return None
    if any(ord(letter) < 32 and letter not in "\t\n\r\f\x1b" for letter in text):
        return None
    shown = " ".join(text.split())
    shown = f"{shown[:60]}…" if len(shown) > 60 else shown
    if re.search(r"<(!doctype\s+html|html|head|body)\b", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>\s*(.*?)\s*</title>", text, re.IGNORECASE | re.DOTALL)
        named = f" ({' '.join(title[1].split())[:60]!r})" if title and title[1] else ""
        return (
            f"an HTML page{named}, as a site sends it in place of the file: open the address in a browser, and "
            "download the file itself"
        )
    if text[:1] in "{[" and _is_json(text, len(head) < HEAD):
        if "weight_map" in text:
            return "the list of the parts of a checkpoint, not the checkpoint: name a file with all tensors"
        return f"JSON ({shown}), as a server answers in place of the file: fetch the file again"
    if text.startswith("<?xml") or re.match(r"<\w+", text):
        return f"XML ({shown}), as a server answers in place of the file: fetch the file again"
    return f"text ({shown!r}), and holds no weights: name the file with the tensors"


def _is_json(text: str, whole: bool) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):  # also of a number of thousands of digits, of brackets in brackets
        return not whole and re.match(r"[{\[]\s*[\"\[{\d]", text) is not None
    return True
