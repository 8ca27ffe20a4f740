"""Tables as GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .boards import Board
from .grid import INCOMPLETE, Cell, Grid, means_grid
from .places import standings_grid


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
    lines = [[escaped(grid.corner), *map(escaped, grid.grouped_heads)], ["---", *["---:"] * len(grid.heads)]]
    for line in grid.lines:
        signs = INCOMPLETE * line.marked + small(line.notes)
        lines.append([" ".join(filter(None, [escaped(line.name), signs])), *map(_markdown, line.cells)])
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = "".join(f"\n{note}\n" for note in grid.below(small, escaped))
    return f"### {escaped(grid.title)}\n\n{table}\n{notes}"


def small(numbers: Sequence[int]) -> str:
    """Write the numbers of notes as HTML, which Markdown shows, too."""
    return f"<sup>{','.join(map(str, numbers))}</sup>" if numbers else ""


def _markdown(cell: Cell) -> str:
    text = escaped(cell.text)
    text = {1: f"**{text}**", 2: f"<u>{text}</u>"}.get(cell.rank, text)
    return f"{text} {escaped(cell.note)}" if cell.note else text


def escaped(text: str) -> str:
    """Write any text so that Markdown shows it as it is, on one line."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_{}[]|~$":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
