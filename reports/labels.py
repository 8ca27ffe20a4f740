"""What the plots call methods and panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..drawing.pens import Pen, pens
from ..drawing.style import plain, short
from ..results.leaderboard.boards import Board, Column, Entry

Names = Mapping[str, str] | None


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


def panel_title(board: Board, column: Column, many: bool) -> str:
    """Name a metric with its direction, and where there are many data sets also the data set."""
    same = [c.name for c in board.columns].count(column.name) > 1
    name = f"{column.key if same else column.name} {column.arrow}"
    return plain(f"{board.dataset} · {name}" if many else name)
