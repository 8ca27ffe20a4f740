"""Leaderboards as text: Markdown, and tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from .boards import Board
from .grid import INCOMPLETE, Cell, Grid, Line, means_grid, standings_grid, title
from .notes import raised

STYLES = {1: "bold", 2: "underline"}


def to_markdown(boards: Iterable[Board]) -> str:
    """Render a table for each data set: best in bold, second underlined, incomplete methods not ranked.

    Where there are several data sets and methods, a table of the places over all of them follows.
    """
    boards = list(boards)
    grids = [means_grid([board]) for board in boards]
    if len(boards) > 1 and sum(len(grid.lines) > 1 for grid in grids):
        grids.append(standings_grid(boards))
    return "\n".join(grid_to_markdown(grid) for grid in grids)


def grid_to_markdown(grid: Grid) -> str:
    """Render one table as GitHub's Markdown, with its title as a heading."""
    groups = [name for name, span in grid.groups for _ in range(span)] or [""] * len(grid.heads)
    heads = [
        escaped(f"{group}: {head.plain}" if group else head.plain)
        for group, head in zip(groups, grid.heads, strict=True)
    ]
    lines = [[escaped(grid.corner), *heads], ["---", *["---:"] * len(heads)]]
    lines += [
        [" ".join(filter(None, [escaped(line.name), _signs(line)])), *map(_markdown, line.cells)] for line in grid.lines
    ]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = "".join(f"\n{note}\n" for note in [*map(escaped, grid.notes), *_footnotes(grid)])
    return f"### {escaped(grid.title)}\n\n{table}\n{notes}"


def _signs(line: Line) -> str:
    numbers = ",".join(map(str, line.notes))
    return INCOMPLETE * line.marked + (f"<sup>{numbers}</sup>" if numbers else "")


def _footnotes(grid: Grid) -> list[str]:
    numbered = [f"<sup>{n}</sup> {escaped(text)}" for n, text in enumerate(grid.footnotes.numbered, start=1)]
    return [*map(escaped, grid.footnotes.shared), *numbered]


def _markdown(cell: Cell) -> str:
    text = escaped(cell.text)
    marked = {1: f"**{text}**", 2: f"<u>{text}</u>"}.get(cell.rank, text)
    return f"{marked} {escaped(cell.note)}" if cell.note else marked


def escaped(text: str) -> str:
    """Write any text so that Markdown shows it as it is, on one line."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_{}[]|~$":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


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
        caption=Text("\n".join(grid.below)), caption_justify="left",
    )  # fmt: skip
    table.add_column(grid.corner.lower(), no_wrap=True)
    for head in grid.heads:
        table.add_column(Text(head.plain), justify="right", no_wrap=True)
    for line in grid.lines:
        name = Text(line.name + raised(line.notes))
        table.add_row(name, *map(_terminal, line.cells), style="dim" if line.marked else "")
    return table
