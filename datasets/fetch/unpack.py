"""Unpacking what a stranger packed: only what is wanted, and nothing outside of the target, whatever it says."""

from __future__ import annotations

import contextlib
import gzip
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NoReturn, Protocol

from ...errors import RunError
from ...files import writing
from .git_tree import EXECUTABLE, FILE, Blob, BlobHash

LARGEST = 4 << 30  # bytes of one file
TOTAL = 64 << 30  # bytes of everything in an archive, wanted or not
FILES = 500_000
RATIO, SMALL = 100, 64 << 20  # images hardly shrink: more than a hundredfold, beyond 64 MiB, is a bomb
_BLOCK = 1 << 18
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods take memory as they like
_WINDOWS = 0  # the system that made a member
_UTF8 = 0x800  # the flag of a zip's member whose name is in UTF-8
_OUT = "its path leads out of the folder"
_STRANGE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')  # what some file system takes for something else than a name


class ArchiveError(RunError):
    """The archive is damaged, or is none."""


class CutError(ArchiveError):
    """The archive ends before its end."""


class HostileArchiveError(ArchiveError):
    """The archive holds what no published one does: nothing of it is used."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Give at most `size` bytes, none at the end."""
        ...


class Unpacker:
    """Writes the wanted files of an archive below a folder, and notes what git would call them.

    Parameters
    ----------
    target : the folder; nothing is written outside of it.
    wanted : for each folder or file in the archive, where it goes below the target.

    Attributes
    ----------
    files : what has been written, by path below the target.
    """

    def __init__(self, target: Path, wanted: dict[str, str]) -> None:
        self.target, self.files = target, dict[str, Blob]()
        self._wanted = {PurePosixPath(path): PurePosixPath(place) for path, place in wanted.items()}
        self._spelling: dict[str, str] = {}

    def place(self, name: str, regular: bool, folder: bool = False) -> str | None:
        """Say where a member goes, as a path below the target; None where it is not wanted.

        Raises
        ------
        HostileArchiveError
            Its name leads out of the target, or it is wanted and no plain file, or there twice.
        """
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name) or name.startswith("\\"):
            _refuse(name, _OUT)
        for source, goes in self._wanted.items():
            if path == source or source in path.parents:
                if folder:
                    return None
                if not regular:
                    _refuse(name, "it is a link or a device, not a file")
                return self._noted(name, str(goes / path.relative_to(source)))
            if path in source.parents and not folder:
                _refuse(name, "it stands where a folder should be")
        return None

    def write(self, place: str, length: int, executable: bool, source: Readable) -> None:
        """Write one file, block by block."""
        path = self.target / place
        digest, left = BlobHash(length), length
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb")
        with file:
            while left and (block := source.read(min(left, _BLOCK))):
                with writing(path):  # only this: what the source says against reading is another matter
                    file.write(block)
                digest.update(block)
                left -= len(block)
        if left:
            raise CutError(f"the archive ends in the middle of {place}")
        if executable:
            path.chmod(path.stat().st_mode | 0o111)
        self.files[place] = Blob(EXECUTABLE if executable else FILE, digest.id)

    def _noted(self, name: str, place: str) -> str:
        """Make sure that a path is new, and stays so on a file system that knows neither case nor accents apart."""
        if _STRANGE.search(place) or any(part != part.rstrip(" .") for part in PurePosixPath(place).parts):
            _refuse(name, "not every file system can hold such a name")
        parts = PurePosixPath(place).parts
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth]) + ("/" if depth < len(parts) else "")
            key = unicodedata.normalize("NFC", path.rstrip("/")).casefold()
            known = self._spelling.setdefault(key, path)
            if known != path:
                _refuse(name, f"it would take the place of {known.rstrip('/')}")
        if place in self.files or len(self.files) >= FILES:
            _refuse(name, "it is there twice" if place in self.files else f"there are more than {FILES} files")
        return place


class _Packed:
    """The packed bytes, counted."""

    def __init__(self, source: Readable) -> None:
        self._source, self.count = source, 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.count += len(data)
        return data


class _Plain:
    """The unpacked bytes, with an eye on how many come out of how few."""

    def __init__(self, source: Readable) -> None:
        self._packed, self._count = _Packed(source), 0
        self._file = gzip.GzipFile(fileobj=self._packed, mode="rb")  # type: ignore[call-overload]

    def read(self, size: int = _BLOCK, /) -> bytes:
        data: bytes = self._file.read(size)
        self._count += len(data)
        if self._count > max(SMALL, RATIO * self._packed.count) or self._count > TOTAL:
            raise HostileArchiveError(
                f"the archive is refused: it grows from {self._packed.count} to more than {self._count - len(data)} "
                "bytes, which no images do"
            )
        return data


