"""The tables and options of a training run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..files import write_bytes
from .tables import STAGE, count, read_table
from .values import read_object

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
    damage : sentences on what of its files is damaged, and left out.
    """

    name: str
    steps: dict[str, Array]
    epochs: dict[str, Array]
    options: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    damage: tuple[str, ...] = ()

    @property
    def losses(self) -> list[str]:
        """Names of the losses that have values; "loss", what was minimised, first."""
        names = [name for name in self.steps if name not in _NO_LOSS and np.isfinite(self.steps[name]).any()]
        return sorted(names, key=lambda name: name != "loss")


def read_training(folder: Path, name: str | None = None, strict: bool = True) -> TrainingRecord:
    """Read what a training run left behind, but for damaged lines, and the last one, which a run may be writing now.

    Parameters
    ----------
    folder : of the run, or its losses.csv.
    name : what to call it; by default the folder's.
    strict : raise where there is no step.

    Raises
    ------
    InputError
        There is no losses.csv, or it has no whole line.
    """
    folder = folder.parent if folder.name == STEPS else folder
    damage: list[str] = []
    steps = _columns(folder / STEPS, "step", strict, damage)
    if strict and "step" not in steps:
        raise InputError(f"{folder} has no steps in {STEPS}: give the folder of a run that `fusionbench train` made")
    epochs = _columns(folder / EPOCHS, "epoch", False, damage)
    contents = (_object(folder / OPTIONS, damage), _object(folder / ENVIRONMENT, damage))
    return TrainingRecord(name or folder.resolve().name, steps, epochs, *contents, tuple(damage))


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


def write_object(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def _columns(path: Path, column: str, strict: bool, damage: list[str]) -> dict[str, Array]:
    """Read the columns of numbers of a table; none where there is no line. What is damaged is added to `damage`."""
    names, rows, damaged = read_table(path, column)
    if damaged:
        damage.append(f"{count(damaged)} of {path} left out")
    if strict and damaged and not rows:
        raise InputError(
            f"{path} is not a table of losses (none of its lines is whole): give the folder of a training run"
        )
    return {
        name: np.array([float(row[place] or "nan") for row in rows])
        for place, name in enumerate(names if rows else ())
        if name != STAGE
    }


def _object(path: Path, damage: list[str]) -> dict[str, Any]:
    try:
        return read_object(path, "what it says is left out") or {}
    except InputError as error:
        damage.append(str(error))
        return {}


class Table:
    """A CSV file that grows line by line; each line reaches the disk before the next is computed.

    Parameters
    ----------
    path : the file; what it holds beyond `last` is cut off.
    column : of whole numbers that grow from line to line.
    last : the last number to keep.
    columns : columns that a table which is there must have.

    Attributes
    ----------
    damaged : how many lines of what was there are damaged, and cut off too.

    Raises
    ------
    InputError
        The first line of what is there, which names the columns, is damaged, or the file cannot be read.
    """

    def __init__(self, path: Path, column: str, last: int, columns: Sequence[str] = ()) -> None:
        self.path = path
        self._file: IO[str] | None = None
        self.columns, lines, self.damaged = read_table(path, column)
        lacking = [name for name in columns if name not in self.columns]
        if lacking and (self.columns or self.damaged):
            raise InputError(
                f"{path} has a damaged first line (it names no column {lacking[0]!r}): mend it, or delete the file to "
                "go on without what it says of the steps before"
            )
        if path.exists():
            place = self.columns.index(column) if self.columns else 0
            rows = [line for line in lines if float(line[place]) <= last]
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
