"""Tables as GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from .boards import Board
from .grid import INCOMPLETE, Cell, Grid, Line, means_grid, standings_grid


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
