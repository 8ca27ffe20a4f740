"""What a run stored, for comparing runs with each other."""

from __future__ import annotations

import csv
from pathlib import Path

TIMES = {"seconds", "at_once", "batch", "check"}  # the last is a sum over the others


def stored(out: Path) -> dict[str, object]:
    """Read rows and images of all runs in a folder, apart from the pairs' times and how many shared them."""
    rows = {
        str(path.relative_to(out)): sorted(
            (row["pair"], {name: value for name, value in row.items() if name not in TIMES})
            for row in csv.DictReader(path.read_text().splitlines())
        )
        for path in out.rglob("metrics.csv")
    }
    return rows | {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("fused/*")}
