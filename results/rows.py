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
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from .cells import harmless

FIXED = ("pair", "status", "reason", "seconds", "sources")
# behind the metrics: what the levels of an image tell, and how many pairs were worked on at once when it was fused
FACTS = (
    "fused_min", "fused_max", "fused_at_0", "fused_at_255", "sources_min", "sources_max", "likeness", "copy_of",
    "at_once",
)  # fmt: skip
TEXTS = ("image", "check")  # behind the facts
Status = Literal["ok", "failed", "skipped"]
_ESCAPED = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\0": "\\0"}  # a row is one line
_ORIGINAL = {escape: character for character, escape in _ESCAPED.items()}


@dataclass(eq=False)
class Row:
    """The result of one pair.

    Attributes
    ----------
    metrics : each scored `metric@convention`, NaN where the metric is not defined; `reason` says why.
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
    metrics: dict[str, float] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)
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


def parse_rows(data: bytes) -> tuple[dict[str, Row], int]:
    """Read a table; the later of two rows of a pair counts, a torn last line does not.

    Returns
    -------
    The rows by pair, and how many others are damaged.
    """
    header, *lines = data.split(b"\n")[:-1] or [b""]
    names = _cells(header)
    if names[: len(FIXED)] != list(FIXED) or not all("@" in name or name in (*FACTS, *TEXTS) for name in names[5:]):
        return {}, sum(bool(line) for line in lines)  # what the cells are is not known
    rows = [_parse(names, _cells(line)) for line in lines if line]
    return {row.pair: row for row in rows if row is not None}, rows.count(None)


def _cells(line: bytes) -> list[str]:
    """Split a line; nothing where it is damaged."""
    try:
        return next(csv.reader([line.decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def _parse(names: list[str], cells: list[str]) -> Row | None:
    """Make the row of a line; None where it is damaged."""
    texts = dict(zip(names, cells, strict=False))
    check = texts.pop("check", None)
    if len(names) != len(cells) or check not in (None, _sum(texts)) or texts["status"] not in get_args(Status):
        return None
    fixed = {name: texts.pop(name) for name in (*FIXED, "image") if name in texts}
    try:
        values = {name: float(cell) for name, cell in texts.items() if cell}
        seconds = float(fixed["seconds"] or "nan")
    except ValueError:
        return None
    facts = {name: values.pop(name) for name in FACTS if name in values}
    pair, reason = (fixed[name] if check is None else _original(fixed[name]) for name in ("pair", "reason"))
    return Row(pair, fixed["status"], reason, seconds, fixed["sources"], values, facts, fixed.get("image", ""))  # type: ignore[arg-type]


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
    return re.sub(r"\\[\\nr0]", lambda match: _ORIGINAL[match[0]], text.removeprefix("'"))
