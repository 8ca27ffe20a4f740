"""The tables of a paper, in each format; what stands in them is decided in `grid`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Literal

from ..errors import InputError
from ..results.leaderboard.boards import Board
from ..results.leaderboard.efficiency import efficiency_grids
from ..results.leaderboard.grid import INCOMPLETE, Cell, Grid, means_grid, standings_grid
from ..results.leaderboard.markdown import grid_to_markdown, small
from ..results.leaderboard.ranks import common_columns
from ..results.leaderboard.spreadsheet import spreadsheet
from .latex import to_latex
from .significance import significance_grid

Format = Literal["latex", "markdown", "html", "csv"]
Content = Literal["means", "standings", "significance", "efficiency"]
_HTML_MARKS = {1: ("strong", "color:#c00"), 2: ("u", "color:#06c")}


def table(
    boards: Sequence[Board],
    format: Format = "latex",
    *,
    content: Content = "means",
    combined: bool = False,
    names: Mapping[str, str] | None = None,
    decimals: int | None = None,
    intervals: bool = False,
    incomplete: bool = False,
    caption: str | None = None,
    label: str | None = None,
    whole: bool = True,
) -> str:
    """Render the table of a paper.

    Parameters
    ----------
    boards : the data sets, from `make_boards`, which also picks methods, protocols and metrics.
    format : latex (booktabs; best bold red, second underlined blue), markdown, html, or csv (as printed; the
        leaderboard's own CSV has full precision).
    content : "means" of the metrics; "standings", which are mean rank and Borda count over all metrics and data sets;
        "significance", the Holm-corrected Wilcoxon tests between all methods, a table for each metric and data set;
        or "efficiency", what the methods cost, as `fusionbench profile` measured it.
    combined : all data sets side by side in one table, with the metrics that all of them have.
    names : what to print for a method's label.
    decimals : of the means; by default as many as show five significant digits, at most 4.
    intervals : print the 95 % bootstrap interval of each mean.
    incomplete : rank methods that lack pairs, too; they are marked in any case.
    caption, label : of a LaTeX table.
    whole : a LaTeX document that compiles as it is; else the table for a paper to include.

    Returns
    -------
    str
        The text of the table; the same rows give the same text.

    Raises
    ------
    InputError
        No data set is left, the format is not known, the data sets share no metric, or there are no two methods to
        compare.
    """
    if not boards:
        raise InputError("there is no data set to make a table of: give one that has results with --dataset")
    grids = _grids(list(boards), content, combined, names, decimals, intervals, incomplete)
    if format == "latex":
        return to_latex(grids, caption=caption, label=label, whole=whole)
    if format == "markdown":
        return "\n".join(grid_to_markdown(grid) for grid in grids)
    if format == "html":
        return "\n".join(to_html(grid) for grid in grids)
    if format == "csv":
        return "\n".join(to_spreadsheet(grid) for grid in grids)
    raise InputError(f"unknown format {format!r}: give latex, markdown, html or csv")


def _grids(
    boards: list[Board],
    content: Content,
    combined: bool,
    names: Mapping[str, str] | None,
    decimals: int | None,
    intervals: bool,
    incomplete: bool,
) -> list[Grid]:
    if content == "standings":
        return [standings_grid(boards, names=names, incomplete=incomplete)]
    if content == "efficiency":
        profiles = {(p.method.label, p.circumstances): p for board in boards for e in board.entries for p in e.profiles}
        if not profiles:
            raise InputError("none of these methods was profiled: run `fusionbench profile` with them first")
        return efficiency_grids(list(profiles.values()), names=names)
    if content == "significance":
        grids = [
            significance_grid(board, column, names=names, incomplete=incomplete)
            for board in boards
            for column in board.columns
        ]
        if not any(grid.lines for grid in grids):
            sets = ", ".join(board.dataset for board in boards)
            raise InputError(f"{sets}: there are no two complete methods to compare; finish their runs or add one")
        return [grid for grid in grids if grid.lines]
    if combined:
        boards = [replace(board, columns=common_columns(boards)) for board in boards]
        if not boards[0].columns:
            raise InputError("these data sets share no metric: choose some with --dataset, or do not combine them")
    groups = [boards] if combined else [[board] for board in boards]
    return [
        means_grid(group, names=names, decimals=decimals, intervals=intervals, incomplete=incomplete)
        for group in groups
    ]


def to_html(grid: Grid) -> str:
    """Render one table as HTML that needs no style sheet; every name is text."""
    groups = ""
    if grid.groups:
        cells = "".join(f'<th colspan="{span}" scope="colgroup">{escape(name)}</th>' for name, span in grid.groups)
        groups = f"<tr><th></th>{cells}</tr>\n"
    heads = "".join(f'<th scope="col">{escape(head.plain)}</th>' for head in grid.heads)
    lines = "\n".join(
        f'<tr><th scope="row">{escape(line.name)}{INCOMPLETE * line.marked}{small(line.notes)}</th>'
        + "".join(f'<td style="text-align:right">{_html_cell(cell)}</td>' for cell in line.cells)
        + "</tr>"
        for line in grid.lines
    )
    notes = "".join(f"<p>{note}</p>\n" for note in grid.below(small, escape))
    return (
        f"<table>\n<caption>{escape(grid.title)}</caption>\n<thead>\n{groups}"
        f'<tr><th scope="col">{escape(grid.corner)}</th>{heads}</tr>\n</thead>\n'
        f"<tbody>\n{lines}\n</tbody>\n</table>\n{notes}"
    )


def _html_cell(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.rank in _HTML_MARKS:
        tag, style = _HTML_MARKS[cell.rank]
        text = f'<{tag} style="{style}">{text}</{tag}>'
    return f"{text} <small>{escape(cell.note)}</small>" if cell.note else text


def to_spreadsheet(grid: Grid) -> str:
    """Render one table as CSV: a line of heads, then the cells as printed, without the marks of the best.

    Where there are notes, the last column has those of each method.
    """
    heads = grid.grouped_heads
    lines = [[line.name + INCOMPLETE * line.marked, *(cell.plain for cell in line.cells)] for line in grid.lines]
    if grid.footnotes.lines:
        heads.append("notes")
        for cells, line in zip(lines, grid.lines, strict=True):
            cells.append(" ".join([*grid.footnotes.shared, *(grid.footnotes.numbered[n - 1] for n in line.notes)]))
    return spreadsheet([[grid.corner, *heads], *lines])
