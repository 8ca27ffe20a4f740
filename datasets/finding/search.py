"""The search for the files of a data set, in the arrangements that are met in the wild."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..images import EXTENSIONS
from ..spec import SPLITS, Layout
from .folders import below, images_in, subfolders
from .sources import DatasetFiles, SourceFiles, join

ANY_DEPTH = "**"
_PLACES = {"{name}": "(?P<name>.+)", "{split}": f"(?P<split>{'|'.join(SPLITS)})"}


def find(root: Path, layouts: Iterable[Layout]) -> DatasetFiles | None:
    """Look for the first layout of which `root` holds files of both sources.

    Returns
    -------
    DatasetFiles or None
        None if no layout fits.
    """
    for layout in layouts:
        a = files(root, layout.a)
        b = files(root, layout.b) if a.paths else SourceFiles()
        _share_out(layout, a, b)
        if a.paths and b.paths:
            return join(root, layout, a, b, files(root, layout.truth) if layout.truth else SourceFiles())
    return None


def _share_out(layout: Layout, a: SourceFiles, b: SourceFiles) -> None:
    """Let a file that fits both templates, as "x_ir" fits "{name}" and "{name}_ir", count for the longer one only."""
    shared = {path for paths in a.paths.values() for path in paths} & {p for paths in b.paths.values() for p in paths}
    loser = a if len(layout.a) < len(layout.b) else b
    rest = {name: [path for path in paths if path not in shared] for name, paths in loser.paths.items()}
    loser.paths = {name: paths for name, paths in rest.items() if paths}


def files(root: Path, template: str) -> SourceFiles:
    """Collect the image files that fit a template."""
    *folders, last = template.split("/")
    if template.startswith("/"):
        root = Path("/")
    places: list[tuple[Path, dict[str, str]]] = [(root, {})] if root.is_dir() else []
    for part in folders:
        if part not in (".", ""):
            places = [place for parent, known in places for place in _enter(parent, part, known)]
    collection, pattern = SourceFiles(), _pattern(last)
    whole = f".{last.rpartition('.')[2]}".lower() in EXTENSIONS and "." in last  # only files of this kind are meant
    for folder, known in places:
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
            collection.add(name, split.casefold() if split else None, path)
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
    elif re.escape(literal) == part and (exact := parent / literal).is_dir():
        yield exact, known
    else:
        pattern = _pattern(part)
        for folder in subfolders(parent):
            if fits := pattern.fullmatch(folder.name):
                yield folder, known | fits.groupdict()


def _pattern(part: str) -> re.Pattern[str]:
    for place, expression in _PLACES.items():
        part = part.replace(place, expression)
    return re.compile(part, re.IGNORECASE)
