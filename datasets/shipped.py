"""Lists of names that ship, because papers test on them: RoadScene's 50 of FILM and CDDFuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .finding.layouts import Found
from .spec import DatasetSpec, NamedSplit

if TYPE_CHECKING:
    from .dataset import FusionDataset


def shipped_lists(spec: DatasetSpec) -> dict[str, Path]:
    """Give the files of the lists that ship, by split in lower case."""
    return {split.name.casefold(): split.names for split in spec.splits}


def default_shipped(spec: DatasetSpec, found: Found) -> str:
    """Choose the split where no list lies beside the images: the first that ships, if any name is there, else "all"."""
    there = {name.casefold() for name in found.names}
    return next((split.name for split in spec.splits[:1] if there & _folded(split)), "all")


def remedy(spec: DatasetSpec, split: str) -> str:
    """Say what to do where names of a list that ships are not in the folders; nothing for a user's own list."""
    return f"; --split all takes whatever lies there in place of {split}" if split in shipped_lists(spec) else ""


def split_notes(dataset: FusionDataset) -> Iterator[str]:
    """Say in sentences, for tables and manifests, whose pairs these are where they are those of a list that ships."""
    names = {name.casefold() for name in (*(pair.name for pair in dataset), *dataset.skipped)}
    for split in dataset.spec.splits:
        known = _folded(split)
        if not (names <= known if dataset.split == split.name else names == known and dataset.split == "test"):
            continue
        part = f"{len(names)} of the {len(known)}" if len(names) < len(known) else f"the {len(known)}"
        yield f"The pairs are {part} test pairs of {split.whose} ({split.name})."
        if dataset.split == split.name == dataset.default_split:
            yield f"No list of names lies beside the images of {dataset.name}, so that {split.name} is the default."
        return


def _folded(split: NamedSplit) -> set[str]:
    return {line.casefold() for line in split.names.read_text(encoding="utf-8").split()}
