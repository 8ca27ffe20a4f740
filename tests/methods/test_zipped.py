"""Fused images in a zip archive: taken as from a folder, and refused in a sentence where it is not to be trusted."""

from __future__ import annotations

import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusionbench import run
from fusionbench.datasets import Pair, write
from fusionbench.errors import InputError
from fusionbench.methods import fuse_pair, get_method

from ..scenes import write_noise

GRAY = np.full((8, 9), 128, np.uint8)
NAMES = ["1", "2", "融合"]


def image(tmp_path: Path, value: int) -> bytes:
    write(tmp_path / "made.png", np.full((8, 9), value, np.uint8))
    return (tmp_path / "made.png").read_bytes()


def packed(path: Path, content: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


MORE = {"__MACOSX/results/._1.png": b"x", "results/.DS_Store": b"", "read me.txt": b"hi"}


@pytest.mark.parametrize("inside", ["", "results/", "results/TNO/"])
@pytest.mark.parametrize("more", [{}, MORE], ids=["alone", "with more"])
def test_images_are_found_in_an_archive(inside: str, more: dict[str, bytes], tmp_path: Path) -> None:
    content = {f"{inside}{name}.png": image(tmp_path, 10 * number) for number, name in enumerate(NAMES)}
    method = get_method(f"folder:{packed(tmp_path / 'Mine.zip', content | more)}")
    assert method.label == "folder:Mine"
    for number, name in enumerate(NAMES):
        assert (fuse_pair(method, GRAY, GRAY, Pair(name, GRAY, GRAY, "IVF")).image == 10 * number).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Mine.zip", "made.png"]  # nothing beside it


def test_a_name_in_utf8_without_the_flag_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"xx.png": image(tmp_path, 3), "y.png": image(tmp_path, 4)})
    path.write_bytes(path.read_bytes().replace(b"xx.png", "ü.png".encode()))
    method = get_method(f"folder:{path}")
    assert (fuse_pair(method, GRAY, GRAY, Pair("ü", GRAY, GRAY, "IVF")).image == 3).all()


def test_an_archive_is_scored_as_the_folder_is(tmp_path: Path) -> None:
    write_noise(tmp_path, NAMES, (24, 30), ("data/ir", "data/vi", "fused"))
    content = {f"deep/{path.name}": path.read_bytes() for path in (tmp_path / "fused").iterdir()}
    path = packed(tmp_path / "fused.zip", content)
    metrics = ["EN", "MI"]
    plain = run(f"folder:{tmp_path / 'fused'}", tmp_path / "data", out=tmp_path / "a", metrics=metrics)
    zipped = run(f"folder:{path}", tmp_path / "data", out=tmp_path / "b", metrics=metrics)
    assert zipped.equals(plain)
    assert set(zipped["status"]) == {"ok"}


def test_an_archive_of_one_image_has_it(tmp_path: Path) -> None:
    method = get_method(f"folder:{packed(tmp_path / 'a.zip', {'1.png': image(tmp_path, 7)})}")
    assert (fuse_pair(method, GRAY, GRAY, Pair("1", GRAY, GRAY, "IVF")).image == 7).all()


def _as_it_is(path: Path) -> None:
    pass


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[60:70] = bytes(10)
    path.write_bytes(data)


def _encrypt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        data[at + place] |= 1
    path.write_bytes(data)


def _false_utf8(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace("ä.png".encode(), b"\xff\xfe.png"))


@pytest.mark.parametrize(
    ("content", "change", "reason"),
    [
        ({"../1.png": b"x"}, _as_it_is, "its path leads out of the folder"),
        ({"a/../../1.png": b"x"}, _as_it_is, "its path leads out of the folder"),
        ({"/tmp/1.png": b"x"}, _as_it_is, "its path leads out of the folder"),
        ({"C:/1.png": b"x", "2.png": b"x"}, _as_it_is, "its path leads out of the folder"),
        ({"a\\..\\1.png": b"x"}, _as_it_is, "not every file system can hold such a name"),
        ({"1.png": b"x", "A/1.png": b"x", "a/1.PNG": b"y"}, _as_it_is, "it would take the place of A"),
        ({"1.png": bytes(80 << 20)}, _as_it_is, "it grows more than 100-fold"),
        ({"1.png": b"x" * 99}, _cut, "damaged, or is none"),
        ({"1.png": bytes(range(256)) * 9}, _damage, "damaged, or is none"),
        ({"1.png": b"x"}, _encrypt, "password"),
        ({"ä.png": b"x"}, _false_utf8, "damaged, or is none"),
    ],
)
def test_an_archive_that_is_not_to_be_trusted_is_one_sentence(
    content: dict[str, bytes], change: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    path = packed(tmp_path / "in" / "a.zip", content)
    change(path)
    with pytest.raises(InputError, match=r"the images in .*a\.zip cannot be used: ") as caught:
        get_method(f"folder:{path}")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [file.name for file in tmp_path.rglob("*")] == ["in", "a.zip"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_by_a_method_that_takes_any_memory_is_refused(method: int, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"1.png": b"x"}, method)
    with pytest.raises(InputError, match="it is packed by another method than deflate"):
        get_method(f"folder:{path}")


def test_a_name_that_is_there_twice_and_a_link_are_refused(tmp_path: Path) -> None:
    twice, link = tmp_path / "twice.zip", tmp_path / "link.zip"
    with zipfile.ZipFile(twice, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("1.png", b"x")
        archive.writestr("1.png", b"y")
    with zipfile.ZipFile(link, "w") as archive:
        info = zipfile.ZipInfo("1.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    for path, reason in ((twice, "it is there twice"), (link, "it is a link or a device, not a file")):
        with pytest.raises(InputError, match=reason):
            get_method(f"folder:{path}")


def test_an_archive_without_images_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no image in the archive .*a\.zip$"):
        get_method(f"folder:{packed(tmp_path / 'a.zip', {'a/b.txt': b'x'})}")
