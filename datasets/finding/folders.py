"""Folders on disk: what lies in them, and how people are told of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from ..images import is_image_name
from ..pair import printable
from .names import fold

_DEPTH = 8  # folders below one another; more is no data set
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
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
    return [folder / entry.name for entry in _entries(folder)]


def _entries(folder: Path, wanted: Callable[[os.DirEntry[str]], bool] = lambda entry: True) -> list[os.DirEntry[str]]:
    """List what is wanted in a folder, sorted. Names are sorted faster than paths, of which there may be many."""
    try:
        with os.scandir(folder) as entries:
            return sorted(filter(wanted, entries), key=lambda entry: entry.name)
    except OSError:
        return []


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
    return [folder / entry.name for entry in _entries(folder, _is_folder)]


def images_in(folder: Path) -> list[Path]:
    """List the images in a folder, sorted."""
    return [folder / entry.name for entry in _entries(folder, lambda entry: is_image_name(Path(entry.name)))]


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
    packed = [path.name for path in files if path.suffix.lower() in _ARCHIVES]
    return f"it holds {' and '.join(parts)}" + (f": unpack {packed[0]}" if packed else "")


def _kinds(files: list[Path]) -> str:
    counts = Counter(path.suffix.lower() for path in files)
    kinds = [_kind(count, suffix) for suffix, count in counts.most_common(_SHOWN)]
    return ", ".join(kinds) + (", …" if len(counts) > _SHOWN else "")


def _kind(count: int, suffix: str) -> str:
    files = "file" if count == 1 else "files"
    return f"{count} {suffix} {files}" if suffix else f"{count} {files} without extension"