def unpack_tar(source: Readable, unpacker: Unpacker, enough: Callable[[], bool] = lambda: False) -> str:
    """Unpack a `.tar.gz` as it comes, the first part of each path left out, as the archives of repositories have it.

    Parameters
    ----------
    source : gives the packed bytes.
    unpacker : takes the wanted files.
    enough : asked at each member that is not wanted whether the rest of the archive can be left alone.

    Returns
    -------
    The commit that the archive says it is of; "" where it says none.

    Raises
    ------
    ArchiveError
        It is no archive, damaged, or not to be trusted.
    """
    plain = _Plain(source)
    with _explained(), tarfile.open(fileobj=plain, mode="r|", errorlevel=2) as archive:  # type: ignore[call-overload]
        while (member := archive.next()) is not None:
            archive.members = []  # they are not asked for again, and there may be very many
            absolute = member.name.startswith("/")
            name = member.name if absolute else member.name.partition("/")[2]
            if not _take(unpacker, archive, member, name) and enough():
                break
        else:
            while plain.read(_BLOCK):  # to the checksum
                pass
        return str(archive.pax_headers.get("comment", ""))


def _take(unpacker: Unpacker, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> bool:
    """Unpack a member if it is wanted, and say so."""
    if not 0 <= member.size <= LARGEST:
        _refuse(member.name, f"it is {member.size} bytes large")
    if ".." in PurePosixPath(member.name).parts:
        _refuse(member.name, _OUT)
    place = unpacker.place(name, member.isreg() and not member.issparse(), member.isdir())
    content = archive.extractfile(member) if place else None
    if place and content is not None:
        unpacker.write(place, member.size, bool(member.mode & stat.S_IXUSR), content)
    return place is not None


def members_of(path: Path) -> list[zipfile.ZipInfo]:
    """List what a `.zip` says is in it.

    Raises
    ------
    ArchiveError
        It is no archive, or cut off.
    """
    with _explained(), zipfile.ZipFile(path) as archive:
        return archive.infolist()


def unpack_zip(path: Path, unpacker: Unpacker, foreign: bool = False) -> None:
    r"""Unpack a `.zip`; where everything in it lies in one folder, the name of that is left out.

    Parameters
    ----------
    foreign : whether to take the names of tools of Windows, too: not in UTF-8, with "\" between folders.

    Raises
    ------
    ArchiveError
        It is no archive, damaged, or not to be trusted.
    """
    with _explained(), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.filename.startswith("__MACOSX/")]
        encoding = _encoding_of(members) if foreign else "utf-8"
        for member in members:
            member.filename = _name_of(member, encoding)
            if foreign and member.create_system == _WINDOWS:
                member.filename = member.filename.replace("\\", "/")
            if member.compress_type not in _PACKED:
                _refuse(member.filename, "it is packed by another method than deflate")
        if sum(member.file_size for member in members) > max(SMALL, RATIO * path.stat().st_size):
            raise HostileArchiveError(f"the archive is refused: it grows more than {RATIO}-fold, which no images do")
        one = len({member.filename.partition("/")[:2] for member in members}) == 1 and "/" in members[0].filename
        for member in members:
            if ".." in PurePosixPath(member.filename).parts:
                _refuse(member.filename, _OUT)
            absolute = member.filename.startswith("/")
            name = member.filename.partition("/")[2] if one and not absolute else member.filename
            mode = member.external_attr >> 16
            place = unpacker.place(name, stat.S_IFMT(mode) in (0, stat.S_IFREG), member.is_dir()) if name else None
            if place:
                with archive.open(member) as content:
                    unpacker.write(place, member.file_size, bool(mode & stat.S_IXUSR), content)


def _raw(member: zipfile.ZipInfo) -> bytes | None:
    """Give the bytes of a member's name where the archive does not say in which letters it is."""
    known = member.flag_bits & _UTF8 or member.filename != member.orig_filename  # by a field beside the name
    return None if known or member.filename.isascii() else member.filename.encode("cp437")  # as which it was read


def _encoding_of(members: Sequence[zipfile.ZipInfo]) -> str:
    """Tell in which letters names are, where the archive does not: what fits all of them, cp437 as zip has it, else."""
    names = [name for name in map(_raw, members) if name is not None]
    for encoding in ("utf-8", "gb2312"):
        with contextlib.suppress(UnicodeDecodeError):
            for name in names:
                name.decode(encoding)
            return encoding
    return "cp437"


def _name_of(member: zipfile.ZipInfo, encoding: str) -> str:
    """Return the name of a member."""
    raw = _raw(member)
    try:
        return member.filename if raw is None else raw.decode(encoding)
    except UnicodeError:
        _refuse(member.filename, "its name is not in UTF-8")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn what the libraries say of a broken archive into one sentence."""
    try:
        yield
    except EOFError as error:
        raise CutError("the archive ends before its end") from error
    except (gzip.BadGzipFile, zlib.error, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        raise ArchiveError(f"the archive is damaged, or is none ({' '.join(str(error).split())})") from error
    except (NotImplementedError, RuntimeError) as error:  # a zip with a password, or packed by an unknown method
        raise ArchiveError(f"the archive cannot be unpacked ({' '.join(str(error).split())})") from error


def _refuse(name: str, why: str) -> NoReturn:
    raise HostileArchiveError(f"the archive is refused for {name!r}: {why}")
