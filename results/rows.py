"""The rows of metrics.csv: the result of each pair.

Each row ends with a sum over its cells and the names of their columns, so that a damaged row is known for one, and
costs nothing but itself.
"""

from __future__ import annotations

import csv
import io
import math
import re
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Literal, get_args

from .cells import harmless
from .numbers import Numbers

FIXED = ("pair", "status", "reason", "seconds", "sources")
# behind the metrics: what the levels of an image tell; how many pairs were worked on at once when it was fused, and how
# many in one call, where these were several; and whether it was not the processor that computed the metrics
FACTS = (
    "fused_min", "fused_max", "fused_at_0", "fused_at_255", "sources_min", "sources_max", "likeness", "copy_of",
    "at_once", "batch", "scored_on_device",
)  # fmt: skip
TEXTS = ("image", "check")  # behind the facts
Status = Literal["ok", "failed", "skipped"]
_STATUSES: dict[str, Status] = {status: status for status in get_args(Status)}
_ESCAPED = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\0": "\\0"}  # a row is one line
_ORIGINAL = {escape: character for character, escape in _ESCAPED.items()}


@dataclass(eq=False, slots=True)
class Row:
    """The result of one pair.

    Attributes
    ----------
    metrics : each scored `metric@convention`, NaN where the metric is not defined; `reason` says why. Those of a stored
        row are not to be changed, and neither are its facts.
    sources : the fingerprint of both source images, and of the files that the method has besides.
    seconds : the time that the method took, NaN where it computed nothing.
    facts : those of FACTS that are known; rows of before have none.
    image : the hash of the image that was scored; "" in rows of before.
    """

    pair: str
    status: Status = "ok"
    reason: str = ""
    seconds: float = math.nan
    sources: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    image: str = ""

    def __eq__(self, other: object) -> bool:
        """Compare rows as they are stored, where a missing number equals another."""
        return isinstance(other, Row) and self._comparable() == other._comparable()

    def _comparable(self) -> tuple[object, ...]:
        numbers = {"seconds": self.seconds, **self.metrics}, self.facts
        return (
            self.pair, self.status, self.reason, self.sources, self.image,
            *({key: None if math.isnan(value) else value for key, value in each.items()} for each in numbers),
        )  # fmt: skip


