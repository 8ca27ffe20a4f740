"""Lists of pairs: a table of which each line names the sources of a pair by their paths."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

from ...errors import InputError, letter, printable
from ..images import EXTENSIONS
from ..pair import Task
from ..spec import Layout
from .encodings import readings
from .folders import expanded, is_there
from .names import SOURCE_WORDS, TRUTH_WORDS, alike, stem
from .sources import DatasetFiles, SourceFiles

PAIRS = "pairs:"
_SEPARATORS = ("\t", ",", ";", "|", " ")
_NAMES = ("name", "pair", "id", "stem")
_TRUTHS = tuple(word for word in TRUTH_WORDS if word not in ("label", "f"))  # a label is mostly a class
_REST = re.compile(r"[ _-]?(?:file[ _-]?name|file|path|image|img)s?$|^(?:file|path|image|img|source)[ _-]?")
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_IGNORED = " \t\u200b\u00a0\ufeff"
_ADVICE = "head the columns with name, a, b, or give two columns of paths"


@dataclass(frozen=True)
class _Row:
    """A line that is neither empty nor a comment: its number, from 1, and its cells."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class _Columns:
    """Which column holds what; the task, where the words at their head tell it."""

    a: int
    b: int
    name: int | None = None
    truth: int | None = None
    task: Task | None = None
    further: tuple[int, ...] = ()  # c, d, …


def read_pairs(path: Path) -> tuple[DatasetFiles, Task | None]:
    r"""Read a list of pairs.

    It is text with columns between tabs, commas, semicolons, bars or blanks, in any encoding. A head says what they
    are: a and b, or the usual words of a source (ir and vi, over and under, ...); name; and gt for the ideal image;
    after a and b also c, d, ... for further sources, of which a line may leave the last ones empty. Others are left
    alone. Without a head there are two columns, a and b, or a name before them. Empty lines, and
    those that begin with "#", count for nothing. Paths are seen from the list's folder; Windows' "ir\1.png" will
    do. Without a column of names a pair is called as its source a: by the stem, or with the folders where stems
    repeat.

    Returns
    -------
    files, task
        The files in the order of the list, whether or not they are there; the task, where the head tells it.

    Raises
    ------
    InputError
        There is no such list, or it is none: a line or a column is wrong, or two pairs have one name.
    """
    if not is_there(path):
        raise InputError(f"there is no list of pairs {path}")
    texts = [text for text in readings(path).values() if text.strip()]
    if not texts:
        raise InputError(f"{path} lists no pairs: write a line for each, with the paths of its sources a and b")
    # Which encoding is right is told by the files, which must be there.
    readers = (_rows(path, text) for text in texts)
    rows = max(readers, key=lambda rows: _there(path, rows)) if len(texts) > 1 else next(readers)
    if not rows:
        raise InputError(f"{path} lists no pairs: it holds comments only")
    columns = _columns(path, rows)
    width = len(rows[0].cells)
    rows = rows if _is_pair(rows[0]) else rows[1:]
    if not rows:
        raise InputError(f"{path} lists no pairs below its head")
    for row in rows:
        if any(row.cells[width:]):
            raise InputError(f"line {row.line} of {path} has {len(row.cells)} columns, not {width}: quote what is one")
    return _files(path, rows, columns), columns.task


