"""The files of a data set's sources, under the names by which they belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ..spec import Layout
from .folders import short
from .names import ALL_WORDS, TRUTH_WORDS, alike, cores, natural, unpadded
from .pairing import match, spellings


@dataclass
class SourceFiles:
    """The files of one source.

    Attributes
    ----------
    paths : for each name its files (more than one is a mistake of the data's).
    split_of : which split's folder a file lies in, where there are such folders.
    """

    paths: dict[str, list[Path]] = field(default_factory=dict)
    split_of: dict[Path, str] = field(default_factory=dict)
    _places: set[Path] = field(default_factory=set)

    @property
    def folders(self) -> list[Path]:
        """The folders in which the files lie, sorted."""
        return sorted(self._places)

    def add(self, name: str, split: str | None, path: Path, folder: Path | None = None) -> None:
        """Note a file, and its folder, which the caller may know."""
        self.paths.setdefault(name, []).append(path)
        self._places.add(folder or path.parent)
        if split is not None:
            self.split_of[path] = split

    def keep(self, wanted: Callable[[str, Path], bool]) -> None:
        """Keep the files that are wanted, by name and path."""
        kept = {name: [path for path in paths if wanted(name, path)] for name, paths in self.paths.items()}
        self.paths = {name: paths for name, paths in kept.items() if paths}
        self._places = {path.parent for paths in self.paths.values() for path in paths}

    def rename(self, old: str, new: str) -> None:
        """Give the files of one name another."""
        self.paths[new] = self.paths.pop(old)

    def within(self, split: str) -> SourceFiles:
        """Keep the files in the folders of one split."""
        part = SourceFiles()
        for name, paths in self.paths.items():
            for path in paths:
                if self.split_of.get(path) == split:
                    part.add(name, split, path)
        return part


@dataclass(frozen=True)
class DatasetFiles:
    """The files of a data set in its folder.

    Attributes
    ----------
    root : the data set's folder.
    layout : the layout that fits.
    a, b, truth : the files, by name.
    unclear : for a name that more than one file of the other source may belong to, the sentence that says so.
    listed : the names in the order of a list of pairs, where one says what there is; no folder is searched then.
    further : the files of the sources after a and b.
    ragged : whether scenes may have fewer of these than others; else one that lacks a file is a problem.
    """

    root: Path
    layout: Layout
    a: SourceFiles
    b: SourceFiles
    truth: SourceFiles
    unclear: dict[str, str] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    further: tuple[SourceFiles, ...] = ()
    ragged: bool = False

    @property
    def sides(self) -> tuple[SourceFiles, ...]:
        """The files of all sources: a, b, and the further ones."""
        return (self.a, self.b, *self.further)

    @property
    def folders(self) -> tuple[list[Path], ...]:
        """The folders in which the files of each source lie, sorted."""
        return tuple(side.folders for side in self.sides)

    @cached_property
    def names(self) -> list[str]:
        """Every name that a source has, in natural order, or that of the list of pairs."""
        return list(self.listed) or sorted({name for side in self.sides for name in side.paths}, key=natural)

    @property
    def splits(self) -> list[str]:
        """The splits that have folders of their own."""
        return sorted({split for side in self.sides for split in side.split_of.values()})

    def within(self, split: str) -> DatasetFiles:
        """Keep the files in the folders of one split."""
        a, b, truth, *further = (side.within(split) for side in (self.a, self.b, self.truth, *self.further))
        return replace(self, a=a, b=b, truth=truth, further=tuple(further))


def join(
    root: Path, layout: Layout, a: SourceFiles, b: SourceFiles, truth: SourceFiles, further: Sequence[SourceFiles] = ()
) -> DatasetFiles:
    """Give the files of all sources, and the ideal images, the names under which they belong together.

    Names that are equal stay; then count, each only for what is left: case and accents, the words of the sources
    ("IR1" with "VIS1" is 1), zeros in front of numbers. See `pairing.match`. Further sources follow the names of a.
    """
    words_a, words_b = _words(a), _words(b)
    lone_a, lone_b = ([*side.paths.keys() - other.paths.keys()] for side, other in ((a, b), (b, a)))
    matches = match({n: [n] for n in lone_a}, {n: [n] for n in lone_b}, spellings(words_a), spellings(words_b))
    taken = a.paths.keys() | b.paths.keys()
    for mine, partner in matches.partner.items():
        name = _spelled(mine, matches.core[mine], words_a)
        name = mine if name in taken - {mine, partner} else name
        taken |= {name}
        a.rename(mine, name)
        b.rename(partner, name)
    for side in further:
        _follow(side, a, _words(side))
    _follow(truth, a, _words(truth) | set(TRUTH_WORDS))
    unclear = {}
    for name, group in matches.unclear.items():
        names = dict.fromkeys(group)
        paths = [path for side in (a, b) for other in names for path in side.paths.get(other, [])]
        unclear[name] = (
            f"which of {', '.join(short(path, root) for path in paths)} belong together is not clear: rename them, "
            "or say --a and --b with {name}"
        )
    return DatasetFiles(root, layout, a, b, truth, unclear, further=tuple(further))


def _follow(side: SourceFiles, a: SourceFiles, words: set[str]) -> None:
    """Give the files of a side the names that a has."""
    lone = {name: [name] for name in side.paths if name not in a.paths}
    if not lone:
        return
    ways = spellings(words)
    for name, mine in match({n: [n] for n in a.paths if n not in side.paths}, lone, ways, ways).partner.items():
        side.rename(mine, name)


def _words(side: SourceFiles) -> set[str]:
    """Say which words may stand beside a name: the usual ones, and what the folder is called."""
    return {*ALL_WORDS, *(alike(folder.name) for folder in side.folders if len(folder.name) > 1)}


def _spelled(name: str, core: str, words: set[str]) -> str:
    """Say the common name as it is spelled in `name`."""
    if alike(name) == core:
        return name
    rest = [c for loose in (False, True) for c in cores(name, words, loose)]
    return next((c for read in (alike, lambda c: unpadded(alike(c))) for c in rest if read(c) == core), name)
