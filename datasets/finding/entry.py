"""From the files of a data set to pairs, and to sentences about names that make none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError, printable
from .folders import short
from .lists import ListedName
from .names import alike, natural, unpadded
from .sources import DatasetFiles
from .templates import suggest

_SHOWN = 3


@dataclass(slots=True)
class Entry:
    """One name, its files, and what is wrong with them."""

    name: str
    a: Path | None = None
    b: Path | None = None
    truth: Path | None = None
    problem: str | None = None
    further: tuple[Path, ...] = ()


def entries(files: DatasetFiles, names: Sequence[str | ListedName]) -> Iterator[Entry]:
    """Match the sources of each name, one after the other, and say what is wrong where they do not match.

    Parameters
    ----------
    files : of the data set.
    names : what is wanted, in this order; of the names that `files` has, or what a list says of others.
    """
    folders = files.folders
    for each in names:
        name, problem = (each.name, each.problem) if isinstance(each, ListedName) else (each, None)
        yield Entry(name, problem=problem) if problem else _entry(files, folders, name)


def check_partners(files: DatasetFiles) -> None:
    """Make sure that each source after a has a file of any name that a has.

    Raises
    ------
    InputError
        One has none: it says how the names of the two sides differ, and what to say.
    """
    if files.unclear:
        return
    for place, other in enumerate(files.sides[1:], start=1):
        if not files.a.paths.keys() & other.paths.keys():
            raise InputError(_strangers(files, place))


def _strangers(files: DatasetFiles, place: int) -> str:
    """Say that no file of the source at a place has a partner among those of a."""
    names_a, names_b = (sorted(side.paths, key=natural) for side in (files.a, files.sides[place]))
    folders, option = files.folders, "--b" if place == 1 else "--further"
    places = [short(side[0], files.root) if side[0] != files.root else "." for side in (folders[0], folders[place])]
    (text_a, rest_a), (text_b, rest_b) = suggest(places[0], names_a), suggest(places[1], names_b)
    common = {unpadded(alike(name)) for name in rest_a} & {unpadded(alike(name)) for name in rest_b}
    if common and (text_a, text_b) != (f"{places[0]}/{{name}}", f"{places[1]}/{{name}}"):
        advice = f"say --a '{text_a}' {option} '{text_b}'"
    else:
        advice = f"give partners one name, or say with {{name}} in --a and {option} what they have in common"
    return (
        f"no image of {places[0]} has a partner in {places[1]}: {places[0]} has {_some(names_a)}; {places[1]} has "
        f"{_some(names_b)}: {advice}"
    )


def _entry(files: DatasetFiles, folders: Sequence[list[Path]], name: str) -> Entry:
    sources = [side.paths.get(name, []) for side in files.sides]
    truth = files.truth.paths.get(name)
    needed = sources[:2] if files.ragged else sources
    problem = None
    for paths in sources:
        if len(paths) > 1:
            problem = f"more than one file has this name: {', '.join(short(path, files.root) for path in paths)}"
    if name in files.unclear:
        problem = files.unclear[name]
    elif not all(needed):
        missing = folders[next(place for place, paths in enumerate(needed) if not paths)]
        where = " or ".join(short(folder, files.root) for folder in missing[:_SHOWN])
        more = " or others" if len(missing) > _SHOWN else ""
        present = next(paths for paths in sources if paths)
        problem = f"{short(present[0], files.root)} has no partner in {where}{more}"
    if problem:
        return Entry(name, problem=problem)
    a, b, *further = (paths[0] for paths in sources if paths)
    return Entry(name, a, b, truth[0] if truth else None, further=tuple(further))


def _some(names: list[str]) -> str:
    return printable(", ".join(names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
