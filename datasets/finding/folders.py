"""Folders on disk: what lies in them, and how people are told of it."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import printable
from ...files import remembering
from ..images import EXTENSIONS
from .names import fold

_LISTED: ContextVar[dict[str, _Listing] | None] = ContextVar("_LISTED", default=None)
_DEPTH = 8  # folders below one another; more is no data set
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_SHOWN = 3


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; not one that cannot be looked at, or has no possible name."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_there(path: Path) -> bool:
    """Whether anything lies at a path, which need be no possible name."""
    return os.path.exists(path)  # noqa: PTH110 - the method raises where a name is too long


def expanded(text: str | Path) -> Path:
    """Put the home folder in place of "~"; a user who is not there leaves the path as it stands."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def inside(folder: Path) -> list[Path]:
    """List what lies in a folder, sorted; nothing where it is not there, or not ours to read."""
    return [folder / name for name in _listing(folder).names]


@dataclass
class _Listing:
    """What lies in a folder, sorted: names, which take less than paths and entries, of which there may be many.

    `others` are the entries that are not simply files.
    """

    names: list[str] = field(default_factory=list)
    others: list[os.DirEntry[str]] = field(default_factory=list)


def _listing(folder: Path) -> _Listing:
    known = _LISTED.get()
    place = os.fspath(folder)
    if known is not None and place in known:
        return known[place]
    listing = _Listing()
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            listing.names.append(entry.name)
            if not _is_plain(entry):
                listing.others.append(entry)
    listing.names.sort()
    listing.others.sort(key=lambda entry: entry.name)
    if known is not None and listing.names:
        known[place] = listing
    return listing


def _is_plain(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False


def listed_once() -> AbstractContextManager[None]:
    """Read each folder once as long as this lasts, however many layouts are looked for in it: it may hold a million."""
    return remembering(_LISTED)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir()
    except OSError:  # a link in a circle
        return False


def child(folder: Path, name: str) -> Path | None:
    """Find a sub-folder, "a/b" too, without regard to case and to "-", "_" and blanks."""
    for part in Path(name).parts:
        exact = folder / part
        if not is_folder(exact):
            similar = [other for other in subfolders(folder) if fold(other.name) == fold(part)]
            if not similar:
                return None
            exact = similar[0]
        folder = exact
    return folder


def subfolders(folder: Path) -> list[Path]:
    """List the folders in a folder, sorted, hidden ones left out."""
    return [folder / entry.name for entry in filter(_is_folder, _listing(folder).others)]


def images_in(folder: Path) -> list[Path]:
    """List the images in a folder, sorted."""
    return files_in(folder, EXTENSIONS)


def files_in(folder: Path, extensions: Container[str]) -> list[Path]:
    """List the files with one of these extensions in a folder, sorted, hidden ones left out."""
    return [folder / name for name in names_in(folder, extensions)]


def names_in(folder: Path, extensions: Container[str]) -> list[str]:
    """List the names of these files."""
    return [
        name
        for name in _listing(folder).names
        if not name.startswith(".") and os.path.splitext(name)[1].lower() in extensions  # noqa: PTH122 - many names
    ]


def has_images(folder: Path) -> bool:
    """Whether images lie in a folder, or anywhere below it."""
    return any(images_in(place) for place in below(folder))


def below(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """List a folder and all folders in it, hidden ones left out; links are followed, but not in circles."""
    yield from _below(folder, depth, {os.path.realpath(folder)})


def _below(folder: Path, depth: int, above: set[str]) -> Iterator[Path]:
    yield folder
    for place in subfolders(folder) if depth else ():
        real = os.path.realpath(place)
        if real not in above:
            yield from _below(place, depth - 1, above | {real})


def short(path: Path, root: Path) -> str:
    """Name a path as seen from the data set's folder."""
    text = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    return printable(root.name or str(root) if text == "." else text)


def contents(folder: Path) -> str:
    """Say what lies in a folder that holds no images itself.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for number in range(12):
    ...         (Path(folder) / f"{number}.mp4").touch()
    ...     contents(Path(folder))
    'it holds 12 .mp4 files'
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        return f"it cannot be read: {(error.strerror or str(error)).lower()}"
    visible = [path for path in entries if not path.name.startswith(".")]
    files = [path for path in visible if not is_folder(path)]
    folders = subfolders(folder)
    if not entries:
        return "it is empty"
    if not visible:
        return f"it holds only hidden files ({entries[0].name}{', …' if len(entries) > 1 else ''})"
    parts = []
    if files:
        parts.append(_kinds(files))
    if folders:
        names = ", ".join(path.name for path in folders[:_SHOWN]) + (", …" if len(folders) > _SHOWN else "")
        parts.append(f"{'only ' if not files else ''}sub-folders ({names})")
    packed = [path.name for path in files if path.suffix.lower() in ARCHIVES]
    return f"it holds {' and '.join(parts)}" + (f": unpack {packed[0]}" if packed else "")


def _kinds(files: list[Path]) -> str:
    counts = Counter(path.suffix.lower() for path in files)
    kinds = [_kind(count, suffix) for suffix, count in counts.most_common(_SHOWN)]
    return ", ".join(kinds) + (", …" if len(counts) > _SHOWN else "")


def _kind(count: int, suffix: str) -> str:
    files = "file" if count == 1 else "files"
    return f"{count} {suffix} {files}" if suffix else f"{count} {files} without extension"
