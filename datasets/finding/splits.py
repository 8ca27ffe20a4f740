"""The splits of a data set: lists of names beside its folders, folders of their own, or a list that the user gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError
from ..shipped import default_shipped, shipped_lists
from ..spec import DatasetSpec
from .layouts import SPLITS, Found
from .lists import SUFFIXES, Listed, read_list
from .matching import lookup


def choose(spec: DatasetSpec, found: Found, split: str | Path | None) -> tuple[str, Sequence[str | Listed], Found]:
    """Choose the names of a split, and the files among which to look for them.

    Returns
    -------
    label, names, found
    """
    texts = {**shipped_lists(spec), **lists(found)}
    key = str(split or default_split(found, spec)).casefold()
    if key == "all":
        return "all", found.names, found
    path = Path(split or "").expanduser()
    if key in texts or (key not in found.splits and path.is_file()):
        label, path = (key, texts[key]) if key in texts else (path.stem, path)
        return (
            label,
            read_list(path, lookup(found), f"it is in the list of the split {label!r}, but not in the folders"),
            found,
        )
    if key in found.splits:
        chosen = found.within(key)
        return key, chosen.names, chosen
    if path.suffix.lower() in SUFFIXES or len(path.parts) > 1:
        raise InputError(
            f"there is no list of names {path}: give --split a file, or one of {', '.join(split_names(found, spec))}"
        )
    there = ", ".join(split_names(found, spec))
    raise InputError(f"{spec.name} at {found.root} has no split {key!r}: there are {there}")


def lists(found: Found) -> dict[str, Path]:
    """Find the lists of names beside the folders of images, by split; a text file before a table."""
    beside = dict.fromkeys([found.root, *(folder.parent for side in found.folders for folder in side)])
    inside = [folder for folder in beside if folder == found.root or found.root in folder.parents]
    texts: dict[str, Path] = {}
    for folder in inside:
        files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.is_file()]
        for path in sorted(files, key=lambda path: SUFFIXES.index(path.suffix.lower())):
            texts.setdefault(path.stem.casefold(), path)
    return texts


def default_split(found: Found, spec: DatasetSpec) -> str:
    """Choose the split that is taken where none is asked for.

    It is "test" where there is such a list beside the images, or such a folder; where there is no list at all, the
    first that ships, if any of its names is there; else "all".
    """
    own = _own_splits(found)
    return ("test" if "test" in own else "all") if own else default_shipped(spec, found)


def split_names(found: Found, spec: DatasetSpec) -> list[str]:
    """List the splits that a data set has: its own, those that ship, and "all" at last."""
    return [*dict.fromkeys([*_own_splits(found), *shipped_lists(spec)]), "all"]


def _own_splits(found: Found) -> list[str]:
    texts = [name for name in lists(found) if name in SPLITS]
    return sorted({*texts, *found.splits})
