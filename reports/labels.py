"""What the plots call methods and panels."""

from __future__ import annotations

from collections.abc import Mapping

from ..drawing.style import plain, short
from .boards import Board, Column, Entry

Names = Mapping[str, str] | None


def method_label(entry: Entry, names: Names) -> str:
    """Name a method as asked for, with a mark where it lacks pairs."""
    return short((names or {}).get(entry.method, entry.method)) + ("" if entry.complete else "†")


def panel_title(board: Board, column: Column, many: bool) -> str:
    """Name a metric with its direction, and where there are many data sets also the data set."""
    same = [c.name for c in board.columns].count(column.name) > 1
    name = f"{column.key if same else column.name} {column.arrow}"
    return plain(f"{board.dataset} · {name}" if many else name)