def _rows(path: Path, text: str) -> list[_Row]:
    """Split a text into lines and cells, at the first separator that gives every line two cells or more."""
    lines = [(number, line.strip(_IGNORED + "\r")) for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    best: list[_Row] = []
    for separator in _SEPARATORS:
        rows = [_Row(number, _cells(path, number, line, separator)) for number, line in lines]
        if all(len(row.cells) > 1 for row in rows):
            return rows
        if sum(len(row.cells) > 1 for row in rows) > sum(len(row.cells) > 1 for row in best):
            best = rows
    return best or [_Row(number, [line]) for number, line in lines]


def _cells(path: Path, number: int, line: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise InputError(f"line {number} of {path} is no line of a table: {error}") from error
    cells = [cell.strip(_IGNORED) for cell in cells]
    return [cell for cell in cells if cell] if separator == " " else cells


def _there(path: Path, rows: Sequence[_Row]) -> int:
    return sum(is_there(_place(path.parent, cell)) for row in rows for cell in row.cells if "\0" not in cell)


def _is_pair(row: _Row) -> bool:
    return any(_is_image(cell) for cell in row.cells)


def _is_image(cell: str) -> bool:
    return Path(cell).suffix.lower() in EXTENSIONS


def _columns(path: Path, rows: Sequence[_Row]) -> _Columns:
    """Say which column is what, by the head or, without one, by their number."""
    head = rows[0]
    if _is_pair(head):
        width = len(head.cells)
        if width == 2:
            return _Columns(0, 1)
        if width == 3 and not _is_image(head.cells[0]):
            return _Columns(1, 2, name=0)
        raise InputError(f"line {head.line} of {path} has {width} columns, and no head says which is what: {_ADVICE}")
    words = [alike(cell) if alike(cell) in ("a", "b") else _REST.sub("", alike(cell)) for cell in head.cells]
    name, truth = (_column(path, head, words, known) for known in (_NAMES, _TRUTHS))
    sides: list[tuple[Task | None, tuple[tuple[str, ...], tuple[str, ...]]]]
    sides = [(None, (("a", "1"), ("b", "2"))), *SOURCE_WORDS.items()]
    for task, known in sides:
        a, b = (_column(path, head, words, side) for side in known)
        if a is not None and b is not None:
            return _Columns(a, b, name, truth, task, _further(path, rows, words) if task is None else ())
    found = [any(word in known[side] for _, known in sides for word in words) for side in (0, 1)]
    lacks = "b" if found[0] else "a" if found[1] else "a and no column b"
    shown = printable(", ".join(cell or '""' for cell in head.cells))
    raise InputError(f"{path} has no column {lacks}: its columns are {shown}; {_ADVICE}")


def _further(path: Path, rows: Sequence[_Row], words: Sequence[str]) -> tuple[int, ...]:
    """Find the columns c, d, … or 3, 4, … as far as they follow each other, up to the last that holds images."""
    columns: list[int] = []
    for place, sign in enumerate(ascii_lowercase[2:], start=3):
        column = _column(path, rows[0], words, (sign, str(place)))
        if column is None:
            break
        columns.append(column)
    while columns and not any(_is_image(row.cells[columns[-1]]) for row in rows[1:] if columns[-1] < len(row.cells)):
        columns.pop()
    return tuple(columns)


def _column(path: Path, head: _Row, words: Sequence[str], known: Sequence[str]) -> int | None:
    places = [place for place, word in enumerate(words) if word in known]
    if len(places) > 1:
        both = " and ".join(head.cells[place] for place in places)
        raise InputError(f"{path} has the columns {both}, of which only one can be meant: rename the others")
    return places[0] if places else None


def _files(path: Path, rows: Sequence[_Row], columns: _Columns) -> DatasetFiles:
    """Collect the files under the pairs' names."""
    root = path.parent
    places = {"a": columns.a, "b": columns.b, "truth": columns.truth}
    places |= {letter(place): column for place, column in enumerate(columns.further, start=2)}
    sides = {side: SourceFiles() for side in places}
    unclear: dict[str, str] = {}
    for row, name in zip(rows, _names(path, rows, columns), strict=True):
        cells = {side: row.cells[at] if at is not None and at < len(row.cells) else "" for side, at in places.items()}
        last = max((side for side, cell in cells.items() if cell and side != "truth"), default="a")
        for side, files in sides.items():
            cell = cells[side]
            if not cell and side != "truth" and side <= max("b", last):
                raise InputError(f"line {row.line} of {path} has no source {side}: {_ADVICE}")
            if cell:
                place = _place(root, cell)
                files.add(name, None, place)
                if os.sep == "/" and _DRIVE.match(cell):
                    unclear.setdefault(name, f"{cell} is a path of Windows: write it as seen from the list's folder")
    layout = Layout("a", "b")
    a, b, truth, *further = sides.values()
    return DatasetFiles(
        root, layout, a, b, truth, unclear, tuple(a.paths), further=tuple(further), ragged=bool(further)
    )


def _names(path: Path, rows: Sequence[_Row], columns: _Columns) -> list[str]:
    """Name the pairs, each by a name of its own that can be a file's."""
    if columns.name is not None:
        names = [row.cells[columns.name] if columns.name < len(row.cells) else "" for row in rows]
    else:
        sources = [row.cells[columns.a] if columns.a < len(row.cells) else "" for row in rows]
        places = [_place(path.parent, source) for source in sources]
        names = [stem(place.name) for place in places]
        if len({alike(name) for name in names}) < len(names):
            names = [_inner(path.parent, place) for place in places]
    lines: dict[str, int] = {}
    for row, name in zip(rows, names, strict=True):
        if not name or name != name.strip("/") or {"..", "."} & set(name.split("/")):
            what = f"{name!r} for a name, which no file can have" if name else "no name"
            raise InputError(f"line {row.line} of {path} has {what}: give it another in the column name")
        before = lines.setdefault(alike(name), row.line)
        if before != row.line:
            raise InputError(
                f"lines {before} and {row.line} of {path} name two pairs {name}: give each its own in a column name"
            )
    return names


def _inner(root: Path, place: Path) -> str:
    """Name a file with its folders, as seen from the list's."""
    parts = [part for part in Path(os.path.relpath(place, root)).parts if part != ".."]
    return "/".join([*parts[:-1], stem(parts[-1])]) if parts else ""


def _place(root: Path, cell: str) -> Path:
    r"""Make a path of what a list says; where there is no such file, "\" is taken for Windows' sign between folders."""
    place = root / expanded(cell)
    if "\\" in cell and not is_there(place):
        place = root / expanded(cell.replace("\\", "/"))
    return place
