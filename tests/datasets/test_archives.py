"""A zip archive as a data set: what is packed in it is taken as from a folder, or refused in a sentence."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import fusionbench
from fusionbench.datasets import load_dataset
from fusionbench.datasets.archives import unpacked
from fusionbench.errors import InputError
from fusionbench.results import Results

from ..scenes import write_noise

NAMES = ("p0", "p1", "夜")


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))
    return write_noise(tmp_path / "scenes", NAMES)


def packed(path: Path, folder: Path, inside: str = "", names: Callable[[str], bytes] | None = None) -> Path:
    """Pack a folder.

    Parameters
    ----------
    inside : what stands before each name: "" or "folder/".
    names : how a tool writes names: without the flag that they are in UTF-8, and as tools of Windows do.
    """
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice, until they are put in
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = inside + file.relative_to(folder).as_posix()
                info = zipfile.ZipInfo(name if names is None else "x" * len(names(name)))
                info.create_system = 3 if names is None else 0
                archive.writestr(info, file.read_bytes())
    if names is not None:
        data = path.read_bytes()
        for signature, length_at, name_at in ((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46)):
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    raw = names(inside + file.relative_to(folder).as_posix())
                    data = _renamed(data, raw, signature, length_at, name_at)
        path.write_bytes(data)
    return path


def _renamed(data: bytes, raw: bytes, signature: bytes, length_at: int, name_at: int) -> bytes:
    """Put a name in place of the first one of as many x, in front of contents or in the table at the end."""
    at = -1
    while (at := data.find(signature, at + 1)) >= 0:
        (length,) = struct.unpack("<H", data[at + length_at : at + length_at + 2])
        start = at + name_at
        if length == len(raw) and data[start : start + length] == b"x" * length:
            return data[:start] + raw + data[start + length :]
    raise AssertionError("there is no such place")


def _names(path: Path) -> list[str]:
    return [pair.name for pair in load_dataset(path)]


@pytest.mark.parametrize("inside", ["", "MyPairs/"])
def test_it_is_loaded_as_its_folder_is(inside: str, pairs: Path, tmp_path: Path) -> None:
    path = packed(tmp_path / "night.zip", pairs, inside)
    dataset = load_dataset(path)
    assert (dataset.name, dataset.task) == ("night", "IVF")
    assert [pair.name for pair in dataset] == list(NAMES)
    folder = load_dataset(pairs)
    for own, other in zip(dataset, folder, strict=True):
        assert [image.tolist() for image in dataset.read(own)] == [image.tolist() for image in folder.read(other)]


def test_what_macos_adds_is_left_alone(pairs: Path, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", pairs, "one/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/one/ir/._p0.png", b"x")
        archive.writestr("one/.DS_Store", b"x")
    assert _names(path) == list(NAMES)


def test_a_run_goes_on_and_is_what_it_is_on_the_folder(pairs: Path, tmp_path: Path) -> None:
    path, options = packed(tmp_path / "scenes.zip", pairs, "scenes/"), {"metrics": ["EN", "MI"]}
    plain = fusionbench.run("average", pairs, out=tmp_path / "plain", **options)  # type: ignore[arg-type]
    first = fusionbench.run("average", path, out=tmp_path / "out", limit=1, **options)  # type: ignore[arg-type]
    assert list(first["pair"]) == ["p0"]
    table = tmp_path / "out/scenes/average/metrics.csv"
    row = table.read_text(encoding="utf-8").splitlines()[1]
    whole = fusionbench.run("average", path, out=tmp_path / "out", **options)  # type: ignore[arg-type]
    assert table.read_text(encoding="utf-8").splitlines()[1] == row, "the first pair was done again"
    assert whole.drop(columns="seconds").equals(plain.drop(columns="seconds"))
    (run,) = Results(tmp_path / "out").runs
    assert all(file.is_file() for file in run.manifest.source_files("p1") or ())


def test_each_source_may_be_an_archive(pairs: Path, tmp_path: Path) -> None:
    together = tmp_path / "together"
    together.mkdir()
    for side in ("ir", "vi"):
        packed(together / f"{side}.zip", pairs / side)
    dataset = load_dataset(together, a="ir.zip", b="vi.zip")
    assert (dataset.name, dataset.task) == ("together", "IVF")
    assert [pair.name for pair in dataset] == list(NAMES)
    by_path = load_dataset(together, a=str(together / "ir.zip"), b=str(pairs / "vi"))
    assert [pair.name for pair in by_path] == list(NAMES)


def test_sources_within_an_archive_are_named_as_in_a_folder(pairs: Path, tmp_path: Path) -> None:
    (pairs / "ir").rename(pairs / "left")
    (pairs / "vi").rename(pairs / "right")
    path = packed(tmp_path / "a.zip", pairs)
    assert [pair.name for pair in load_dataset(path, a="left", b="right", task="MFF")] == list(NAMES)


def _windows(encoding: str) -> Callable[[str], bytes]:
    return lambda name: name.replace("/", "\\").encode(encoding)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (("a", "b"), lambda name: name.encode()),
        (("夜", "ü"), lambda name: name.encode()),  # UTF-8 without the flag
        (("Tür", "Öl"), lambda name: name.encode("cp437")),
        (("夜晚", "道路"), lambda name: name.encode("gb2312")),
        (("a", "b"), _windows("ascii")),
        (("夜晚", "道路"), _windows("gb2312")),
    ],
)
def test_names_as_tools_write_them(
    names: tuple[str, ...], written: Callable[[str], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))
    root = write_noise(tmp_path / "scenes", names)
    assert sorted(_names(packed(tmp_path / "a.zip", root, "scenes/", written))) == sorted(names)


def test_it_is_unpacked_once_and_again_where_that_is_damaged(pairs: Path, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", pairs)
    folder = unpacked(path)
    file = folder / "ir" / "p0.png"
    whole, state = file.read_bytes(), file.stat()
    os.utime(path)  # to this process it is another file, of the same content
    assert unpacked(path) == folder
    assert file.stat() == state
    for damage in (file.unlink, lambda: file.write_bytes(whole[:-1]), lambda: (folder.parent / "files.txt").unlink()):
        damage()
        os.utime(path)
        assert unpacked(path) == folder
        assert file.read_bytes() == whole
    (tmp_path / "cache/archives" / f".{folder.parent.name}.0000.tmp").mkdir()  # of one who was killed
    file.unlink()
    os.utime(path)
    unpacked(path)
    left = sorted(each.name for each in (tmp_path / "cache/archives").iterdir())
    assert left == [folder.parent.name, f"{folder.parent.name}.lock"]


def test_another_archive_of_the_same_name_is_another_data_set(pairs: Path, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", pairs)
    first = unpacked(path)
    shutil.copy(pairs / "ir" / "p0.png", pairs / "ir" / "p1.png")
    packed(path, pairs)
    assert unpacked(path) != first
    assert (unpacked(path) / "ir/p1.png").read_bytes() == (pairs / "ir/p0.png").read_bytes()


def test_a_generic_name_has_that_of_its_folder_before_it(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert load_dataset(packed(tmp_path / "mine" / "data.zip", pairs)).name == "mine-data"


def _with(content: dict[str, bytes]) -> Callable[[Path, Path], None]:
    def make(path: Path, pairs: Path) -> None:
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, data in content.items():
                archive.writestr(name, data)

    return make


def _cut(path: Path, pairs: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _damaged(path: Path, pairs: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.find(b"IDAT")
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)


def _encrypted(path: Path, pairs: Path) -> None:
    data = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + place] |= 1
    path.write_bytes(data)


def _link(path: Path, pairs: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("ir/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")


def _nested(path: Path, pairs: Path) -> None:
    inner = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inside/pairs.zip", inner)


def _bomb(path: Path, pairs: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ir/large.png", bytes(80 << 20))


def _no_image(path: Path, pairs: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/b.txt", b"x")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_with({"../out.png": b"x"}), "its path leads out of the folder"),
        (_with({"/tmp/out.png": b"x"}), "its path leads out of the folder"),
        (_with({"C:/out.png": b"x"}), "its path leads out of the folder"),
        (_with({"ir/P0.png": b"x"}), "it would take the place of ir/p0.png"),
        (_with({"ir/p0.png": b"x"}), "it is there twice"),
        (_cut, "damaged, or is none"),
        (_damaged, "damaged, or is none"),
        (_encrypted, "password"),
        (_link, "it is a link or a device, not a file"),
        (_nested, "holds another archive, inside/pairs.zip, and no image: unpack it"),
        (_bomb, "it grows more than 100-fold"),
        (_no_image, "no image in the archive"),
        (lambda path, pairs: path.write_bytes(b"no archive"), "damaged, or is none"),
    ],
)
def test_what_is_not_to_be_trusted_is_one_sentence(
    change: Callable[[Path, Path], None], reason: str, pairs: Path, tmp_path: Path
) -> None:
    path = packed(tmp_path / "a.zip", pairs)
    change(path, pairs)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError) as caught:
        load_dataset(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file() and file.suffix != ".lock"] == []
    assert sorted({*tmp_path.iterdir()} - {tmp_path / "cache"}) == sorted({*before} - {tmp_path / "cache"})


def test_images_without_partners_are_said_of_the_archive(pairs: Path, tmp_path: Path) -> None:
    shutil.rmtree(pairs / "vi")
    path = packed(tmp_path / "a.zip", pairs, "scenes/")
    with pytest.raises(InputError) as caught:
        load_dataset(path)
    assert str(path) in str(caught.value)
    assert "cache" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_said(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InputError, match=r"a\.zip cannot be unpacked: cannot write .*FUSIONBENCH_CACHE names another"):
        load_dataset(packed(tmp_path / "a.zip", pairs))
