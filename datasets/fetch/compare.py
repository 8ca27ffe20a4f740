"""What lies in the place of a published folder: the same, something else, or nothing; and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ...errors import InputError
from ..finding.folders import child
from ..images import is_image_name
from ..spec import Pin, Tree
from .git_tree import Blob, files_of, same_tree, tree_id

State = Literal["absent", "published", "unknown", "other"]
_LITTER = {".DS_Store", "desktop.ini", "Desktop.ini", "Thumbs.db"}  # what a file manager leaves behind
_SHOWN = 3


@dataclass(frozen=True)
class Place:
    """A folder of a data set on this machine.

    Attributes
    ----------
    tree : what is published.
    folder : where it lies, or is to lie.
    state : "published" if git's hash is that of the published folder; "unknown" where none is known; "other".
    hash : git's hash of what lies there, where that is another.
    """

    tree: Tree
    folder: Path
    state: State
    hash: str = ""


def look(pin: Pin, root: Path) -> list[Place]:
    """Look what lies where the folders of a data set belong.

    Raises
    ------
    InputError
        A file there cannot be read.
    """
    return [_look(tree, root) for tree in pin.trees]


def _look(tree: Tree, root: Path) -> Place:
    folder = child(root, tree.place) or root / tree.place
    short = child(root, PurePosixPath(tree.place).name)
    if short is not None and short != folder and tree.hash and is_published(tree, read(short)):
        return Place(tree, short, "published")  # "IR" in place of "input/IR": many copies have it so
    if not folder.is_dir() or not any(folder.iterdir()):
        return Place(tree, folder, "absent")
    if not tree.hash:
        return Place(tree, folder, "unknown")
    files = read(folder)
    return (
        Place(tree, folder, "published") if is_published(tree, files) else Place(tree, folder, "other", tree_id(files))
    )


def is_published(tree: Tree, files: Mapping[str, Blob]) -> bool:
    """Say whether files have the published hash, where need be without what a file manager has left among them."""
    tidy = {path: blob for path, blob in files.items() if PurePosixPath(path).name not in _LITTER}
    return same_tree(files, tree.hash) or same_tree(tidy, tree.hash)


def read(folder: Path) -> dict[str, Blob]:
    """List the files of a folder with their hashes; what cannot be read is said in a sentence."""
    try:
        return files_of(folder)
    except OSError as error:
        raise InputError(f"cannot read {error.filename or folder}: {error.strerror}") from error


def differences(there: Mapping[str, Blob], published: Mapping[str, Blob]) -> str:
    """Say in which images two folders differ; nothing where all images are the same, whatever else there is."""
    missing = [path for path in published if path not in there]
    more = [path for path in there if path not in published]
    other = [path for path in published if path in there and there[path].id != published[path].id]
    kinds = {"not there": missing, "not the published": other, "not among the published": more}
    return ", ".join(text for kind, paths in kinds.items() if (text := _counted(kind, paths)))


def _counted(kind: str, paths: Iterable[str]) -> str:
    images = sorted(path for path in paths if is_image_name(Path(path)))
    if not images:
        return ""
    shown = ", ".join(images[:_SHOWN]) + (", …" if len(images) > _SHOWN else "")
    return f"{len(images)} {'is' if len(images) == 1 else 'are'} {kind} ({shown})"
