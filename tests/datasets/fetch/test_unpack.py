"""Nothing leaves the target, and what no published archive holds is refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusionbench.datasets.fetch import folder_id, tree_id, unpack
from fusionbench.datasets.fetch.unpack import (
    ArchiveError,
    CutError,
    HostileArchiveError,
    Unpacker,
    unpack_tar,
    unpack_zip,
)
from fusionbench.errors import RunError

from .published import pack, zipped

FILES = {"README": b"no", "in/ir/1.png": b"one", "in/ir/2.png": b"two", "in/vi/1.png": b"1", "other/ir/9.png": b"9"}


def add(name: str, data: bytes = b"", **fields: object) -> Callable[[tarfile.TarFile, str], None]:
    """Add a member to an archive, with fields that a published one never has."""

    def extra(archive: tarfile.TarFile, top: str) -> None:
        member = tarfile.TarInfo(name.format(top=top))
        member.size = len(data)
        for key, value in fields.items():
            setattr(member, key, value)
        archive.addfile(member, io.BytesIO(data))

    return extra


def unpacked(data: bytes, target: Path, **wanted: str) -> Unpacker:
    unpacker = Unpacker(target, wanted or {"in/ir": "ir", "in/vi": "vi"})
    unpack_tar(io.BytesIO(data), unpacker)
    return unpacker


def test_only_what_is_wanted_is_kept(tmp_path: Path) -> None:
    unpacker = unpacked(pack(FILES), tmp_path / "out")
    there = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {"out/ir/1.png": b"one", "out/ir/2.png": b"two", "out/vi/1.png": b"1"}
    assert set(unpacker.files) == {"ir/1.png", "ir/2.png", "vi/1.png"}
    inside = {path.removeprefix("ir/"): blob for path, blob in unpacker.files.items() if path.startswith("ir/")}
    assert folder_id(tmp_path / "out/ir") == tree_id(inside)


def test_the_rest_is_left_alone_when_there_is_enough(tmp_path: Path) -> None:
    unpacker = Unpacker(tmp_path, {"in/ir": "ir", "other": "other"})
    unpack_tar(io.BytesIO(pack(FILES)), unpacker, lambda: len(unpacker.files) == 2)
    assert sorted(unpacker.files) == ["ir/1.png", "ir/2.png"]


def test_executables_stay_so(tmp_path: Path) -> None:
    unpacker = unpacked(pack(FILES, extra=add("{top}/in/ir/run", b"#!", mode=0o775)), tmp_path)
    assert unpacker.files["ir/run"].mode == "100755"
    assert (tmp_path / "ir/run").stat().st_mode & stat.S_IXUSR
    assert not (tmp_path / "ir/1.png").stat().st_mode & stat.S_IXUSR


HOSTILE = {
    "absolute": (add("/etc/evil.png", b"x"), "leads out"),
    "absolute, wanted below": (add("//{top}/in/ir/evil.png", b"x"), "leads out"),
    "up": (add("{top}/in/ir/../../../evil.png", b"x"), "leads out"),
    "up from the top": (add("../evil.png", b"x"), "leads out"),
    "up, not wanted": (add("{top}/other/../../evil.png", b"x"), "leads out"),
    "drive": (add("{top}/C:/evil.png", b"x"), "leads out"),
    "symbolic link": (add("{top}/in/ir/3.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link"),
    "link within": (add("{top}/in/ir/3.png", type=tarfile.SYMTYPE, linkname="1.png"), "a link"),
    "hard link": (add("{top}/in/ir/3.png", type=tarfile.LNKTYPE, linkname="{top}/in/ir/1.png"), "a link"),
    "link for the folder": (add("{top}/in/ir", type=tarfile.SYMTYPE, linkname="/tmp"), "a link"),
    "link on the way": (add("{top}/in", type=tarfile.SYMTYPE, linkname="/tmp"), "where a folder should be"),
    "file on the way": (add("{top}/in", b"x"), "where a folder should be"),
    "device": (add("{top}/in/ir/3.png", type=tarfile.CHRTYPE), "a device"),
    "pipe": (add("{top}/in/ir/3.png", type=tarfile.FIFOTYPE), "a device"),
    "twice": (add("{top}/in/ir/1.png", b"other"), "it is there twice"),
    "twice, said otherwise": (add("{top}/in/./ir//1.png", b"other"), "it is there twice"),
    "case": (add("{top}/in/ir/1.PNG", b"other"), "take the place of ir/1.png"),
    "file and folder": (add("{top}/in/ir/1.png/x.png", b"other"), "take the place of ir/1.png"),
    "backslash": (add("{top}/in/ir/..\\..\\evil.png", b"x"), "can hold such a name"),
    "stream of a file": (add("{top}/in/ir/1.png:evil", b"x"), "can hold such a name"),
    "newline": (add("{top}/in/ir/a\nb.png", b"x"), "can hold such a name"),
    "dot at the end": (add("{top}/in/ir/3.png.", b"x"), "can hold such a name"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archives_are_refused(case: str, tmp_path: Path) -> None:
    extra, says = HOSTILE[case]
    target = tmp_path / "a" / "b" / "out"
    with pytest.raises(HostileArchiveError, match=says) as caught:
        unpacked(pack(FILES, extra=extra), target)
    assert "\n" not in str(caught.value)
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and target not in path.parents]
    assert outside == []
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_what_is_not_wanted_may_be_a_link(tmp_path: Path) -> None:
    link = add("{top}/docs/latest", type=tarfile.SYMTYPE, linkname="v2")
    assert len(unpacked(pack(FILES, extra=link), tmp_path).files) == 3


def test_accents_that_a_file_system_may_fold(tmp_path: Path) -> None:
    files = {"in/ir/caf\u00e9.png": b"1", "in/ir/cafe\u0301.png": b"2"}
    with pytest.raises(HostileArchiveError, match="take the place"):
        unpacked(pack(files), tmp_path)


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "SMALL", 1 << 20)
    bomb = pack({**FILES, "in/ir/zeros.png": bytes(30 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(HostileArchiveError, match="which no images do"):
        unpacked(bomb, tmp_path / "wanted")
    with pytest.raises(HostileArchiveError, match="which no images do"):
        unpacked(bomb, tmp_path / "not wanted", **{"in/vi": "vi"})
    monkeypatch.setattr(unpack, "LARGEST", 2)
    with pytest.raises(HostileArchiveError, match="it is 3 bytes large"):
        unpacked(pack(FILES), tmp_path / "large")
    monkeypatch.setattr(unpack, "LARGEST", 100)
    monkeypatch.setattr(unpack, "FILES", 2)
    with pytest.raises(HostileArchiveError, match="more than 2 files"):
        unpacked(pack(FILES), tmp_path / "many")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: data[:-3], CutError),
        (lambda data: data[: len(data) // 2], CutError),
        (lambda data: data[:-8] + b"\0\0\0\0" + data[-4:], ArchiveError),
        (lambda data: b"", ArchiveError),
        (lambda data: b"PK\3\4 no tar", ArchiveError),
        (lambda data: gzip.compress(b"no tar at all" * 100), ArchiveError),
    ],
)
def test_damaged_archives(change: Callable[[bytes], bytes], error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error) as caught:
        unpacked(change(pack(FILES)), tmp_path)
    assert type(caught.value) is error or error is ArchiveError


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 6000), byte=st.integers(0, 255))
def test_any_damage_is_a_sentence_and_nothing_leaves(
    at: int, byte: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain = bytearray(gzip.decompress(pack(FILES)))
    plain[at % len(plain)] = byte
    top = tmp_path_factory.mktemp("damage")
    with contextlib.suppress(RunError):
        unpacked(gzip.compress(bytes(plain), 1), top / "x" / "out")
    assert {path.name for path in top.iterdir()} <= {"x"}
    assert {path.name for path in (top / "x").iterdir()} <= {"out"} if (top / "x").exists() else True


def test_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"top/": b"", "top/s1/1.png": b"1", "top/s2/1.png": b"2", "__MACOSX/x": b""})
    unpacker = Unpacker(tmp_path / "out", {".": "."})
    unpack_zip(path, unpacker)
    assert sorted(unpacker.files) == ["s1/1.png", "s2/1.png"]
    for number, name in enumerate(("../evil", "/evil", "top/../../evil", "C:\\evil")):
        hostile = zipped(tmp_path / "b.zip", {"top/1.png": b"1", name: b"x"})
        with pytest.raises(HostileArchiveError):
            unpack_zip(hostile, Unpacker(tmp_path / f"out{number}", {".": "."}))
    assert not (tmp_path / "evil").exists()
    (tmp_path / "c.zip").write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ArchiveError, match="damaged, or is none"):
        unpack_zip(tmp_path / "c.zip", Unpacker(tmp_path / "o2", {".": "."}))


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full(self: Path, *arguments: object, **options: object) -> object:
        if arguments and "x" in str(arguments[0]):
            raise OSError(28, "No space left on device")
        return real(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(RunError, match="the disk is full; make room"):
        unpacked(pack(FILES), tmp_path)
