"""Finding the files of a data set in a folder, in the arrangements that are met in the wild."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..images import EXTENSIONS, is_image_name
from .names import alike, cores, fold, natural, unpadded
from .pairing import match, spellings
from .words import EVERY, TRUTH

SPLITS = ("test", "train", "val", "valid", "eval", "trainval")
ANY_DEPTH = "**"
_DEPTH = 8  # folders below one another; more is no data set
_PLACES = {"{name}": "(?P<name>.+)", "{split}": f"(?P<split>{'|'.join(SPLITS)})"}


@dataclass(frozen=True)
class Layout:
    """Where the sources lie, as templates of paths in the data set's folder.

    `{name}` stands for the pair's name, `{split}` for "train", "test", ...; the last part is a file without its
    extension, and what else there is counts as a regular expression, without regard to case: "(ir|infrared)/{name}",
    "infrared/{split}/{name}", "{name}-A", "input/{name}/{name}_A". A part "**" stands for any folders; they, and what
    groups named any0, any1, ... catch, are a part of the name.

    Attributes
    ----------
    a, b : templates of the two sources.
    truth : template of the ideal fused image, where the data set has one.
    """

    a: str
    b: str
    truth: str | None = None

    def __str__(self) -> str:
        return f"{_plain(self.a)} with {_plain(self.b)}"


@dataclass
class Files:
    """The files that fit one template.

    Attributes
    ----------
    paths : for each name its files (more than one is a mistake of the data's).
    split_of : which split's folder a file lies in, where there are such folders.
    """

    paths: dict[str, list[Path]] = field(default_factory=dict)
    split_of: dict[Path, str] = field(default_factory=dict)

    def add(self, name: str, split: str | None, path: Path) -> None:
        """Note a file."""
        self.paths.setdefault(name, []).append(path)
        if split is not None:
            self.split_of[path] = split

    def rename(self, old: str, new: str) -> None:
        """Give the files of one name another."""
        self.paths[new] = self.paths.pop(old)

    def within(self, split: str) -> Files:
        """Keep the files in the folders of one split."""
        kept = Files()
        for name, paths in self.paths.items():
            for path in paths:
                if self.split_of.get(path) == split:
                    kept.add(name, split, path)
        return kept


@dataclass(frozen=True)
class Found:
    """A data set in its folder.

    Attributes
    ----------
    root : the data set's folder.
    layout : the layout that fits.
    a, b, truth : the files, by name.
    unclear : for a name that more than one file of the other source may belong to, the sentence that says so.
    """

    root: Path
    layout: Layout
    a: Files
    b: Files
    truth: Files
    unclear: dict[str, str] = field(default_factory=dict)

    @property
    def folders(self) -> tuple[list[Path], list[Path]]:
        """The folders in which the files of a and of b lie, sorted."""
        return _parents(self.a), _parents(self.b)

    @property
    def names(self) -> list[str]:
        """Every name that a or b has, in natural order."""
        return sorted(self.a.paths.keys() | self.b.paths.keys(), key=natural)

    @property
    def splits(self) -> list[str]:
        """The splits that have folders of their own."""
        return sorted({*self.a.split_of.values(), *self.b.split_of.values()})

    def within(self, split: str) -> Found:
        """Keep the files in the folders of one split."""
        return replace(self, a=self.a.within(split), b=self.b.within(split), truth=self.truth.within(split))


def child(folder: Path, name: str) -> Path | None:
    """Find a sub-folder, "a/b" too, without regard to case and to "-", "_" and blanks."""
    for part in Path(name).parts:
        exact = folder / part
        if not exact.is_dir():
            similar = [other for other in subfolders(folder) if fold(other.name) == fold(part)]
            if not similar:
                return None
            exact = similar[0]
        folder = exact
    return folder


def subfolders(folder: Path) -> list[Path]:
    """List the folders in a folder, sorted, hidden ones left out."""
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError:  # not there, or not ours to read
        return []


def find(root: Path, layouts: Iterable[Layout]) -> Found | None:
    """Look for the first layout of which `root` holds files of both sources.

    Returns
    -------
    Found or None
        None if no layout fits.
    """
    for layout in layouts:
        a = files(root, layout.a)
        b = files(root, layout.b) if a.paths else Files()
        _part(layout, a, b)
        if a.paths and b.paths:
            return join(root, layout, a, b, files(root, layout.truth) if layout.truth else Files())
    return None


def _part(layout: Layout, a: Files, b: Files) -> None:
    """Let a file that fits both templates, as "x_ir" fits "{name}" and "{name}_ir", count for the longer one only."""
    shared = {path for paths in a.paths.values() for path in paths} & {p for paths in b.paths.values() for p in paths}
    less = a if len(layout.a) < len(layout.b) else b
    for name in [name for name, paths in less.paths.items() if shared.intersection(paths)] if shared else ():
        less.paths[name] = [path for path in less.paths[name] if path not in shared]
        if not less.paths[name]:
            del less.paths[name]


def join(root: Path, layout: Layout, a: Files, b: Files, truth: Files) -> Found:
    """Give the files of both sources, and the ideal images, the names under which they belong together.

    Names that are equal stay; then count, each only for what is left: case and accents, the words of the sources
    ("IR1" with "VIS1" is 1), zeros in front of numbers. See `pairing.match`.
    """
    sides = {0: _words(a), 1: _words(b)}
    lone_a, lone_b = ([*side.paths.keys() - other.paths.keys()] for side, other in ((a, b), (b, a)))
    found = match({n: [n] for n in lone_a}, {n: [n] for n in lone_b}, spellings(sides[0]), spellings(sides[1]))
    taken = a.paths.keys() | b.paths.keys()
    for mine, partner in found.partner.items():
        name = _shown(mine, found.core[mine], sides[0])
        name = mine if name in taken - {mine, partner} else name
        taken |= {name}
        a.rename(mine, name)
        b.rename(partner, name)
    lone = {name: [name] for name in truth.paths if name not in a.paths}
    ways = spellings(_words(truth) | set(TRUTH))
    for name, mine in match({n: [n] for n in a.paths if n not in truth.paths}, lone, ways, ways).partner.items():
        truth.rename(mine, name)
    unclear = {}
    for name, group in found.unclear.items():
        names = dict.fromkeys(group)
        paths = [path for side in (a, b) for other in names for path in side.paths.get(other, [])]
        unclear[name] = (
            f"which of {', '.join(short(path, root) for path in paths)} belong together is not clear: rename them, "
            "or say --a and --b with {name}"
        )
    return Found(root, layout, a, b, truth, unclear)


def _words(side: Files) -> set[str]:
    """Say which words may stand beside a name: the usual ones, and what the folder is called."""
    return {*EVERY, *(alike(folder.name) for folder in _parents(side) if len(folder.name) > 1)}


def _shown(name: str, core: str, words: set[str]) -> str:
    """Say the common name as it is spelled in `name`."""
    if alike(name) == core:
        return name
    left = [c for loose in (False, True) for c in cores(name, words, loose)]
    return next((c for read in (alike, lambda c: unpadded(alike(c))) for c in left if read(c) == core), name)


def files(root: Path, template: str) -> Files:
    """Collect the image files that fit a template."""
    *folders, last = template.split("/")
    if template.startswith("/"):
        root = Path("/")
    states: list[tuple[Path, dict[str, str]]] = [(root, {})] if root.is_dir() else []
    for part in folders:
        if part not in (".", ""):
            states = [state for parent, known in states for state in _enter(parent, part, known)]
    found, pattern = Files(), _pattern(last)
    whole = f".{last.rpartition('.')[2]}".lower() in EXTENSIONS and "." in last  # only files of this kind are meant
    for folder, known in states:
        for path in images_in(folder):
            match = pattern.fullmatch(path.name if whole else path.stem)
            if match is None:
                continue
            name = match.groupdict().get("name") or known.get("name", "")
            if "name" in known and known["name"].casefold() != name.casefold():
                continue  # "Arno/Cave_A": a file that strayed into another pair's folder
            split = known.get("split") or match.groupdict().get("split")
            parts = [text for key, text in known.items() if key.startswith("any") and text]
            name = "/".join([*parts, known.get("name", name)])
            found.add(name, split.casefold() if split else None, path)
    return found


def _enter(parent: Path, part: str, known: dict[str, str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Go into the folders that fit one part of a template."""
    if part == "..":
        yield parent / part, known
    elif part == ANY_DEPTH:
        for folder in below(parent):
            inside = folder.relative_to(parent).as_posix()
            yield folder, {**known, f"any{len(known)}": "" if inside == "." else inside}
    elif (exact := parent / _literal(part)).is_dir() and re.escape(_literal(part)) == part:
        yield exact, known
    else:
        pattern = _pattern(part)
        for folder in subfolders(parent):
            if fits := pattern.fullmatch(folder.name):
                yield folder, known | fits.groupdict()


def images_in(folder: Path) -> list[Path]:
    """List the images in a folder, sorted."""
    try:
        return sorted(path for path in folder.iterdir() if is_image_name(path))
    except OSError:  # not there, or not ours to read
        return []


def has_images(folder: Path) -> bool:
    """Whether images lie in a folder, or anywhere below it."""
    return any(images_in(inside) for inside in below(folder))


def below(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """List a folder and all folders in it, hidden ones left out; links are followed, but not in circles."""
    yield from _below(folder, depth, {os.path.realpath(folder)})


def _below(folder: Path, depth: int, above: set[str]) -> Iterator[Path]:
    yield folder
    for inside in subfolders(folder) if depth else ():
        real = os.path.realpath(inside)
        if real not in above:
            yield from _below(inside, depth - 1, above | {real})


def _literal(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part)


def _pattern(part: str) -> re.Pattern[str]:
    for place, expression in _PLACES.items():
        part = part.replace(place, expression)
    return re.compile(part, re.IGNORECASE)


def _plain(template: str) -> str:
    """Show a template to people: the first of its alternatives, and "*" for the name."""
    folders = re.sub(r"\((?!\?)([^|)]*)[^)]*\)\??", r"\1", template).replace("{name}", "*")
    return folders.replace("{split}", "test").replace("\\", "")


def _parents(found: Files) -> list[Path]:
    return sorted({path.parent for paths in found.paths.values() for path in paths})


def short(path: Path, root: Path) -> str:
    """Name a path as seen from the data set's folder."""
    short = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    return root.name or str(root) if short == "." else short
