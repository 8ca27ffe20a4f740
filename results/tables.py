"""The lines of the tables of losses, of which a damaged one costs nothing but itself."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from ..errors import InputError

STAGE = "stage"  # the column of texts; all others are numbers


def read_table(path: Path, column: str) -> tuple[list[str], list[list[str]], int]:
    """Read a table; none where there is no file. The last line is left out while it is not whole.

    Parameters
    ----------
    path : the file.
    column : of whole numbers that grow from line to line.

    Returns
    -------
    The names of the columns (none where the first line is damaged, or fits no other), the cells of each whole line,
    each a number or empty but for those of `stage`, and how many lines are damaged.

    Raises
    ------
    InputError
        There is something else in the file's place, or it may not be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} cannot be read (it is no file): it should be the table of a training run")
        header, *lines = path.read_bytes().split(b"\n")[:-1] or [b""]
    except (FileNotFoundError, NotADirectoryError):
        return [], [], 0
    except OSError as error:
        raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()})") from error
    lines = [line for line in lines if line.strip()]
    names = _cells(header)
    if column not in names or len(set(names)) < len(names):
        return [], [], len(lines)
    place = names.index(column)
    whole = [cells for cells in map(_cells, lines) if _is_whole(names, cells, place)]
    rows = _ordered(whole, place)
    return names if rows or not lines else [], rows, len(lines) - len(rows)


def count(damaged: int) -> str:
    """Say how many lines are damaged."""
    return f"{damaged} damaged lines" if damaged > 1 else "a damaged line"


def _cells(line: bytes) -> list[str]:
    """Split a line; nothing where it is damaged."""
    try:
        return next(csv.reader([line.decode("utf-8-sig")], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def _is_whole(names: list[str], cells: list[str], place: int) -> bool:
    if len(cells) != len(names) or not (cells[place].isascii() and cells[place].isdigit() and len(cells[place]) < 16):
        return False
    try:
        for name, cell in zip(names, cells, strict=True):
            if name != STAGE:
                float(cell or "nan")
    except ValueError:
        return False
    return True


def _ordered(rows: list[list[str]], place: int) -> list[list[str]]:
    """Leave out lines whose number does not grow, or leaps beyond that of the next one."""
    lines: list[list[str]] = []
    last = -1
    numbers = [int(row[place]) for row in rows]
    for row, number, after in zip(rows, numbers, [*numbers, math.inf][1:], strict=True):
        leaps = last < after <= number
        if number > last and not leaps:
            lines.append(row)
            last = number
    return lines
