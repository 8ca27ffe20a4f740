"""The tables and options of a training run."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..files import write_bytes

STEPS, EPOCHS, OPTIONS, ENVIRONMENT = "losses.csv", "losses_by_epoch.csv", "options.json", "environment.json"
_NO_LOSS = ("step", "epoch", "learning_rate")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingRecord:
    """What a training run left behind.

    Attributes
    ----------
    name : of the run.
    steps, epochs : each column of numbers by name, one value a step or an epoch; NaN where it has none.
    options : what the run was started with.
    environment : the versions with which it was started, or went on.
    """

    name: str
    steps: dict[str, Array]
    epochs: dict[str, Array]
    options: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)

    @property
    def losses(self) -> list[str]:
        """Names of the losses that have values; "loss", what was minimised, first."""
        names = [name for name in self.steps if name not in _NO_LOSS and np.isfinite(self.steps[name]).any()]
        return sorted(names, key=lambda name: name != "loss")


def read_training(folder: Path, name: str | None = None, strict: bool = True) -> TrainingRecord:
    """Read what a training run left behind; a run may be writing the last line of a table now: it is left out.

    Parameters
    ----------
    folder : of the run, or its losses.csv.
    name : what to call it; by default the folder's.
    strict : raise where there is no step, or a cell is no number; else there are none, and it is NaN.

    Raises
    ------
    InputError
        There is no losses.csv, it has no steps, or it is not a table of numbers.
    """
    folder = folder.parent if folder.name == STEPS else folder
    steps = _columns(folder / STEPS, strict)
    if strict and "step" not in steps:
        raise InputError(f"{folder} has no steps in {STEPS}: give the folder of a run that `fusionbench train` made")
    contents = (read_object(folder / OPTIONS), read_object(folder / ENVIRONMENT))
    return TrainingRecord(name or folder.resolve().name, steps, _columns(folder / EPOCHS, strict), *contents)


def read_trainings(folder: Path) -> list[TrainingRecord]:
    """Read every training run below a folder, in the order of their paths, by which they are called."""
    runs = [path.parent for path in sorted(folder.rglob(STEPS))]
    return [read_training(run, "/".join(run.relative_to(folder).parts) or run.name, strict=False) for run in runs]


def read_named(folders: Sequence[Path]) -> list[TrainingRecord]:
    """Read several training runs, called by the shortest ends of their paths that tell them apart."""
    paths = [path.parent if path.name == STEPS else path for path in (folder.resolve() for folder in folders)]
    for depth in range(1, max((len(path.parts) for path in paths), default=1) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return [read_training(folder, name) for folder, name in zip(folders, names, strict=True)]


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_object(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def _columns(path: Path, strict: bool) -> dict[str, Array]:
    """Read the columns of numbers of a table; none where there is no line."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    lines = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))
    if len(lines) < 2:
        return {}
    rows = [line for line in lines[1:] if len(line) == len(lines[0])]
    try:
        return {
            name: np.array([_number(row[place], strict) for row in rows])
            for place, name in enumerate(lines[0])
            if name != "stage"
        }
    except ValueError as error:
        raise InputError(f"{path} is not a table of losses ({error}): give the folder of a training run") from error


def _number(text: str, strict: bool) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        if strict:
            raise
        return math.nan


class Table:
    """A CSV file that grows line by line; each line reaches the disk before the next is computed.

    Parameters
    ----------
    path : the file; what it holds beyond `last` is cut off.
    column : of whole numbers that grow from line to line.
    last : the last number to keep.
    """

    def __init__(self, path: Path, column: str, last: int) -> None:
        self.path = path
        self._file: IO[str] | None = None
        self.columns: list[str] = []
        if path.exists():
            with path.open(newline="") as file:
                lines = [line for line in csv.reader(file) if line]
            self.columns = lines[0] if lines else []
            place = self.columns.index(column) if column in self.columns else 0
            rows = [line for line in lines[1:] if len(line) == len(self.columns) and int(line[place]) <= last]
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([self.columns, *rows] if self.columns else [])
            write_bytes(path, text.getvalue().encode())

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a line; a column that it lacks stays empty."""
        if self._file is None:
            self._file = self.path.open("a", newline="")
        if not self.columns:
            self.columns = list(row)
            self._write(self.columns)
        self._write([row.get(column, "") for column in self.columns])

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, values: list[Any]) -> None:
        assert self._file is not None
        csv.writer(self._file, lineterminator="\n").writerow(values)
        self._file.flush()
