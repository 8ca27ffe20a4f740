"""Images in a zip archive: unpacked once, into the folder of what can be made again, and taken from there.

The folder is called after a hash of the archive's table of contents, which has the checksum of each file, so that
another archive under the same name is another folder. It appears when all of it is there. Whoever takes it looks
whether every file has its size, and unpacks the archive again where one has not.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from ..errors import FusionBenchError, InputError
from ..files import cache_folder, flush, is_file, write_text, writing
from .finding.folders import ARCHIVES
from .images import is_image_name
from .videos import is_video_name

_LIST = "files.txt"


def is_archive(path: Path) -> bool:
    """Whether a path is that of a file which is, or is called, a zip archive."""
    return is_file(path) and (path.suffix.lower() == ".zip" or zipfile.is_zipfile(path))


def unpacked(path: Path) -> Path:
    """Unpack an archive, unless that was done before, and return the folder, which is called as the archive is.

    Where everything in it lies in one folder, the name of that is left out.

    Raises
    ------
    InputError
        It is damaged, has a password, or holds what no archive of images does: paths that lead out of it, links, a name
        twice, very much more than its size, only other archives; or the folder cannot be written.
    """
    status = path.stat()
    return _unpacked(path.absolute(), status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@contextlib.contextmanager
def saying(folder: Path, archive: Path) -> Iterator[None]:
    """Name the archive in errors, in place of the folder to which it was unpacked."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace(str(folder), str(archive))) from error


@lru_cache(maxsize=64)
def _unpacked(path: Path, *state: int) -> Path:
    from .fetch.unpack import ArchiveError, members_of  # which needs `locate`, and most runs need neither

    try:
        members = members_of(path)
        _check(path, members)
        place = cache_folder().absolute() / "archives" / _key(path, members)
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(place.with_suffix(".lock")):  # of two who want it, one unpacks
                if not _is_whole(place):
                    _unpack(path, place)
    except (ArchiveError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"the images in {path} cannot be used: {reason}") from error
    except FusionBenchError as error:
        if "cannot write" not in str(error):
            raise
        raise InputError(
            f"the images in {path} cannot be unpacked: {error} (FUSIONBENCH_CACHE names another place)"
        ) from error
    return place / path.stem


def _check(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Make sure that there are images, or videos."""
    names = [Path(member.filename) for member in members if not member.is_dir()]
    if any(is_image_name(name) or is_video_name(name) for name in names):
        return
    inner = next((name for name in names if name.suffix.lower() in ARCHIVES), None)
    if inner is not None:
        raise InputError(f"{path} holds another archive, {inner}, and no image: unpack it, and name what is in there")
    raise InputError(f"no image in the archive {path}")


def _key(path: Path, members: Sequence[zipfile.ZipInfo]) -> str:
    digest = hashlib.sha256(path.stem.encode(errors="surrogateescape"))
    for each in members:
        digest.update(f"\0{each.filename}\0{each.file_size} {each.CRC} {each.header_offset}".encode())
    return digest.hexdigest()[:16]


def _unpack(path: Path, place: Path) -> None:
    """Unpack into a neighbour, which then takes the name; what is there already is damaged."""
    from .fetch.unpack import Unpacker, unpack_zip

    for left in place.parent.glob(f".{place.name}.*.tmp"):  # by one who was killed
        shutil.rmtree(left, ignore_errors=True)
    part, old = (place.with_name(f".{place.name}.{os.urandom(4).hex()}.tmp") for _ in range(2))
    try:
        folder = part / path.stem
        folder.mkdir(parents=True)
        unpacker = Unpacker(folder, {"": ""})
        unpack_zip(path, unpacker, foreign=True)
        sizes = [f"{(folder / name).stat().st_size} {path.stem}/{name}\n" for name in sorted(unpacker.files)]
        write_text(part / _LIST, f"{len(sizes)}\n{''.join(sizes)}")
        flush(part)
        if place.exists():
            place.rename(old)
        part.rename(place)
    finally:
        for left in (part, old):
            shutil.rmtree(left, ignore_errors=True)


def _is_whole(place: Path) -> bool:
    """Whether every file is there, and as large as it was."""
    try:
        count, *lines = (place / _LIST).read_text(encoding="utf-8").splitlines()
        if int(count) != len(lines):
            return False
        for line in lines:
            size, _, name = line.partition(" ")
            if os.stat(place / name).st_size != int(size):  # noqa: PTH116 - many files
                return False
    except (OSError, ValueError):
        return False
    return True
