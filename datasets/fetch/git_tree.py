"""Git's own names of files and folders: the hashes by which a repository knows them, computed without git."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

FILE, EXECUTABLE, LINK, FOLDER = "100644", "100755", "120000", "40000"
_BLOCK = 1 << 20


class Blob(NamedTuple):
    """A file as git knows it: its mode ("100644", "100755", "120000"), and the hash of its content."""

    mode: str
    id: str


class BlobHash:
    r"""The hash of a file whose length is known beforehand; feed it with `update`.

    Examples
    --------
    >>> digest = BlobHash(6)
    >>> digest.update(b"hello\n")
    >>> digest.id
    'ce013625030ba8dba906f756967f9e9ca394464a'
    """

    def __init__(self, length: int) -> None:
        self._digest = hashlib.sha1(b"blob %d\0" % length, usedforsecurity=False)

    def update(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        self._digest.update(data)

    @property
    def id(self) -> str:
        """The hash of what came until now, 40 hexadecimal digits."""
        return self._digest.hexdigest()


def tree_id(files: Mapping[str, Blob]) -> str:
    """Compute the hash of a folder from its files, as `git write-tree` does.

    Parameters
    ----------
    files : for each path, with "/" between its parts, what git knows of it.

    Returns
    -------
    40 hexadecimal digits.
    """
    entries: dict[str, tuple[str, str]] = {}
    inner: dict[str, dict[str, Blob]] = {}
    for path, blob in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            inner.setdefault(first, {})[rest] = blob
        else:
            entries[first] = (blob.mode, blob.id)
    entries |= {name: (FOLDER, tree_id(below)) for name, below in inner.items()}
    body = b"".join(
        f"{mode} ".encode() + os.fsencode(name) + b"\0" + bytes.fromhex(digest)
        for name, (mode, digest) in sorted(entries.items(), key=_order)
    )
    return hashlib.sha1(b"tree %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def _order(entry: tuple[str, tuple[str, str]]) -> bytes:
    """Sort by bytes, and folders as if "/" ended their names: "a.txt" before the folder "a" before "a0"."""
    name, (mode, _) = entry
    return os.fsencode(name) + (b"/" if mode == FOLDER else b"")


def files_of(folder: Path) -> dict[str, Blob]:
    """List the files of a folder as git would add them; links are not followed, folders without files do not count.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    return {path.relative_to(folder).as_posix(): blob_of(path) for path in _walk(folder)}


def folder_id(folder: Path) -> str:
    """Compute the hash of a folder on disk; see `tree_id`."""
    return tree_id(files_of(folder))


def same_tree(files: Mapping[str, Blob], expected: str) -> bool:
    """Say whether files are those of a published folder; some file systems know no mode but one."""
    plain = {path: Blob(FILE, blob.id) if blob.mode == EXECUTABLE else blob for path, blob in files.items()}
    return expected in (tree_id(files), tree_id(plain))


def blob_of(path: Path) -> Blob:
    """Compute what git knows of a file."""
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        data = os.fsencode(path.readlink())
        digest = BlobHash(len(data))
        digest.update(data)
        return Blob(LINK, digest.id)
    digest = BlobHash(about.st_size)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return Blob(EXECUTABLE if about.st_mode & stat.S_IXUSR else FILE, digest.id)


def _walk(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path
