"""The search for the files of a data set: by layouts, or anywhere below a folder by the words in its names."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..images import EXTENSIONS
from ..pair import Task
from ..spec import SPLITS, Layout
from .folders import below, files_in, is_folder, names_in, subfolders
from .names import SOURCE_WORDS, TRUTH_WORDS, alike, cores
from .sources import DatasetFiles, SourceFiles, join

ANY_DEPTH = "**"
_MOST = 5000  # folders below one; who has more says where the sources lie
_SIDES = ("a", "b", "truth")
_PLACES = {"{name}": "(?P<name>.+)", "{split}": f"(?P<split>{'|'.join(SPLITS)})"}


def find(root: Path, layouts: Iterable[Layout]) -> DatasetFiles | None:
    """Look for the first layout of which `root` holds files of every source.

    Returns
    -------
    DatasetFiles or None
        None if no layout fits.
    """
    for layout in layouts:
        a = files(root, layout.a)
        b = files(root, layout.b) if a.paths else SourceFiles()
        _share_out(layout, a, b)
        further = [files(root, template) for template in layout.further] if b.paths else []
        if a.paths and b.paths and all(side.paths for side in further):
            truth = files(root, layout.truth) if layout.truth else SourceFiles()
            return join(root, layout, a, b, truth, further)
    return None


def _share_out(layout: Layout, a: SourceFiles, b: SourceFiles) -> None:
    """Let a file that fits both templates, as "x_ir" fits "{name}" and "{name}_ir", count for the longer one only."""
    if not {*a.folders} & {*b.folders}:
        return
    shared = {path for paths in a.paths.values() for path in paths} & {p for paths in b.paths.values() for p in paths}
    loser = a if len(layout.a) < len(layout.b) else b
    loser.keep(lambda name, path: path not in shared)


def files(root: Path, template: str, extensions: Container[str] = EXTENSIONS) -> SourceFiles:
    """Collect the files that fit a template: images, or those with other extensions."""
    *folders, last = template.split("/")
    if template.startswith("/"):
        root = Path("/")
    places: list[tuple[Path, dict[str, str]]] = [(root, {})] if is_folder(root) else []
    for part in folders:
        if part not in (".", ""):
            places = [place for parent, known in places for place in _enter(parent, part, known)]
    collection, pattern = SourceFiles(), _pattern(last)
    whole = f".{last.rpartition('.')[2]}".lower() in EXTENSIONS and "." in last  # only files of this kind are meant
    for folder, known in places:
        parts = [text for key, text in known.items() if key.startswith("any") and text]
        for file in names_in(folder, extensions):
            match = pattern.fullmatch(file if whole else os.path.splitext(file)[0])  # noqa: PTH122 - many names
            if match is None:
                continue
            told = match.groupdict()
            name = told.get("name") or known.get("name", "")
            if "name" in known and known["name"].casefold() != name.casefold():
                continue  # "Arno/Cave_A": a file that strayed into another pair's folder
            split = known.get("split") or told.get("split")
            name = "/".join([*parts, known.get("name", name)])
            collection.add(name, split.casefold() if split else None, folder / file, folder)
    return collection


def _enter(parent: Path, part: str, known: dict[str, str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Go into the folders that fit one part of a template."""
    literal = re.sub(r"\\(.)", r"\1", part)
    if part == "..":
        yield parent / part, known
    elif part == ANY_DEPTH:
        for folder in below(parent):
            inside = folder.relative_to(parent).as_posix()
            yield folder, {**known, f"any{len(known)}": "" if inside == "." else inside}
    elif re.escape(literal) == part and is_folder(exact := parent / literal):
        yield exact, known
    else:
        pattern = _pattern(part)
        for folder in subfolders(parent):
            if fits := pattern.fullmatch(folder.name):
                yield folder, known | fits.groupdict()


def _pattern(part: str) -> re.Pattern[str]:
    for place, expression in _PLACES.items():
        part = part.replace(place, expression)
    return re.compile(part, re.IGNORECASE | re.DOTALL)  # a name may hold a line break: its pair is a problem, not lost


