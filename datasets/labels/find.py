"""From a data set to its labels: where they lie, and which file is of which pair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..annotations import SUFFIXES, USUAL, LabelFiles, LabelKind, in_words_of_coco
from ..catalog import get_spec
from ..dataset import FusionDataset
from ..finding.folders import short
from ..finding.names import alike, unpadded
from ..finding.search import files
from ..pair import Pair
from ..spec import plain
from .coco import CocoFile, NotCocoError, read_coco
from .masks import read_mask
from .objects import Frame
from .records import Boxes, Labels
from .voc import class_names, read_voc
from .yolo import read_classes, read_yolo

CLASSES = "classes.txt"  # beside YOLO's files, in the words of who labelled
_SHOWN = 6


class NoLabelsError(InputError):
    """A data set has no labels of a kind, or none that are found."""


def labels_of(dataset: FusionDataset, kind: LabelKind, like: str | None = None) -> Labels:
    """Find the labels of a data set.

    They lie where the entry of the catalogue says, seen from the data set's folder. For a folder that the catalogue
    does not know, boxes are looked for in the usual places: VOC's XML in `Annotations`, YOLO's text files with a
    `classes.txt` in `labels`, COCO's JSON in `annotations`.

    Parameters
    ----------
    kind : "boxes" or "masks".
    like : a data set of the catalogue whose places and classes are taken instead.

    Returns
    -------
    Labels
        Their functions raise `InputError` with a file's name where the file is damaged, and give None for a pair that
        has no annotation.

    Raises
    ------
    InputError
        The data set has none (`NoLabelsError`), or they are not found: it names where they were looked for; or a file
        of all pairs is damaged.
    """
    spec = dataset.spec if like is None else get_spec(like)
    known = spec.labels if spec.labels or like is not None else USUAL
    declared = [each for each in known if each.kind == kind]
    if not declared:
        raise NoLabelsError(_nothing_known(spec.name, kind, [each.kind for each in spec.labels]))
    for place in declared:
        found = _Found(dataset, place)
        if any(pair.name in found.paths for pair in dataset):
            return found.labels()
    raise NoLabelsError(_not_found(dataset, kind, declared))


def groups_of(dataset: FusionDataset) -> dict[str, str]:
    """Say of each pair whether it was taken by day or by night, or in which other group it is, where names tell."""
    rules = [(group, re.compile(names)) for group, names in dataset.spec.groups]
    return {pair.name: group for pair in dataset for group, names in rules if names.fullmatch(pair.name)}


@dataclass
class _Found:
    """The annotation files of a data set that one entry of the catalogue leads to."""

    dataset: FusionDataset
    place: LabelFiles
    pairs: dict[str, Pair] = field(init=False)

    def __post_init__(self) -> None:
        self.pairs = {pair.name: pair for pair in self.dataset}

    @cached_property
    def _all(self) -> dict[str, list[Path]]:
        """Every file of the kind, by its name."""
        suffixes = SUFFIXES[self.place.format]
        found: dict[str, list[Path]] = {}
        for template in self.place.templates:
            for name, paths in files(self.dataset.root, template, suffixes).paths.items():
                found.setdefault(alike(name), []).extend(path for path in paths if path.name.casefold() != CLASSES)
        return {name: list(dict.fromkeys(paths)) for name, paths in found.items() if paths}

    @cached_property
    def _coco(self) -> list[CocoFile]:
        """The JSON files of annotations; right in the data set's folder others lie, too."""
        found = []
        for path in sorted(path for paths in self._all.values() for path in paths):
            try:
                found.append(read_coco(path))
            except NotCocoError:
                if path.parent != self.dataset.root:
                    raise
        return found

    @cached_property
    def paths(self) -> dict[str, Path]:
        """The file of each pair that has one."""
        if self.place.format == "coco":
            return {name: file.path for name, (file, _) in self._listed.items()}
        plain: dict[str, list[Path]] = {}
        for name, paths in self._all.items():
            plain.setdefault(unpadded(name), []).extend(paths)
        chosen = {}
        for pair in self.pairs.values():
            keys = [alike(key) for key in _names(pair)]
            candidates = [self._all.get(key) for key in keys] + [plain.get(unpadded(key)) for key in keys]
            if filled := [paths for paths in candidates if paths]:
                chosen[pair.name] = _nearest(pair, filled[0])
        return chosen

    @cached_property
    def _listed(self) -> dict[str, tuple[CocoFile, str]]:
        """The JSON file, and the name of the image in it, of each pair that is listed in one."""
        words = {file.path: re.split(r"[\W_]+", file.path.stem.casefold()) for file in self._coco}
        ours = [file for file in self._coco if self.dataset.split.casefold() in words[file.path]] or self._coco
        chosen: dict[str, tuple[CocoFile, str]] = {}
        for file in ours:
            images = {alike(stem): stem for stem in file.images}
            for pair in self.pairs.values():
                stem = next((images[alike(key)] for key in _names(pair) if alike(key) in images), None)
                if stem is None:
                    continue
                if pair.name in chosen:
                    other = chosen[pair.name][0].path
                    raise InputError(f"{pair.name} is listed in two files of annotations, {other} and {file.path}")
                chosen[pair.name] = file, stem
        return chosen

    def labels(self) -> Labels:
        """Make the functions that read."""
        if self.place.kind == "masks":
            return Labels("masks", self.place.scored, lambda name: None, self._mask, self._words)
        self._tell_classes()
        return Labels("boxes", self.place.scored, self._boxes, lambda name: None)

    def _tell_classes(self) -> None:
        """Find out what the classes are called, where the catalogue does not say it."""
        if self.place.classes:
            return
        if self.place.format == "coco":
            names: Iterable[str] = (name for file in self._coco for name in file.classes)
        elif self.place.format == "voc":
            names = sorted({name for path in self.paths.values() for name in class_names(path)})
        else:
            names = read_classes(self._list_of_classes())
        self.place = replace(self.place, classes=tuple(dict.fromkeys(names)))

    def _list_of_classes(self) -> Path:
        root = self.dataset.root
        folders = dict.fromkeys([*(path.parent for path in self.paths.values()), root])
        for folder in [*folders, *(folder.parent for folder in folders if folder != root)]:
            if (folder / CLASSES).is_file():
                return folder / CLASSES
        where = " or ".join(short(folder, root) for folder in list(folders)[:_SHOWN])
        raise InputError(
            f"the numbers of the classes in {next(iter(folders))} have no names: put a {CLASSES} with one name a line "
            f"into {where}, or say of which data set of the catalogue the classes are"
        )

    @cached_property
    def _places(self) -> dict[str, int | None]:
        scored = self.place.scored
        ignored: dict[str, int | None] = dict.fromkeys(map(in_words_of_coco, self.place.ignored))
        return ignored | {name: number for number, name in enumerate(scored)}

    def _boxes(self, name: str) -> Boxes | None:
        path, frame = self.paths.get(name), self._frame(name)
        if path is None:
            return None
        if self.place.format == "coco":
            file, stem = self._listed[name]
            return file.boxes(stem, self._places, frame)
        if self.place.format == "voc":
            return read_voc(path, self._places, frame)
        return read_yolo(path, self.place.classes, self._places, frame)

    def _mask(self, name: str) -> NDArray[np.uint8] | None:
        path, frame = self.paths.get(name), self._frame(name)
        if path is None:
            return None
        return read_mask(path, [None if word is None else self._places[word] for word in self._words], frame)

    @cached_property
    def _words(self) -> tuple[str | None, ...]:
        """What the values in masks mean."""
        return tuple(
            None if label in self.place.void else in_words_of_coco(each)
            for label, each in enumerate(self.place.classes)
        )

    def _frame(self, name: str) -> Frame:
        if name not in self.pairs:
            raise InputError(f"{self.dataset.name} has no pair {name!r}")
        sizes = []
        for source in self.pairs[name].sources:
            header = self.dataset.header(source) if isinstance(source, Path) else None
            sizes.append((header.height, header.width) if header else source.shape[:2])  # type: ignore[union-attr]
        policy = self.dataset.size_policy
        size = tuple(map(min, zip(*sizes, strict=True))) if policy == "crop" else sizes[0]
        return Frame((size[0], size[1]), tuple((high, wide) for high, wide in sizes), policy)


