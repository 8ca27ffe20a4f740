"""What a detector or a segmenter made of fused images and their sources, as it lies on disk.

`OUT/<dataset>/tasks/<task>-<protocol>-<model>.json` has the scores of a data set, and
`OUT/<dataset>/tasks/<model>/<row>.jsonl` what the model found in each image, a line each, so that nothing is looked at
twice. A line belongs to the pixels that it was made of; one that is damaged is made again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..files import writing
from .draws import Draws
from .manifest import Better
from .paths import folder_name
from .records import FORMAT, Record, read_record, write_record

FOLDER = "tasks"
BETTER: dict[str, Better] = {"LAMR": "lower"}  # of the measures; the others are the better the higher


@dataclass(kw_only=True)
class TaskRow(Record):
    """The scores of one method's images, or of one source's.

    Attributes
    ----------
    source : "a" or "b" for a source, "" for a method.
    images : how many were scored.
    values : by measure; None where one is not defined.
    low, high : the ends of the 95 % bootstrap intervals over images.
    classes, groups : the same measures of each class, and of each group of images ("day", "night").
    draws : the measures of the images drawn anew, to compare rows by; None with fewer than two images.
    """

    OPTIONAL: ClassVar[tuple[str, ...]] = ("draws",)

    source: str = ""
    images: int
    values: dict[str, float | None]
    low: dict[str, float | None] = field(default_factory=dict)
    high: dict[str, float | None] = field(default_factory=dict)
    classes: dict[str, dict[str, float | None]] = field(default_factory=dict)
    groups: dict[str, dict[str, float | None]] = field(default_factory=dict)
    draws: Draws | None = None


@dataclass(kw_only=True)
class TaskRecord(Record):
    """The scores of a data set's images in one task, by one protocol and model.

    Attributes
    ----------
    task, protocol, version : "detection", "frozen", "1".
    model, digest : its label, and the hash of what it computes with.
    dataset : the label of the data set.
    settings : what else decides the values: thresholds, the classes that count.
    rows : by the label of a method or source, the sources first.
    """

    format: int = FORMAT
    task: str
    protocol: str
    version: str
    model: str
    digest: str
    dataset: str
    settings: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, TaskRow]

    @property
    def convention(self) -> str:
        """What stands behind the @ of a measure: detection/frozen/yolox-nano."""
        return f"{self.task}/{self.protocol}/{self.model}"

    @property
    def measures(self) -> list[str]:
        """The measures of any row, in their order."""
        return list(dict.fromkeys(name for row in self.rows.values() for name in row.values))


def defined(values: Mapping[str, float]) -> dict[str, float | None]:
    """Write None for NaN, which JSON does not have."""
    return {name: None if math.isnan(value) else float(value) for name, value in values.items()}


def tasks_folder(out: Path, dataset: str) -> Path:
    """Name the folder of a data set's tasks."""
    return out / folder_name(dataset) / FOLDER


def record_path(out: Path, dataset: str, task: str, protocol: str, model: str) -> Path:
    """Name the file of a `TaskRecord`."""
    return tasks_folder(out, dataset) / f"{task}-{protocol}-{folder_name(model)}.json"


def store_record(out: Path, record: TaskRecord) -> Path:
    """Write a record, with the rows of methods that an earlier one of the same model and settings has beside these."""
    path = record_path(out, record.dataset, record.task, record.protocol, record.model)
    before = read_record(path, TaskRecord)
    same = ("version", "digest", "settings")
    if before is not None and all(getattr(before, name) == getattr(record, name) for name in same):
        record.rows = record.rows | {label: row for label, row in before.rows.items() if label not in record.rows}
    write_record(path, record)
    return path


def read_tasks(out: Path) -> list[TaskRecord]:
    """Read every record below a folder of results, in the order of their paths."""
    paths = sorted(out.glob(f"*/{FOLDER}/*.json"))
    return [record for path in paths if (record := read_record(path, TaskRecord))]


class Seen:
    """What a model found in the images of one row, added to as it comes.

    Parameters
    ----------
    out, dataset, row : the folder of results, and the labels of data set and row.
    model, digest : of the model; another digest is another file.
    """

    def __init__(self, out: Path, dataset: str, row: str, model: str, digest: str) -> None:
        self.path = tasks_folder(out, dataset) / f"{folder_name(model)}-{digest[:8]}" / f"{folder_name(row)}.jsonl"
        self._found: dict[tuple[str, str], Any] = {}
        data = self.path.read_bytes() if self.path.is_file() else b""
        for line in data.splitlines():
            try:
                pair, pixels, found = json.loads(line)
                self._found[str(pair), str(pixels)] = found
            except (ValueError, TypeError):  # a line that a killed process left half
                continue
        self._cut = bool(data) and not data.endswith(b"\n")

    def get(self, pair: str, pixels: str) -> Any:
        """Return what was found in an image with this hash of its pixels; None if it was not looked at."""
        return self._found.get((pair, pixels))

    def put(self, pair: str, pixels: str, found: Any) -> None:
        """Keep what was found: a JSON value."""
        self._found[pair, pixels] = found
        line = json.dumps([pair, pixels, found], separators=(",", ":"))
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" * self._cut + line + "\n")
        self._cut = False
