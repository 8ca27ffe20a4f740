"""The tables of a paper, in each format; what stands in them is decided in `grid`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Literal

from ..errors import InputError, unknown
from ..results.cells import spreadsheet
from ..results.leaderboard.boards import Board
from ..results.leaderboard.efficiency import efficiency_grids
from ..results.leaderboard.grid import EXTRAS, INCOMPLETE, Cell, Extra, Grid, means_grid
from ..results.leaderboard.markdown import grid_to_markdown, small
from ..results.leaderboard.places import standings_grid
from ..results.leaderboard.ranks import common_columns, standings
from .labels import display_names
from .latex import to_latex
from .significance import significance_grid

Format = Literal["latex", "markdown", "html", "csv"]
Content = Literal["means", "standings", "significance", "efficiency"]
Order = Literal["name", "year", "rank"]
_HTML_MARKS = {1: ("strong", "color:#c00"), 2: ("u", "color:#06c")}


def table(
    boards: Sequence[Board],
    format: Format = "latex",
    *,
    content: Content = "means",
    combined: bool = False,
    split: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    methods: Sequence[str] | None = None,
    order: Order = "name",
    last: Sequence[str] = (),
    extras: Sequence[Extra] = EXTRAS,
    decimals: int | Mapping[str, int] | None = None,
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
    split : the group of each metric, by its key: every group has a table of its own, in the order of the metrics.
    names : what to print for a method's label; by default what papers call the method.
    methods, order, last : the rows: these labels in their order; else by name, year of the paper, or mean rank. Those
        of `last` come after all others.
    extras : columns beside the metrics: "n", how many pairs were scored, "venue" with the year, "rank".
    decimals : of the means, or of those of a metric by its name or key; by default as many as show five significant
        digits, at most 4.
    intervals : print the 95 % bootstrap interval of each mean.
    incomplete : give methods that lack pairs a rank, too. They carry a mark, and are never shown as best or second.
    caption, label : of a LaTeX table.
    whole : a LaTeX document that compiles as it is; else the table for a paper to include.

    Returns
    -------
    str
        The text of the table; the same rows give the same text.

    Raises
    ------
    InputError
        No data set is left, the format, a method or a metric is not known, the data sets share no metric, or there are
        no two methods to compare.
    """
    if not boards:
        raise InputError("there is no data set to make a table of: give one that has results with --dataset")
    names = display_names(boards, names)
    rows = row_order(boards, methods, order, last, incomplete)
    boards = [replace(b, entries=sorted(b.entries, key=lambda entry: rows.index(entry.method))) for b in boards]
    if content == "means":
        if combined:
            boards = _alike(boards)
        fixed = _by_key(boards, decimals) if isinstance(decimals, Mapping) else decimals
        grids = []
        for together in [boards] if combined else [[board] for board in boards]:
            for name, shown in _groups(together, split):
                grid = means_grid(
                    shown, names=names, methods=rows, extras=extras, decimals=fixed, intervals=intervals,
                    incomplete=incomplete,
                )  # fmt: skip
                grid.title += f" · {name}" * bool(name)
                grids.append(grid)
    else:
        grids = _grids(list(boards), content, names, incomplete)
    return rendered(grids, format, caption=caption, label=label, whole=whole)


def rendered(
    grids: Sequence[Grid], format: Format, *, caption: str | None = None, label: str | None = None, whole: bool = True
) -> str:
    """Render tables that are laid out, as `table` does; `InputError` for a format that is not known."""
    if format == "latex":
        return to_latex(grids, caption=caption, label=label, whole=whole)
    if format == "markdown":
        return "\n".join(grid_to_markdown(grid) for grid in grids)
    if format == "html":
        return "\n".join(to_html(grid) for grid in grids)
    if format == "csv":
        return "\n".join(to_spreadsheet(grid) for grid in grids)
    raise InputError(f"unknown format {format!r}: give latex, markdown, html or csv")


