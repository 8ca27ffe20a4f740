"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from rich import box
from rich.console import Console, Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..results.leaderboard.boards import Board
from ..results.leaderboard.footnotes import raised
from ..results.leaderboard.grid import Cell, Grid, Head, means_grid

STYLES = {1: "bold", 2: "underline"}
_GAP = 3  # columns of the terminal between two of a table


def to_tables(board: Board, width: int) -> list[Group | Text]:
    """Build what a terminal of `width` columns shows: best in bold, second underlined, incomplete methods dim.

    Metrics that do not fit beside each other go into further tables below; the notes on the methods come last.
    """
    grid = means_grid([board])
    return _side_by_side(grid, width, [*grid.footnotes.lines, ""] if grid.footnotes.lines else [])


def grid_to_tables(grid: Grid, width: int) -> list[Group | Text]:
    """Build the same of a table that is laid out, with all that stands below it."""
    return _side_by_side(grid, width, [*grid.below(), ""])


def _side_by_side(grid: Grid, width: int, below: Sequence[str]) -> list[Group | Text]:
    """Share the columns of a table among as many tables as the terminal needs; each has the names, and n."""
    kept = [0] if grid.heads[:1] == [Head("n")] else []
    parts: list[list[int]] = [[]]
    room = left = width - _width(_table(grid, kept))
    for unit in _units(grid)[len(kept) :]:
        needed = sum(_needed(grid, index) for index in unit)
        if parts[-1] and needed > left:
            parts.append([])
            left = room
        parts[-1] += unit
        left -= needed
    titles = [grid.title + " (continued)" * (number > 0) for number in range(len(parts))]
    tables = [
        Group(Text(title, style="bold"), _table(grid, [*kept, *part]))  # the title may be wider than the table
        for part, title in zip(parts, titles, strict=True)
    ]
    return [*tables, *([Text("\n".join(below))] if below else [])]


def _units(grid: Grid) -> list[list[int]]:
    """List the columns that stay together: those of a group, or else each by itself."""
    ends = [*accumulate(span for _, span in grid.groups or [("", 1)] * len(grid.heads))]
    return [list(range(start, end)) for start, end in zip([0, *ends], ends, strict=False)]


def _needed(grid: Grid, index: int) -> int:
    """How many columns of a terminal a column of the table takes."""
    texts = Text(grid.grouped_heads[index]), *(_terminal(line.cells[index]) for line in grid.lines)
    return max(text.cell_len for text in texts) + _GAP


def _width(table: Table) -> int:
    """How many columns of a terminal a table takes where nothing of it is broken or cut."""
    console = Console(width=10_000)
    return Measurement.get(console, console.options, table).maximum


def _table(grid: Grid, columns: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(grid.corner.lower(), overflow="fold")  # a name is broken where it leaves no room for a number
    heads = grid.grouped_heads
    for index in columns:
        table.add_column(Text(heads[index]), justify="right", no_wrap=True)
    for line in grid.lines:
        name = Text(line.name + raised(line.notes))
        table.add_row(name, *(_terminal(line.cells[i]) for i in columns), style="dim" if line.marked else "")
    return table


def _terminal(cell: Cell) -> Text:
    text = Text(cell.text, style=STYLES.get(cell.rank, ""))
    return text.append(f" {cell.note}", style="not bold not underline") if cell.note else text
