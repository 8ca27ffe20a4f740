"""Cells of tables that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence


def harmless(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> harmless("=cmd|calc"), harmless("-0.5"), harmless(-0.5)
    ("'=cmd|calc", '-0.5', -0.5)
    """
    risky = isinstance(cell, str) and cell[:1] in ("=", "@", "\t", "\r", "\n", "+", "-") and not _is_number(cell)
    return f"'{cell}" if risky else cell


def spreadsheet(lines: Sequence[Sequence[object]]) -> str:
    """Render CSV in which no cell is run as a formula by a spreadsheet."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[harmless(cell) for cell in line] for line in lines])
    return text.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