def find_in_tree(
    root: Path, tasks: Sequence[Task], extensions: Container[str] = EXTENSIONS
) -> tuple[Task | None, DatasetFiles | None]:
    """Look for sources by the words in the names of folders and of files, anywhere below a folder.

    `x_rgb.png` with `x_th.png`, `x.png` with `x_th.png`, `set00/V000/lwir/1.png` with `set00/V000/visible/1.png`,
    `car/ir.png` with `car/vi.png`: without the word of its source, and without the split, a path is the name of the
    pair. The task is that of which most names have both sources. Files are images, unless other extensions are said.

    Returns
    -------
    task, files
        None, where nothing has a partner.
    """
    places = [_Place.of(root, folder, extensions) for folder in islice(below(root), _MOST)]
    best: tuple[int, Task | None, DatasetFiles | None] = (0, None, None)
    for task in tasks if any(place.files for place in places) else ():
        sides = _sort(places, task)
        if not (sides["a"].paths and sides["b"].paths):
            continue
        layout = Layout(str(sides["a"].folders[0]), str(sides["b"].folders[0]))
        files = join(root, layout, sides["a"], sides["b"], sides["truth"])
        count = len(files.a.paths.keys() & files.b.paths.keys())
        if count > best[0]:
            best = (count, task, files)
    return best[1], best[2]


@dataclass
class _Place:
    """A folder below the root: its files with their stems, the names of the folders to it, and which split's it is."""

    folder: Path
    inner: list[str]
    split: str | None
    files: list[tuple[str, Path]]

    @classmethod
    def of(cls, root: Path, folder: Path, extensions: Container[str]) -> _Place:
        parts = folder.relative_to(root).parts
        split = next((part.casefold() for part in parts if part.casefold() in SPLITS), None)
        inner = [part for part in parts if part.casefold() not in SPLITS]
        return cls(folder, inner, split, [(path.stem, path) for path in files_in(folder, extensions)])


def _sort(places: Iterable[_Place], task: Task) -> dict[str, SourceFiles]:
    """Sort images by the source that they are of, as the words in their paths tell it."""
    words = dict(zip(_SIDES, (*SOURCE_WORDS[task], TRUTH_WORDS if task in ("MEF", "MFF") else ()), strict=True))
    sides, plain = {side: SourceFiles() for side in _SIDES}, SourceFiles()
    for place in places:
        for stem, path in place.files:
            side_and_name = _side_of(place.inner, stem, words)
            if side_and_name is not None:
                side, name = side_and_name
                sides[side].add(name, place.split, path, place.folder)
            else:
                plain.add("/".join([*place.inner, stem]), place.split, path, place.folder)
    lone = [side for side in "ab" if not sides[side].paths]
    if len(lone) == 1:  # only one source's names have a word: the other's are the same without
        (side,), (other,) = lone, set("ab") - set(lone)
        plain.keep(lambda name, _: name in sides[other].paths)
        sides[side] = plain
    return sides


def _side_of(folders: list[str], name: str, words: dict[str, tuple[str, ...]]) -> tuple[str, str] | None:
    """Say which source a path is of, and its name without the word that says so; the deepest word counts."""
    parts = [*folders, name]
    for place in range(len(parts) - 1, -1, -1):
        hits = [(side, rest) for side in words for rest in _rest(parts[place], words[side])]
        if place == len(parts) - 1 and any(_rest(part, words["a"] + words["b"]) for part in folders):
            continue  # the folders say it; the word in the name comes off when the sides are joined
        if len({side for side, _ in hits}) == 1:
            side, rest = hits[0]
            return side, "/".join(part for part in (*parts[:place], rest, *parts[place + 1 :]) if part)
        if hits:
            return None
    return None


def _rest(part: str, words: tuple[str, ...]) -> list[str]:
    """Return what is left of a part without the word of its source: nothing, where it is the word."""
    return [""] if alike(part) in words else list(cores(part, words))[:1]
