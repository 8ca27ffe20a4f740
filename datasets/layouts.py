"""Finding the files of a data set in a folder, in the arrangements that are met in the wild."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .images import EXTENSIONS, is_image_name

SPLITS = ("test", "train", "val", "valid", "eval", "trainval")
_PLACES = {"{name}": "(?P<name>.+)", "{split}": f"(?P<split>{'|'.join(SPLITS)})"}


@dataclass(frozen=True)
class Layout:
    """Where the sources lie, as templates of paths in the data set's folder.

    `{name}` stands for the pair's name, `{split}` for "train", "test", ...; the last part is a file without its
    extension, and what else there is counts as a regular expression, without regard to case: "(ir|infrared)/{name}",
    "infrared/{split}/{name}", "{name}-A", "input/{name}/{name}_A".

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
    """

    root: Path
    layout: Layout
    a: Files
    b: Files
    truth: Files

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


@dataclass
class Entry:
    """One name, the files found for it, and what is wrong with them."""

    name: str
    a: Path | None = None
    b: Path | None = None
    truth: Path | None = None
    problem: str | None = None


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key by which "2" comes before "10", numbers before letters, and case does not matter."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part.casefold()) for part in parts], name


def stem(name: str) -> str:
    """Take an image extension, and only that, off a name.

    Examples
    --------
    >>> stem("00004N.png"), stem("scene.v2"), stem("scene.v2.JPG")
    ('00004N', 'scene.v2', 'scene.v2')
    """
    path = Path(name)
    return path.stem if path.suffix.lower() in EXTENSIONS else path.name


def child(folder: Path, name: str) -> Path | None:
    """Find a sub-folder, "a/b" too, without regard to case and to "-", "_" and blanks."""
    for part in Path(name).parts:
        exact = folder / part
        if not exact.is_dir():
            alike = [other for other in subfolders(folder) if fold(other.name) == fold(part)]
            if not alike:
                return None
            exact = alike[0]
        folder = exact
    return folder


def fold(name: str) -> str:
    """Reduce a name to what must agree: "Road-Scene" and "roadscene" are the same."""
    return re.sub(r"[-_ ]", "", name).casefold()


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
        if a.paths and b.paths:
            _join_by_case(a, b)
            truth = files(root, layout.truth) if layout.truth else Files()
            return Found(root, layout, a, b, truth)
    return None


def files(root: Path, template: str) -> Files:
    """Collect the image files that fit a template."""
    *folders, last = template.split("/")
    states: list[tuple[Path, dict[str, str]]] = [(root, {})] if root.is_dir() else []
    for part in folders:
        if part in (".", ""):
            continue
        pattern = _pattern(part)
        states = [
            (folder, known | match.groupdict())
            for parent, known in states
            for folder in subfolders(parent)
            if (match := pattern.fullmatch(folder.name))
        ]
    found, pattern = Files(), _pattern(last)
    for folder, known in states:
        for path in sorted(folder.iterdir()):
            match = pattern.fullmatch(path.stem) if is_image_name(path) else None
            if match is None:
                continue
            name = match["name"]
            if "name" in known and known["name"].casefold() != name.casefold():
                continue  # "Arno/Cave_A": a file that strayed into another pair's folder
            split = known.get("split")
            found.add(known.get("name", name), split.casefold() if split else None, path)
    return found


def read_names(path: Path) -> list[str]:
    """Read a list of names: one a line, with or without folder and extension; "#" begins a comment line."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines()]
    return list(dict.fromkeys(stem(Path(line).name) for line in lines if line and not line.startswith("#")))


def lists(found: Found) -> dict[str, Path]:
    """Find the text files of names beside the folders of images, by split."""
    beside = dict.fromkeys([found.root, *(folder.parent for side in found.folders for folder in side)])
    inside = [folder for folder in beside if folder == found.root or found.root in folder.parents]
    texts: dict[str, Path] = {}
    for folder in inside:
        for path in sorted(folder.glob("*.[tT][xX][tT]")):
            texts.setdefault(path.stem.casefold(), path)
    return texts


def entries(found: Found, names: Sequence[str], absent: str = "") -> list[Entry]:
    """Match the sources of each name, and say what is wrong where they do not match.

    Parameters
    ----------
    found : the files.
    names : what is wanted, in this order.
    absent : what is said of a name that neither source has.
    """
    by_case = {name.casefold(): name for name in found.names}
    folders = dict(zip("ab", found.folders, strict=True))
    return [_entry(found, folders, by_case.get(name.casefold(), name), absent) for name in names]


def _entry(found: Found, folders: dict[str, list[Path]], name: str, absent: str) -> Entry:
    sides = {"a": found.a.paths.get(name, []), "b": found.b.paths.get(name, [])}
    truth = found.truth.paths.get(name, [])
    entry = Entry(name, truth=truth[0] if truth else None)
    for paths in sides.values():
        if len(paths) > 1:
            entry.problem = f"more than one file has this name: {', '.join(_short(path, found.root) for path in paths)}"
    if not any(sides.values()):
        entry.problem = absent or "there is no such file"
    elif not all(sides.values()):
        lone, missing = ("a", "b") if sides["a"] else ("b", "a")
        where = " or ".join(_short(folder, found.root) for folder in folders[missing])
        entry.problem = f"{_short(sides[lone][0], found.root)} has no partner in {where}"
    if entry.problem is None:
        entry.a, entry.b = sides["a"][0], sides["b"][0]
    return entry


def _join_by_case(a: Files, b: Files) -> None:
    """Give files of b the spelling of a where the two differ in case only (VIFB has peopleShadow, peopleshadow)."""
    lone = {name.casefold(): name for name in a.paths.keys() - b.paths.keys()}
    for name in b.paths.keys() - a.paths.keys():
        twin = lone.pop(name.casefold(), None)
        if twin is not None:
            b.paths[twin] = b.paths.pop(name)


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


def _short(path: Path, root: Path) -> str:
    """Name a path as seen from the data set's folder."""
    short = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    return root.name or str(root) if short == "." else short
