"""The rows of metrics.csv: the result of each pair."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

FIXED = ("pair", "status", "reason", "seconds", "sources")
# behind the metrics: what the levels of an image tell, and how many pairs were worked on at once when it was fused
FACTS = (
    "fused_min", "fused_max", "fused_at_0", "fused_at_255", "sources_min", "sources_max", "likeness", "copy_of",
    "at_once",
)  # fmt: skip
Status = Literal["ok", "failed", "skipped"]


@dataclass(eq=False)
class Row:
    """The result of one pair.

    Attributes
    ----------
    metrics : each scored `metric@convention`, NaN where the metric is not defined; `reason` says why.
    sources : the fingerprint of both source images, and of the files that the method has besides.
    seconds : the time that the method took, NaN where it computed nothing.
    facts : those of FACTS that are known; rows of before have none.
    """

    pair: str
    status: Status = "ok"
    reason: str = ""
    seconds: float = math.nan
    sources: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Compare rows as they are stored, where a missing number equals another."""
        return isinstance(other, Row) and self._comparable() == other._comparable()

    def _comparable(self) -> tuple[object, ...]:
        numbers = {"seconds": self.seconds, **self.metrics}, self.facts
        return (
            self.pair, self.status, self.reason, self.sources,
            *({key: None if math.isnan(value) else value for key, value in each.items()} for each in numbers),
        )  # fmt: skip


def parse_rows(text: str) -> dict[str, Row]:
    """Read a table by pair; the later of two rows of a pair counts, a torn last line does not."""
    lines = csv.reader(io.StringIO(text[: text.rfind("\n") + 1]))
    header = next(lines, [])
    rows: dict[str, Row] = {}
    for line in lines:
        if len(line) == len(header):
            pair, status, reason, seconds, sources = line[: len(FIXED)]
            values = {key: float(cell) for key, cell in zip(header, line, strict=True) if cell and key not in FIXED}
            facts = {key: values.pop(key) for key in FACTS if key in values}
            time = float(seconds) if seconds else math.nan
            rows[pair] = Row(pair, status, reason, time, sources, values, facts)  # type: ignore[arg-type]
    return rows


def header_line(metrics: Sequence[str]) -> str:
    """Write the first line of a table with these metrics."""
    return _line([*FIXED, *metrics, *FACTS])


def row_line(row: Row, metrics: Sequence[str]) -> str:
    """Write a row as a line of a table with these metrics."""
    seconds = "" if math.isnan(row.seconds) else f"{row.seconds:.6f}"
    cells = [(row.metrics, key) for key in metrics] + [(row.facts, key) for key in FACTS]
    # repr is the shortest text that reads back as the same double
    numbers = [repr(float(values[key])) if key in values else "" for values, key in cells]
    return _line([row.pair, row.status, row.reason, seconds, row.sources, *numbers])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