@dataclass(slots=True, weakref_slot=True)
class Table:
    """What a table holds.

    Attributes
    ----------
    rows : by pair, in their order there.
    damaged : how many others are damaged.
    header : its first line; None where something is to be mended: a row that is damaged, torn, without a sum, or there
        twice.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    damaged: int = 0
    header: str | None = None

    def is_written(self, header: str, rows: Sequence[Row]) -> bool:
        """Whether it stands in the file already that it has this first line, and these of its rows in this order."""
        return self.header == header and len(rows) == len(self.rows) and all(map(is_, rows, self.rows.values()))


def parse_rows(data: bytes) -> Table:
    """Read a table; the later of two rows of a pair counts, a torn last line does not."""
    end = data.find(b"\n")
    names = _cells(data[: max(end, 0)])
    columns = names[len(FIXED) :]
    known = all("@" in name or name in (*FACTS, *TEXTS) for name in columns) and len({*names}) == len(names)
    if names[: len(FIXED)] != list(FIXED) or not known:
        return Table({}, sum(map(bool, data.split(b"\n")[1:-1])))  # what the cells are is not known
    layout, table, count = _Layout(names), Table(), 0
    header, start = data[: end + 1].decode(), end + 1
    while (end := data.find(b"\n", start)) >= 0:  # line by line: a list of all would be as large as the table
        row = layout.parse(data[start:end]) if end > start else None
        count += 1
        if row is not None:
            table.rows[row.pair] = row
        elif end > start:
            table.damaged += 1
        start = end + 1
    whole = "check" in names and count == len(table.rows) and start == len(data)
    table.header = header if whole else None
    return table


def _cells(line: bytes) -> list[str]:
    """Split a line; nothing where it is damaged."""
    try:
        text = line.decode()
        return next(csv.reader([text], strict=True), []) if '"' in text or "\r" in text else text.split(",")
    except (UnicodeDecodeError, csv.Error):
        return []


class _Layout:
    """Makes rows of the lines of a table.

    Parameters
    ----------
    names : of its columns.
    """

    def __init__(self, names: list[str]) -> None:
        self._count = len(names)
        self._place = {name: place for place, name in enumerate(names)}
        self._check, self._image = (self._place.get(name) for name in reversed(TEXTS))
        summed = [name for name in names if name != "check"]
        self._summed = chr(31).join(name.replace("%", "%%") + "=%s" for name in summed)
        metrics = [name for name in summed if name not in (*FIXED, *FACTS, *TEXTS)]
        facts = [name for name in FACTS if name in self._place]
        self._metrics, self._numbers = len(metrics), [*metrics, *facts]
        self._at = [self._place[name] for name in self._numbers]
        self._known: dict[tuple[bool, ...], tuple[dict[str, int], dict[str, int]]] = {}  # by which numbers are there

    def parse(self, line: bytes) -> Row | None:
        """Make the row of a line; None where it is damaged."""
        cells = _cells(line)
        if len(cells) != self._count:
            return None
        image = "" if self._image is None else cells[self._image]
        pair, status, reason, seconds, sources = cells[: len(FIXED)]
        if self._check is not None:
            check = cells[self._check]
            summed = cells[: self._check] + cells[self._check + 1 :]
            if check != f"{zlib.crc32((self._summed % (*summed,)).encode()):08x}":
                return None
            pair, reason = _original(pair), _original(reason)
        if status not in _STATUSES:
            return None
        texts = [cells[at] for at in self._at]
        there = tuple(map(bool, texts))
        if there not in self._known:
            self._known[there] = self._places(there)
        metrics, facts = self._known[there]
        try:
            values = array("d", map(float, filter(None, texts)))
            took = float(seconds or "nan")
        except ValueError:
            return None
        return Row(
            pair, _STATUSES[status], reason, took, sources, Numbers(metrics, values), Numbers(facts, values), image
        )

    def _places(self, there: tuple[bool, ...]) -> tuple[dict[str, int], dict[str, int]]:
        """Say at which places the metrics and the facts stand that are there."""
        names = [name for name, given in zip(self._numbers, there, strict=True) if given]
        count = sum(there[: self._metrics])
        places = {name: place for place, name in enumerate(names)}
        return {name: places[name] for name in names[:count]}, {name: places[name] for name in names[count:]}


def header_line(metrics: Sequence[str]) -> str:
    """Write the first line of a table with these metrics."""
    return _line([*FIXED, *metrics, *FACTS, *TEXTS])


def row_line(row: Row, metrics: Sequence[str]) -> str:
    """Write a row as a line of a table with these metrics."""
    seconds = "" if math.isnan(row.seconds) else f"{row.seconds:.6f}"
    texts = dict(zip(FIXED, (_escaped(row.pair), row.status, _escaped(row.reason), seconds, row.sources), strict=True))
    # repr is the shortest text that reads back as the same double
    for values, keys in ((row.metrics, metrics), (row.facts, FACTS)):
        texts |= {key: repr(float(values[key])) if key in values else "" for key in keys}
    texts["image"] = row.image
    return _line([*texts.values(), _sum(texts)])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _sum(texts: dict[str, str]) -> str:
    return f"{zlib.crc32(chr(31).join(f'{name}={cell}' for name, cell in texts.items()).encode()):08x}"


def _escaped(text: str) -> str:
    """Write a text so that it is one line, and no formula to a spreadsheet."""
    text = re.sub(r"[\\\n\r\0]", lambda match: _ESCAPED[match[0]], text)
    return f"'{text}" if text.startswith("'") else str(harmless(text))


def _original(text: str) -> str:
    text = text.removeprefix("'")
    return re.sub(r"\\[\\nr0]", lambda match: _ORIGINAL[match[0]], text) if "\\" in text else text
