"""What the plots call methods and panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..drawing.pens import Pen, pens
from ..drawing.style import fitted, plain, short, width_of
from ..results.leaderboard.boards import Board, Column, Entry

Names = Mapping[str, str] | None


def display_names(boards: Sequence[Board], names: Names = None) -> dict[str, str]:
    """Say what to print for each method: what was asked for, else what papers call it."""
    return {entry.method: entry.title or entry.method for board in boards for entry in board.entries} | dict(
        names or {}
    )


def method_label(entry: Entry, names: Names) -> str:
    """Name a method as asked for, with a mark where it lacks pairs."""
    return short((names or {}).get(entry.method, entry.method)) + ("" if entry.complete else "†")


def method_pens(boards: Sequence[Board]) -> dict[str, Pen]:
    """Give each method its pen, the same in all panels, and in the other figures of a folder of results."""
    known = sorted({method for board in boards for method in board.methods})
    return pens([entry.method for board in boards for entry in board.entries], known)


def common_label(method: str, boards: Sequence[Board], names: Names) -> str:
    """Name a method for the legend of several panels: marked where it lacks pairs in any of them."""
    entries = [entry for board in boards for entry in board.entries if entry.method == method]
    return method_label(min(entries, key=lambda entry: entry.complete), names)


def metric_label(board: Board, column: Column) -> str:
    """Name a metric with its direction: in full where the board has several of its name."""
    same = [c.name for c in board.columns].count(column.name) > 1
    return plain(f"{column.key if same else column.name} {column.arrow}")


def panel_title(board: Board, column: Column, many: bool, inches: float) -> str:
    """Name a metric, and where there are many data sets also the data set, as far as a panel of a width has room."""
    name, size = metric_label(board, column), 9.0
    return f"{fitted(board.dataset, inches - width_of(f' · {name}', size), size)} · {name}" if many else name
