"""The splits of a data set: lists of names beside its folders, folders of their own, lists that ship, a user's list.

Lists of names ship that papers test on; one of them, RoadScene's 50 of FILM and CDDFuse, is a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...errors import InputError
from ..spec import SPLITS, DatasetSpec, NamedSplit
from .folders import expanded, files_in, is_folder, is_there
from .lists import SUFFIXES, ListedName, read_list
from .lookup import Lookup, lookup_of
from .sources import DatasetFiles


def choose(
    spec: DatasetSpec, files: DatasetFiles, split: str | Path | None
) -> tuple[str, Sequence[str | ListedName], DatasetFiles]:
    """Choose the names of a split, and the files among which to look for them.

    Returns
    -------
    label, names, files
    """
    texts = {**_shipped(spec), **lists(files)}
    key = str(split or default_split(files, spec)).casefold()
    if key == "all":
        return "all", files.names, files
    path = expanded(split or "")
    if key in texts or (key not in files.splits and is_there(path) and not is_folder(path)):
        label, path = (key, texts[key]) if key in texts else (path.stem, path)
        reason = f"it is in the list of the split {label!r}, but not in the folders"
        return label, read_list(path, lookup_of(files), reason), files
    if key in files.splits:
        part = files.within(key)
        return key, part.names, part
    known = ", ".join(split_names(files, spec))
    if path.suffix.lower() in SUFFIXES or len(path.parts) > 1:
        raise InputError(f"there is no list of names {path}: give --split a file, or one of {known}")
    raise InputError(f"{spec.name} at {files.root} has no split {key!r}: there are {known}")


def lists(files: DatasetFiles) -> dict[str, Path]:
    """Find the lists of names beside the folders of images, by split; a text file before a table.

    A list of pairs has none: what lies beside it may be another list of pairs.
    """
    if files.listed:
        return {}
    beside = dict.fromkeys([files.root, *(folder.parent for side in files.folders for folder in side)])
    places = [folder for folder in beside if folder == files.root or files.root in folder.parents]
    texts: dict[str, Path] = {}
    for folder in places:
        tables = [path for path in files_in(folder, SUFFIXES) if path.is_file()]
        for path in sorted(tables, key=lambda path: SUFFIXES.index(path.suffix.lower())):
            texts.setdefault(path.stem.casefold(), path)
    return texts


def default_split(files: DatasetFiles, spec: DatasetSpec) -> str:
    """Choose the split that is taken where none is asked for.

    It is "test" where there is such a list beside the images, or such a folder; where there is no list at all, the
    list that ships as a default, if any of its names is there; else "all".
    """
    if own := _own_splits(files):
        return "test" if "test" in own else "all"
    names = {name.casefold() for name in files.names} if spec.splits else set()
    return next((split.name for split in spec.splits if split.default and names & names_of(split)), "all")


def split_names(files: DatasetFiles, spec: DatasetSpec) -> list[str]:
    """List the splits that a data set has: its own, those that ship of which names are there, and "all" at last."""
    names = {name.casefold() for name in files.names}
    shipped = (split.name.casefold() for split in spec.splits if names & names_of(split))
    return [*dict.fromkeys([*_own_splits(files), *shipped]), "all"]


def remedy(spec: DatasetSpec, split: str) -> str:
    """Say what to do where names of a list that ships are not in the folders; nothing for a user's own list."""
    return f"; --split all takes whatever lies there in place of {split}" if split in _shipped(spec) else ""


def split_notes(spec: DatasetSpec, split_name: str, pair_names: Iterable[str]) -> Iterator[str]:
    """Say in a sentence, for tables and manifests, whose pairs these are where they are those of a list that ships."""
    names = {name.casefold() for name in pair_names}
    for split in spec.splits:
        known = names_of(split)
        if not (names <= known if split_name == split.name else names == known and split_name == "test"):
            continue
        part = f"{len(names)} of the {len(known)}" if len(names) < len(known) else f"the {len(known)}"
        yield f"The pairs are {part} test pairs of {split.whose} ({split.name})."
        return


def cited(spec: DatasetSpec, split_name: str, pair_names: Iterable[str]) -> str | None:
    """Cite the list that ships and that pairs are of, with the hash of its names; None where it is none.

    Pairs are of a list where it was asked for, or where they are all of its pairs and no other.

    Returns
    -------
    str
        As it stands in captions: "RoadScene/film50 (f5627044)".
    """
    names = {name.casefold() for name in pair_names}
    for split in spec.splits:
        known = names_of(split)
        if (split_name == split.name and names <= known) or names == known:
            return citation(spec, split)
    return None


def citation(spec: DatasetSpec, split: NamedSplit) -> str:
    """Cite a list that ships, with the hash of its names: "RoadScene/film50 (f5627044)"."""
    return f"{spec.name}/{split.name} ({split.digest[:8]})"


def pick(
    wanted: Path | Sequence[str], names: Sequence[str | ListedName], lookup: Lookup, label: str
) -> list[ListedName]:
    """Pick some pairs of a split.

    Parameters
    ----------
    wanted : a list of names as a file, or the names; both as `read_list` understands them.
    names : of the split.
    lookup : all pairs of the data set.
    label : what the split is called.
    """
    if isinstance(wanted, Path):
        listed = read_list(wanted, lookup)
    else:
        hits = [(text, lookup.path(text)) for text in wanted]
        listed = [ListedName(*_meant(text, found)) for text, found in hits]
    inside = {name.name if isinstance(name, ListedName) else name for name in names}
    outside = f"it is not in the split {label!r}; --split all has every pair"
    return [e if e.problem or e.name in inside else ListedName(e.name, e.line, outside) for e in listed]


def _meant(text: str, names: Sequence[str]) -> tuple[str, int, str | None]:
    """Say which pair a text means, or why none; the line is 0, as it is of no file."""
    if len(names) == 1:
        return names[0], 0, None
    return text, 0, f"it may be {', '.join(names[:4])}" if names else "there is no pair of this name"


def _own_splits(files: DatasetFiles) -> list[str]:
    return sorted({*(name for name in lists(files) if name in SPLITS), *files.splits})


def _shipped(spec: DatasetSpec) -> dict[str, Path]:
    """Give the files of the lists that ship, by split in lower case."""
    return {split.name.casefold(): split.names for split in spec.splits}


def names_of(split: NamedSplit) -> set[str]:
    """Read the names of a list that ships, in lower case."""
    return {line.casefold() for line in split.names.read_text(encoding="utf-8").split()}
