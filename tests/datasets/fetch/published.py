"""A made repository: its files, its archive as a server packs it, and the pin that says what they are."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from fusionbench.datasets import get_spec
from fusionbench.datasets.fetch.git_tree import FILE, Blob, BlobHash, tree_id
from fusionbench.datasets.spec import Pin, Tree

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FOLDERS = ("cropinfrared", "crop_LR_visible")


def film50() -> list[str]:
    return get_spec("RoadScene").splits[0].names.read_text().split()


def images() -> dict[str, bytes]:
    """The files of a small RoadScene, with the sizes of stamps: the 50 names, four more, and what else lies about."""
    random = np.random.default_rng(7)
    files: dict[str, bytes] = {"README.md": b"# made\n", "crop_HR_visible/big.bin": random.bytes(400_000)}
    for name in [*film50(), "FLIR_00006", "FLIR_00018", "FLIR_09999", "FLIR_video_00001"]:
        files[f"cropinfrared/{name}.jpg"] = _png(random.integers(0, 256, (40, 56), np.uint8))
        files[f"crop_LR_visible/{name}.jpg"] = _png(random.integers(0, 256, (40, 56, 3), np.uint8))
    files["crop_LR_visible/Thumbs.db"] = random.bytes(3000)
    files["zzz/rest.bin"] = random.bytes(400_000)
    return files


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def blob(data: bytes) -> Blob:
    digest = BlobHash(len(data))
    digest.update(data)
    return Blob(FILE, digest.id)


def pack(files: dict[str, bytes], top: str = "RoadScene-made", commit: str = COMMIT, extra: object = None) -> bytes:
    """Pack as `git archive` does: sorted, folders as members of their own, the commit in a global header."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": commit}) as archive:
        known = set()
        for path, data in sorted(files.items()):
            parts = f"{top}/{path}".split("/")
            for depth in range(1, len(parts)):
                if (folder := "/".join(parts[:depth])) not in known:
                    known.add(folder)
                    member = tarfile.TarInfo(folder)
                    member.type, member.mode = tarfile.DIRTYPE, 0o775
                    archive.addfile(member)
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size, member.mode = len(data), 0o664
            archive.addfile(member, io.BytesIO(data))
        if callable(extra):
            extra(archive, top)
    return gzip.compress(plain.getvalue(), 6, mtime=0)


def pin_of(files: dict[str, bytes], commit: str = COMMIT) -> Pin:
    def tree(folder: str) -> Tree:
        inside = {path.partition("/")[2]: blob(data) for path, data in files.items() if path.startswith(f"{folder}/")}
        return Tree(folder, tree_id(inside))

    return Pin("made/RoadScene", commit, tuple(map(tree, FOLDERS)), size="small")


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
