"""How a table is laid out on the pages of a two-column paper: in a column or across both, how large, in which parts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..results.leaderboard.footnotes import raised
from ..results.leaderboard.grid import Cell, Grid, Head
from .typeset import typeset

# of CVPR's and most two-column papers, in points
COLUMN, PAGE = 236.8, 496.5
ROWS = 60  # lines of small type that stand on a page
# the commands of LaTeX for a size, points of a digit in Computer Modern, and the gap beside a column
SIZES = ((r"\small", 4.63, 4.0), (r"\footnotesize", 4.25, 3.5), (r"\scriptsize", 3.99, 2.0))
_BOLD, _NOTE = 1.16, 3.99  # bold digits as parts of others; points of a digit of a note
_SMALLER = 0.88  # an index, which has a little room behind it
_INDEX, _COMMANDS = re.compile(r"([_^]\{(?:[^{}]|\{[^{}]*\})*\})"), re.compile(r"\\mathrm|[{}$\\]")
_YEAR = re.compile(r" \d\d(\d\d)$")
# Computer Modern's glyphs at 8 points as parts of a digit (the widths of cmr8 and cmsy8), by width; what is not here is
# like the widest letters, Chinese like two digits
_GLYPHS = {
    0.56: "!',.:;[]`il|·", 0.61: "fj", 0.67: "- ", 0.72: "I_", 0.78: "()rt", 0.79: "s", 0.89: "cez", 0.93: "†",
    0.98: "⁰¹²³⁴⁵⁶⁷⁸⁹", 1.0: '?"$*/0123456789\\^ago{}~–↑↓', 1.05: "kqvxyJ", 1.11: "Sbdhnpu", 1.22: "LZ", 1.3: "F",
    1.36: "EP", 1.42: "BCTw", 1.5: "AHNRUVXYD", 1.56: "&+=<>@GKOQ−±", 1.67: "#%mΔ", 1.83: "M", 2.0: "—→", 2.06: "W",
    2.67: "…",
}  # fmt: skip
_WIDTHS = {sign: width for width, signs in _GLYPHS.items() for sign in signs}


Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Layout:
    """Where the columns of a grid stand: `parts` are lists of them, from 0, each a tabular with the names before it."""

    wide: bool  # across both columns of the page
    size: str  # a command
    gap: float  # points beside a column
    parts: list[list[int]]

    def pages(self, rows: int) -> Iterator[tuple[list[int], ...]]:
        """Share the parts among tables that a page can hold, of so many rows each."""
        yield from (tuple(page) for page in _runs(self.parts, max(1, ROWS // (rows + 4))))


def layout(grid: Grid) -> Layout:
    r"""Lay a table out: in one column where it fits at \footnotesize, else across both as large as fits, else in parts.

    Parts end where a group of columns does (a data set), as far as a group fits; smaller than \scriptsize is no type.
    """
    everything = [list(range(len(grid.heads)))]
    for size, digit, gap in SIZES[:2]:
        if _width(grid, everything[0], digit, gap) <= COLUMN:
            return Layout(False, size, gap, everything)
    for size, digit, gap in SIZES:
        if _width(grid, everything[0], digit, gap) <= PAGE:
            return Layout(True, size, gap, everything)
    units = _units(grid)
    for size, digit, gap in SIZES:
        if len(units) > 1 and all(_width(grid, unit, digit, gap) <= PAGE for unit in units):
            return Layout(True, size, gap, _joined(grid, units, digit, gap))
    size, digit, gap = SIZES[-1]
    broken = [part for unit in units for part in _broken(grid, unit, digit, gap)]
    return Layout(True, size, gap, _joined(grid, broken, digit, gap))


def for_paper(grid: Grid) -> Grid:
    """Write the years of venues as '22."""
    place = next((i for i, head in enumerate(grid.heads) if head == Head("venue")), None)
    if place is None:
        return grid
    lines = [
        replace(line, cells=[replace(cell, text=_YEAR.sub(r"'\1", cell.text)) if i == place else cell
                             for i, cell in enumerate(line.cells)])
        for line in grid.lines
    ]  # fmt: skip
    return replace(grid, lines=lines)


def _units(grid: Grid) -> list[list[int]]:
    """List the columns of each named group; those without a name stand with the group beside them."""
    units: list[list[int]] = []
    loose: list[int] = []
    start = 0
    for name, span in grid.groups or [("", len(grid.heads))]:
        columns = list(range(start, start + span))
        start += span
        if name:
            units.append([*loose, *columns])
            loose = []
        elif units:
            units[-1] += columns
        else:
            loose += columns
    return units or [loose]


def _broken(grid: Grid, unit: list[int], digit: float, gap: float) -> list[list[int]]:
    """Break columns into as few runs as fit, which have nearly as many columns each."""
    for count in range(1, len(unit) + 1):
        parts = list(_runs(unit, math.ceil(len(unit) / count)))
        if all(_width(grid, part, digit, gap) <= PAGE for part in parts):
            return parts
    return [[column] for column in unit]


def _runs(things: list[Thing], most: int) -> Iterator[list[Thing]]:
    """Cut a list into runs of so many; the last may be shorter."""
    return (things[start : start + most] for start in range(0, len(things), most))


def _joined(grid: Grid, units: list[list[int]], digit: float, gap: float) -> list[list[int]]:
    parts: list[list[int]] = []
    for unit in units:
        if parts and _width(grid, [*parts[-1], *unit], digit, gap) <= PAGE:
            parts[-1] = [*parts[-1], *unit]
        else:
            parts.append(unit)
    return parts


def _width(grid: Grid, columns: Sequence[int], digit: float, gap: float) -> float:
    """Estimate how many points the names and these columns take."""
    rows = (line.name + "†" * line.marked + raised(line.notes) for line in grid.lines)
    names = max([_text(grid.corner), *map(_text, rows)])
    heads = [_head(grid.heads[i]) for i in columns]
    wide = [
        max([digit * head, *(_cell(line.cells[i], digit) for line in grid.lines)])
        for i, head in zip(columns, heads, strict=True)
    ]
    return digit * names + sum(wide) + 2 * gap * (1 + len(wide))


def stacked(head: Head) -> list[str]:
    """Break a head that is not a metric's, "mean rank ↓", into the lines in which it is set."""
    first, _, rest = head.plain.partition(" ")
    return [head.plain] if head.metric or rest in ("", head.arrow) else [first, rest]


def _head(head: Head) -> float:
    """Count how many digits wide a head is, with the indices of metrics as they are typeset."""
    name = typeset(head.name) if head.metric else None
    if name is None:
        return max(map(_text, stacked(head)))
    width = _text(f" {head.arrow}") if head.arrow else 0.0
    for part in _INDEX.split(name):  # every other one is an index
        index = part[:2] in ("^{", "_{")
        width += _text(_COMMANDS.sub("", part.removeprefix("^").removeprefix("_"))) * (_SMALLER if index else 1.0)
    return width


def _cell(cell: Cell, digit: float) -> float:
    text = digit * _text(cell.text) * (_BOLD if cell.rank == 1 else 1.0)
    return text + (digit * _text(" ") + _NOTE * _text(cell.note) if cell.note else 0.0)


def _text(text: str) -> float:
    """Count how many digits wide a text is."""
    return sum(_WIDTHS.get(sign, 1.56 if sign < "\u0250" else 2.0) for sign in text)
