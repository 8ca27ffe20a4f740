"""Tables for the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from ..results.leaderboard.boards import Board
from ..results.leaderboard.footnotes import raised
from ..results.leaderboard.grid import Cell, Grid, means_grid, title

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
    tables = [_table(board, grid, group, number) for number, group in enumerate(groups)]
    return [*tables, *([Text("\n".join([*grid.footnotes.lines, ""]))] if grid.footnotes.lines else [])]


def _table(board: Board, grid: Grid, group: list[int], number: int) -> Table:
    name = Text(f"{title(board)}{' (continued)' if number else ''}")
    table = Table(title=name, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("method", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for index in group:
        table.add_column(Text(grid.heads[index].plain), justify="right", no_wrap=True)
    for line in grid.lines:
        cells = (_terminal(line.cells[index]) for index in group)
        name = Text(line.name + raised(line.notes))
        table.add_row(name, line.cells[0].text, *cells, style="dim" if line.marked else "")
    return table


def _terminal(cell: Cell) -> Text:
    text = Text(cell.text, style=STYLES.get(cell.rank, ""))
    return text.append(f" {cell.note}", style="not bold not underline") if cell.note else text


def grid_to_table(grid: Grid) -> Table:
    """Build what a terminal shows of one table: best in bold, second underlined."""
    table = Table(
        title=Text(grid.title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False,
        caption=Text("\n".join(grid.below())), caption_justify="left",
    )  # fmt: skip
    table.add_column(grid.corner.lower(), no_wrap=True)
    for head in grid.heads:
        table.add_column(Text(head.plain), justify="right", no_wrap=True)
    for line in grid.lines:
        name = Text(line.name + raised(line.notes))
        table.add_row(name, *map(_terminal, line.cells), style="dim" if line.marked else "")
    return table