def row_order(
    boards: Sequence[Board], methods: Sequence[str] | None, order: Order, last: Sequence[str], incomplete: bool
) -> list[str]:
    """Order the labels of all methods for the rows of a table.

    Raises
    ------
    InputError
        None of the boards has a method of `methods` or `last`.
    """
    entries = {entry.method: entry for board in boards for entry in board.entries}
    for method in (*(methods or ()), *last):
        if method not in entries:
            raise unknown("method", method, entries)
    if methods:
        rows = list(dict.fromkeys(methods))
    elif order == "rank":
        rows = [standing.method for standing in standings(boards, incomplete)]
    else:
        rows = sorted(entries, key=lambda method: ((entries[method].year or 0) if order == "year" else 0, method))
    return [method for method in rows if method not in last] + list(dict.fromkeys(last))


def _alike(boards: Sequence[Board]) -> list[Board]:
    """Leave of several boards the metrics that all of them have."""
    columns = common_columns(boards)
    if not columns:
        raise InputError("these data sets share no metric: choose some with --dataset, or do not combine them")
    return [replace(board, columns=columns) for board in boards]


def _groups(boards: Sequence[Board], split: Mapping[str, str] | None) -> list[tuple[str, list[Board]]]:
    """Cut boards that stand side by side into one part for each group of metrics."""
    if split is None:
        return [("", list(boards))]
    names = dict.fromkeys(split.get(column.key, "other") for board in boards for column in board.columns)
    return [
        (
            name,
            [replace(b, columns=[c for c in b.columns if split.get(c.key, "other") == name]) for b in boards],
        )
        for name in names
    ]


def _by_key(boards: Sequence[Board], decimals: Mapping[str, int]) -> dict[str, int]:
    """Find the metrics that decimals are stated for, by name or key."""
    keys = {column.key: column for board in boards for column in board.columns}
    everything = replace(boards[0], columns=list(keys.values()))
    return {everything.column(name).key: number for name, number in decimals.items()}


def _grids(boards: list[Board], content: Content, names: Mapping[str, str], incomplete: bool) -> list[Grid]:
    if content == "standings":
        return [standings_grid(boards, names=names, incomplete=incomplete)]
    if content == "efficiency":
        profiles = {(p.method.label, p.circumstances): p for board in boards for e in board.entries for p in e.profiles}
        if not profiles:
            raise InputError("none of these methods was profiled: run `fusionbench profile` with them first")
        return efficiency_grids(list(profiles.values()), names=names)
    grids = [
        significance_grid(board, column, names=names, incomplete=incomplete)
        for board in boards
        for column in board.columns
    ]
    if not any(grid.lines for grid in grids):
        sets = ", ".join(board.dataset for board in boards)
        raise InputError(f"{sets}: there are no two complete methods to compare; finish their runs or add one")
    return [grid for grid in grids if grid.lines]


def to_html(grid: Grid, write: Callable[[str], str] = escape) -> str:
    """Render one table as HTML that needs no style sheet; every name is text, and `write` writes it as HTML."""
    groups = ""
    if grid.groups:
        cells = "".join(f'<th colspan="{span}" scope="colgroup">{write(name)}</th>' for name, span in grid.groups)
        groups = f"<tr><th></th>{cells}</tr>\n"
    heads = "".join(f'<th scope="col">{write(head.plain)}</th>' for head in grid.heads)
    lines = "\n".join(
        f'<tr><th scope="row">{write(line.name)}{INCOMPLETE * line.marked}{small(line.notes)}</th>'
        + "".join(f'<td style="text-align:right">{_html_cell(cell, write)}</td>' for cell in line.cells)
        + "</tr>"
        for line in grid.lines
    )
    notes = "".join(f"<p>{note}</p>\n" for note in grid.below(small, write))
    return (
        f"<table>\n<caption>{write(grid.title)}</caption>\n<thead>\n{groups}"
        f'<tr><th scope="col">{write(grid.corner)}</th>{heads}</tr>\n</thead>\n'
        f"<tbody>\n{lines}\n</tbody>\n</table>\n{notes}"
    )


def _html_cell(cell: Cell, write: Callable[[str], str]) -> str:
    text = write(cell.text)
    if cell.rank in _HTML_MARKS:
        tag, style = _HTML_MARKS[cell.rank]
        text = f'<{tag} style="{style}">{text}</{tag}>'
    return f"{text} <small>{write(cell.note)}</small>" if cell.note else text


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
