"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from ..results.leaderboard.boards import Board
from ..results.leaderboard.footnotes import raised
from ..results.leaderboard.grid import Cell, Grid, means_grid

STYLES = {1: "bold", 2: "underline"}


def to_tables(board: Board, width: int) -> list[Table | Text]:
    """Build what a terminal of `width` columns shows: best in bold, second underlined, incomplete methods dim.

    Metrics that do not fit beside each other go into further tables below; the notes on the methods come last.
    """
    grid = means_grid([board])
    longest = max(len("method"), *(len(line.name + raised(line.notes)) for line in grid.lines))
    room = width - 4 - longest - len(f"  {board.pairs}/{board.pairs}")
    groups: list[list[int]] = [[]]
    left = room
    for index, head in enumerate(grid.heads[1:], start=1):
        need = 2 + max(len(head.plain), *(len(line.cells[index].plain) for line in grid.lines))
        if need > left and groups[-1]:
            groups.append([])
            left = room
        groups[-1].append(index)
        left -= need
    titles = [grid.title + " (continued)" * (number > 0) for number in range(len(groups))]
    tables = [_table(grid, [0, *group], name) for group, name in zip(groups, titles, strict=True)]
    return [*tables, *([Text("\n".join([*grid.footnotes.lines, ""]))] if grid.footnotes.lines else [])]


def grid_to_table(grid: Grid) -> Table:
    """Build what a terminal shows of one table: best in bold, second underlined."""
    table = _table(grid, range(len(grid.heads)), grid.title)
    table.caption, table.caption_justify = Text("\n".join(grid.below())), "left"
    return table


def _table(grid: Grid, columns: Sequence[int], title: str) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(grid.corner.lower(), no_wrap=True)
    for index in columns:
        table.add_column(Text(grid.heads[index].plain), justify="right", no_wrap=True)
    for line in grid.lines:
        name = Text(line.name + raised(line.notes))
        table.add_row(name, *(_terminal(line.cells[i]) for i in columns), style="dim" if line.marked else "")
    return table


def _terminal(cell: Cell) -> Text:
    text = Text(cell.text, style=STYLES.get(cell.rank, ""))
    return text.append(f" {cell.note}", style="not bold not underline") if cell.note else text
