"""Which pairs of a data set are taken: lists beside the images, folders of splits, and lists that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import layouts
from .layouts import Found
from .spec import DatasetSpec, NamedSplit

if TYPE_CHECKING:
    from .dataset import FusionDataset


def default_split(found: Found, spec: DatasetSpec) -> str:
    """Choose the split that is taken where none is asked for.

    It is "test" where there is such a list beside the images, or such a folder; where there is no list at all, the
    first that ships, if any of its names is there; else "all".
    """
    own = own_splits(found)
    if own:
        return "test" if "test" in own else "all"
    there = {name.casefold() for name in found.names}
    return next((split.name for split in spec.splits[:1] if there & _folded(split)), "all")


def split_names(found: Found, spec: DatasetSpec) -> list[str]:
    """List the splits that a data set has: its own, those that ship, and "all" at last."""
    own = own_splits(found)
    return [*own, *(split.name for split in spec.splits if split.name not in own), "all"]


def own_splits(found: Found) -> list[str]:
    """List the splits that lie beside the images, or are folders of them."""
    texts = [name for name in layouts.lists(found) if name in layouts.SPLITS]
    return sorted({*texts, *found.splits})


def shipped(spec: DatasetSpec, name: str) -> NamedSplit | None:
    """Find a list that ships, without regard to case."""
    return next((split for split in spec.splits if split.name.casefold() == name.casefold()), None)


def held_out(found: Found, spec: DatasetSpec) -> set[str]:
    """Give the names, in lower case, that are tested on and so must not be learnt from; none where nobody says any."""
    name = default_split(found, spec)
    if name == "all":
        return set()
    split = shipped(spec, name)
    texts = layouts.lists(found)
    if name in texts:
        return {each.casefold() for each in layouts.read_names(texts[name])}
    if name in found.splits:
        return {each.casefold() for each in found.within(name).names}
    return _folded(split) if split else set()


def remedy(dataset: DatasetSpec, split: str) -> str:
    """Say what to do where names of a list that ships are not in the folders; nothing where it is a user's own."""
    return f"; --split all takes whatever lies there in place of {split}" if shipped(dataset, split) else ""


def notes(dataset: FusionDataset) -> list[str]:
    """Say in a sentence, for tables and manifests, whose pairs these are where they are those of a list that ships."""
    names = {name.casefold() for name in (*(pair.name for pair in dataset), *dataset.skipped)}
    for split in dataset.spec.splits:
        known = _folded(split)
        if not (names <= known if dataset.split == split.name else names == known and dataset.split == "test"):
            continue
        part = f"{len(names)} of the {len(known)}" if len(names) < len(known) else f"the {len(known)}"
        if dataset.split != split.name:
            which = f"split {dataset.split}, the same names as {split.name}"
        elif dataset.split == dataset.default_split:
            which = f"split {split.name}, which is taken where no list of names lies beside the images"
        else:
            which = f"split {split.name}"
        return [f"The pairs are {part} {split.about} ({which})."]
    return []


def _folded(split: NamedSplit) -> set[str]:
    return {name.casefold() for name in layouts.read_names(split.names)}