def _names(pair: Pair) -> list[str]:
    """Give the names that an annotation of a pair may have: the pair's, and those of its sources' files."""
    return [pair.name, *(source.stem for source in pair.sources if isinstance(source, Path))]


def _nearest(pair: Pair, paths: Sequence[Path]) -> Path:
    """Choose among files of one name that which lies in most of the same folders as the pair's sources."""

    def shared(path: Path) -> int:
        parts = set(path.parent.parts)
        return max(len(parts & set(s.parent.parts)) for s in pair.sources if isinstance(s, Path))

    if len(paths) == 1 or not isinstance(pair.a, Path):
        return paths[0]
    best = [path for path in paths if shared(path) == max(map(shared, paths))]
    if len(best) > 1:
        raise InputError(f"more than one annotation is of {pair.name}: {', '.join(map(str, best[:_SHOWN]))}")
    return best[0]


def _nothing_known(name: str, kind: LabelKind, others: Sequence[LabelKind]) -> str:
    there = f"its labels are {' and '.join(dict.fromkeys(others))}" if others else "no classes of it are known"
    return (
        f"{name} has no {kind}: {there}; say of which data set of the catalogue its {kind} and their classes are like"
    )


def _not_found(dataset: FusionDataset, kind: LabelKind, declared: Sequence[LabelFiles]) -> str:
    places = [plain(template) + SUFFIXES[each.format][0] for each in declared for template in each.templates]
    shown = ", ".join(dict.fromkeys(places))
    return f"no {kind} of {dataset.name} are found: {dataset.root} has no {shown} of the names of its pairs"
