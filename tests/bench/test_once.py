"""What a run does once: no image is decoded, hashed or encoded twice, and few files wait for the disk."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import fusionbench
from fusionbench.bench import run_rows
from fusionbench.datasets import images, read, write
from fusionbench.files import flush, link, read_kept, reading_once, sha256_of
from fusionbench.methods.external.folder import Folder
from fusionbench.results import RunFolder

from .conftest import MakeFolder

PAIRS = 4


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is done with images, by what it is done with; what is flushed, by its place in the results."""
    done: Counter[str] = Counter()

    def spy(owner: Any, name: str, key: Callable[..., str | None]) -> None:
        real = getattr(owner, name)

        def spied(*arguments: Any, **named: Any) -> Any:
            if said := key(*arguments):
                done[said] += 1
            return real(*arguments, **named)

        monkeypatch.setattr(owner, name, spied)

    spy(images, "decode", lambda data, *rest: f"decode {zip_of(data)}")
    spy(cv2, "imencode", lambda kind, image: f"encode {zip_of(image.tobytes())}")
    spy(
        os, "fsync", lambda handle: f"fsync {Path(f'/proc/self/fd/{handle}').readlink().name.lstrip('.').split('.')[0]}"
    )
    spy(Path, "read_bytes", lambda path: f"read {path}" if path.suffix == ".png" else None)
    return done


def zip_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]


def most(done: Counter[str], kind: str) -> tuple[int, int]:
    """Count how many were done, and how often the same."""
    own = [count for name, count in done.items() if name.startswith(f"{kind} ")]
    return sum(own), max(own, default=0)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what is flushed is looked up in /proc")
def test_a_run_does_everything_once(tmp_path: Path, make_folder: MakeFolder, counting: Counter[str]) -> None:
    source = make_folder(PAIRS)
    counting.clear()
    fusionbench.run(["average", "max"], source, out=tmp_path / "out", metrics=["EN"], workers=2)
    assert most(counting, "read") == (2 * PAIRS, 1)
    assert most(counting, "decode") == (2 * PAIRS, 1)
    assert most(counting, "encode") == (2 * 2 * PAIRS, 1)  # two methods, gray and colour
    flushed = {name.removeprefix("fsync ") for name in counting if name.startswith("fsync ")}
    assert flushed <= {"metrics", "run", "leaderboard", "experiment"}, "no image waits for the disk by itself"
    assert counting["fsync run"] == 2 * 2  # it runs, it is done
    assert counting["fsync leaderboard"] == 2

    counting.clear()
    fusionbench.run(["average", "max"], source, out=tmp_path / "out", metrics=["EN"])
    assert not most(counting, "decode")[0] + most(counting, "encode")[0] + most(counting, "fsync")[0]
    assert most(counting, "read") == (2 * PAIRS + 2 * 2 * PAIRS, 1)


def test_score_reads_and_links(tmp_path: Path, make_folder: MakeFolder, counting: Counter[str]) -> None:
    source = make_folder(PAIRS)
    fusionbench.run("max", source, out=tmp_path / "out", metrics=["EN"])
    fused = tmp_path / "out" / "scenes" / "max" / "fused"
    counting.clear()
    rows = run_rows(Folder(fused), source, out=tmp_path / "scored", metrics=["EN", "VIFF"])
    assert most(counting, "decode") == (3 * PAIRS, 1)
    assert most(counting, "read") == (3 * PAIRS, 1)
    assert most(counting, "encode") == (0, 0)
    run_rows(Folder(fused), source, out=tmp_path / "copied", metrics=["EN", "VIFF"], copy=True)
    for name, linked in (("scored", True), ("copied", False)):
        folder = RunFolder(next((tmp_path / name / "scenes").iterdir()))
        for row in rows:
            image = folder.image(row["pair"])
            assert image.samefile(fused / image.name) == linked
            assert image.read_bytes() == (fused / image.name).read_bytes()
            assert folder.rows()[row["pair"]].image == sha256_of(image)[:16]
    counting.clear()
    run_rows(Folder(fused), source, out=tmp_path / "scored", metrics=["EN", "VIFF"])  # all done
    assert most(counting, "decode") == (0, 0)


@pytest.mark.parametrize("kind", ["jpeg", "alpha", "16 bit"])
def test_what_is_not_as_a_run_writes_it_is_written_anew(kind: str, tmp_path: Path, make_folder: MakeFolder) -> None:
    source, fused = make_folder(1), tmp_path / "theirs"
    fused.mkdir()
    image = np.random.default_rng(1).integers(0, 256, (48, 64, 4), np.uint8)
    given = {"jpeg": image[..., 0], "alpha": image, "16 bit": image[..., 0].astype(np.uint16) * 255}[kind]
    file = fused / ("p000.jpg" if kind == "jpeg" else "p000.png")
    cv2.imwrite(str(file), given)
    run_rows(Folder(fused), source, out=tmp_path / "out", metrics=["EN"])
    (stored,) = (tmp_path / "out").rglob("fused/*.png")
    assert not stored.samefile(file)
    assert stored.read_bytes()[24] == 8
    assert read(stored).dtype == np.uint8


def test_a_replaced_image_is_scored_again_and_its_origin_stays(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(1)
    fusionbench.run("max", source, out=tmp_path / "out", metrics=["EN"])
    fused = tmp_path / "out" / "scenes" / "max" / "fused"
    (first,) = run_rows(Folder(fused), source, out=tmp_path / "scored", metrics=["EN"])
    write(fused / "p000.png", np.zeros((48, 64), np.uint8))  # another file under the name
    (second,) = run_rows(Folder(fused), source, out=tmp_path / "scored", metrics=["EN"])
    assert first["EN@film"] != second["EN@film"] == 0


def test_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, path = tmp_path / "a.png", tmp_path / "deep" / "b.png"
    file.write_bytes(b"one")

    def no(*arguments: Any) -> None:
        raise OSError

    link(file, path)
    link(file, path)  # it is there already
    assert path.samefile(file)
    for lacking in (["link"], ["link", "symlink"]):
        with monkeypatch.context() as without:
            for name in lacking:
                without.setattr(os, name, no)
            other = tmp_path / "deep" / f"{len(lacking)}.png"
            link(file, other)
            link(other, other)
            assert other.is_symlink() == (len(lacking) == 1)
            assert other.read_bytes() == b"one"
    assert not list(tmp_path.rglob("*.tmp"))
    flush(tmp_path)


def test_what_is_read_once_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"one")
    with reading_once():
        assert read_kept(file) == b"one"
        file.write_bytes(b"two")
        assert read_kept(file) == b"one"
    assert read_kept(file) == b"two"
