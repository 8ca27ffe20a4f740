"""Where results lie: one folder for each method on each data set, written so that nothing is ever half there.

============================================ ===========================================================
`OUT/leaderboard.csv`, `.md`                  means by data set and method
`OUT/<dataset>/<method>/run.json`             the manifest: what was run, with what, on what
`OUT/<dataset>/<method>/metrics.csv`          one row for each pair, with a status
`OUT/<dataset>/<method>/fused/<pair>.png`     what the method itself gave, in 8 bit: it is scored
`OUT/<dataset>/<method>/colour/<pair>.png`    where luminance was fused: the same with the sources' colour
`OUT/profile/<method>/<size>-<device>.json`   what the method costs: parameters, operations, time, memory
============================================ ===========================================================
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import math
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from ..errors import InputError
from ..files import remove_leftovers, write_text, writing

FORMAT = 1
FIXED = ("pair", "status", "reason", "seconds", "sources")
# behind the metrics: what `bench.looks` sees in an image, and how many pairs were worked on at once when it was fused
FACTS = (
    "fused_min", "fused_max", "fused_at_0", "fused_at_255", "sources_min", "sources_max", "likeness", "copy_of",
    "at_once",
)  # fmt: skip
Status = Literal["ok", "failed", "skipped"]


@dataclass(eq=False)
class Row:
    """The result of one pair.

    `metrics` holds each scored `metric@convention`, NaN where the metric is not defined (`reason` says why);
    `sources` is the fingerprint of both source images, and of the files that the method has besides (`Method.files`);
    `seconds` is the time that the method took, NaN where it computed nothing. `facts` are what the levels of the image
    tell (`looks.FACTS`); rows of before have none.
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
        return isinstance(other, Row) and self._stored() == other._stored()

    def _stored(self) -> tuple[object, ...]:
        values = [{key: _told(value) for key, value in part.items()} for part in (self.metrics, self.facts)]
        return self.pair, self.status, self.reason, self.sources, _told(self.seconds), *values


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value


def slug(label: str) -> str:
    """Make a folder name of any label: readable, safe on every file system, different for different labels.

    Examples
    --------
    >>> slug("laplacian[levels=5]")
    'laplacian[levels=5]'
    >>> slug("cmd:python x.py").startswith("cmd-python-x.py-")
    True
    """
    safe = re.sub(r"[^\w\[\]=,.+@-]+", "-", label).strip("-.")[:80] or "unnamed"
    return safe if safe == label else f"{safe}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _numbers(row: Row, columns: list[str]) -> list[tuple[dict[str, float], Iterable[str]]]:
    return [(row.metrics, columns), (row.facts, FACTS)]


def _line(row: Row, columns: list[str]) -> list[str]:
    # repr is the shortest text that reads back as the same double
    seconds = "" if math.isnan(row.seconds) else f"{row.seconds:.6f}"
    return [row.pair, row.status, row.reason, seconds, row.sources] + [
        repr(float(found[key])) if key in found else "" for found, keys in _numbers(row, columns) for key in keys
    ]


def _csv(lines: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


class RunFolder:
    """The folder of one run: a method on a data set.

    Rows are appended as they come, one write each; `close` leaves them in the order of the data set. Whoever writes
    holds the lock, which the system drops even when the process is killed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table = path / "metrics.csv"
        self._columns: list[str] = []
        self._lock = FileLock(path / ".lock", blocking=False)

    # ---------------------------------------------------------------- reading
    def manifest(self) -> dict[str, Any]:
        """Read run.json; empty where there is none yet."""
        return read_record(self.path / "run.json")

    def rows(self) -> dict[str, Row]:
        """Read the rows by pair name; the later of two rows of a pair counts, a torn last line does not."""
        try:
            text = self.table.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return {}
        complete = text[: text.rfind("\n") + 1]
        lines = list(csv.reader(io.StringIO(complete)))
        if not lines:
            return {}
        header = lines[0]
        keys = header[len(FIXED) :]
        rows: dict[str, Row] = {}
        for line in lines[1:]:
            if len(line) != len(header):
                continue
            pair, status, reason, seconds, sources = line[: len(FIXED)]
            values = {key: float(text) for key, text in zip(keys, line[len(FIXED) :], strict=True) if text}
            facts = {key: values.pop(key) for key in FACTS if key in values}
            rows[pair] = Row(pair, status, reason, _number(seconds), sources, values, facts)  # type: ignore[arg-type]
        return rows

    def image(self, pair: str, kind: Literal["fused", "colour"] = "fused") -> Path:
        """Where the image of a pair lies."""
        return self.path / kind / f"{pair}.png"

    # ---------------------------------------------------------------- writing
    def open(self, columns: list[str]) -> dict[str, Row]:
        """Take the lock, bring the table to the given metric columns, and return the rows that are there.

        Columns that the table has already are kept.
        """
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise InputError(
                    f"another run is writing to {self.path}: wait for it to end, or choose another folder with --out"
                ) from error
        for folder in (self.path, self.path / "fused", self.path / "colour"):
            remove_leftovers(folder)
        rows = self.rows()
        present = {key for row in rows.values() for key in row.metrics}
        self._columns = [*columns, *sorted(present - set(columns))]
        self._rewrite(list(rows.values()))
        return rows

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace run.json."""
        write_record(self.path / "run.json", manifest)

    def append(self, row: Row) -> None:
        """Add one row, in one write that is on the disk when this returns."""
        line = _csv([_line(row, self._columns)]).encode()
        with writing(self.table), self.table.open("ab") as file:
            start = file.tell()
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    os.truncate(self.table, start)
                raise

    def close(self, order: list[str] | None = None) -> None:
        """Sort the table by the data set's order (other rows after it, by name) and release the lock."""
        try:
            if order is not None:
                place = {name: index for index, name in enumerate(order)}
                rows = self.rows().values()
                self._rewrite(sorted(rows, key=lambda row: (place.get(row.pair, len(place)), row.pair)))
        finally:
            self._lock.release()

    def remove(self) -> None:
        """Remove the folder of a run, which is closed, and the folders above it that are empty then."""
        shutil.rmtree(self.path, ignore_errors=True)
        for folder in (self.path.parent, self.path.parent.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _rewrite(self, rows: list[Row]) -> None:
        header = [*FIXED, *self._columns, *FACTS]
        text = _csv([header, *(_line(row, self._columns) for row in rows)])
        if not self.table.exists() or self.table.read_text(encoding="utf-8") != text:
            write_text(self.table, text)


def run_folder(out: Path, dataset: str, method: str) -> RunFolder:
    """Name the folder of `method` on `dataset` below `out`."""
    return RunFolder(out / slug(dataset) / slug(method))


def find_runs(out: Path) -> list[RunFolder]:
    """Find every run below a folder, in the order of their paths."""
    return [RunFolder(path.parent) for path in sorted(out.glob("*/*/run.json"))]


def profile_path(out: Path, method: str, size: tuple[int, int], device: str) -> Path:
    """Name the file of what `method` costs at a size (height, width) on a device."""
    return out / "profile" / slug(method) / f"{size[0]}x{size[1]}-{slug(device)}.json"


def find_profiles(out: Path) -> list[dict[str, Any]]:
    """Read every stored profile below a folder, in the order of their paths."""
    paths = sorted(path for path in out.glob("profile/*/*.json") if path.name != "run.json")  # a data set named so
    return [record for path in paths if (record := read_record(path))]


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON file; empty where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is no record")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}): delete it to run it again") from error
    return content


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")
