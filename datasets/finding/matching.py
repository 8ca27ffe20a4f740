"""From the files that were found to pairs, and to sentences about those that are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from .layouts import Found, short
from .lists import Listed
from .lookup import Lookup
from .names import alike, natural, unpadded
from .templates import suggest

_SHOWN = 3


@dataclass
class Entry:
    """One name, the files found for it, and what is wrong with them."""

    name: str
    a: Path | None = None
    b: Path | None = None
    truth: Path | None = None
    problem: str | None = None


def entries(found: Found, names: Sequence[str | Listed]) -> list[Entry]:
    """Match the sources of each name, and say what is wrong where they do not match.

    Parameters
    ----------
    found : the files.
    names : what is wanted, in this order; of the names that `found` has, or what a list says of others.
    """
    folders = dict(zip("ab", found.folders, strict=True))
    listed = [name if isinstance(name, Listed) else Listed(name, 0) for name in names]
    return [Entry(e.name, problem=e.problem) if e.problem else _entry(found, folders, e.name) for e in listed]


def lookup(found: Found) -> Lookup:
    """Let the pairs be found by their names, their files' and the paths of these."""
    called: dict[str, list[str]] = {name: [] for name in found.names}
    for side in (found.a, found.b):
        for name, paths in side.paths.items():
            for path in paths:
                inside = short(path, found.root)
                called[name] += [path.stem, inside[: len(inside) - len(path.suffix)], name.rpartition("/")[2]]
    return Lookup(called)


def check_partners(found: Found) -> None:
    """Make sure that any name has both sources.

    Raises
    ------
    InputError
        None has: it says how the names of the two sides differ, and what to say.
    """
    names_a, names_b = (sorted(side.paths, key=natural) for side in (found.a, found.b))
    if found.unclear or set(names_a) & set(names_b):
        return
    places = [_place(folders, found.root) for folders in found.folders]
    (text_a, rest_a), (text_b, rest_b) = suggest(places[0], names_a), suggest(places[1], names_b)
    common = {unpadded(alike(name)) for name in rest_a} & {unpadded(alike(name)) for name in rest_b}
    if common and (text_a, text_b) != (f"{places[0]}/{{name}}", f"{places[1]}/{{name}}"):
        advice = f"say --a '{text_a}' --b '{text_b}'"
    else:
        advice = "give partners one name, or say with {name} in --a and --b what they have in common"
    raise InputError(
        f"no image of {places[0]} has a partner in {places[1]}: {places[0]} has {_some(names_a)}; {places[1]} has "
        f"{_some(names_b)}: {advice}"
    )


def _entry(found: Found, folders: dict[str, list[Path]], name: str) -> Entry:
    sides = {"a": found.a.paths.get(name, []), "b": found.b.paths.get(name, [])}
    truth = found.truth.paths.get(name, [])
    entry = Entry(name, truth=truth[0] if truth else None)
    for paths in sides.values():
        if len(paths) > 1:
            entry.problem = f"more than one file has this name: {', '.join(short(path, found.root) for path in paths)}"
    if not any(sides.values()):
        entry.problem = "there is no such file"
    elif name in found.unclear:
        entry.problem = found.unclear[name]
    elif not all(sides.values()):
        lone, missing = ("a", "b") if sides["a"] else ("b", "a")
        where = " or ".join(short(folder, found.root) for folder in folders[missing][:_SHOWN])
        more = " or others" if len(folders[missing]) > _SHOWN else ""
        entry.problem = f"{short(sides[lone][0], found.root)} has no partner in {where}{more}"
    if entry.problem is None:
        entry.a, entry.b = sides["a"][0], sides["b"][0]
    return entry


def _place(folders: list[Path], root: Path) -> str:
    return short(folders[0], root) if folders[0] != root else "."


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
