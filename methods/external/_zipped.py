"""Fused images in a zip archive: unpacked once, into a folder that goes with the process."""

from __future__ import annotations

import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path

from ...datasets.fetch.unpack import ArchiveError, Unpacker, unpack_zip
from ...datasets.images import is_image_name
from ...errors import InputError
from ...files import is_file

_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # each is removed when the process ends


def is_archive(path: Path) -> bool:
    """Whether a path is that of a file which is, or is called, a zip archive."""
    return is_file(path) and (path.suffix.lower() == ".zip" or zipfile.is_zipfile(path))


def unpacked(path: Path) -> Path:
    """Unpack an archive among the temporary files, and return the folder; the same one for the same file.

    Raises
    ------
    InputError
        It is damaged, has a password, or holds what no archive of images does: paths that lead out of it, links, a name
        twice, names that are not UTF-8, or very much more than its size.
    """
    status = path.stat()
    return _unpacked(path.absolute(), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _unpacked(path: Path, changed: int, size: int) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="fusionbench-")
    try:
        unpack_zip(path, Unpacker(Path(folder.name), {"": ""}))
        if not any(is_image_name(file) for file in Path(folder.name).rglob("*")):
            raise InputError(f"no image in the archive {path}")
    except BaseException as error:
        folder.cleanup()
        if not isinstance(error, ArchiveError | OSError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"the fused images in {path} cannot be used: {reason}") from error
    _FOLDERS.append(folder)
    return Path(folder.name)
