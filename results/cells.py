"""Cells of tables that people open in a spreadsheet."""

from __future__ import annotations


def harmless(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> harmless("=cmd|calc"), harmless("-0.5"), harmless(-0.5)
    ("'=cmd|calc", '-0.5', -0.5)
    """
    risky = isinstance(cell, str) and cell[:1] in ("=", "@", "\t", "\r", "\n", "+", "-") and not _is_number(cell)
    return f"'{cell}" if risky else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
