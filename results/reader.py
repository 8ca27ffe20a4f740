"""One reading of everything below a folder of results."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .profiles import Profile, read_profiles
from .runs import Run, RunFolder
from .tasks import TaskRecord, read_tasks
from .training import TrainingRecord, read_trainings


@dataclass
class Results:
    """What lies below a folder of results. Each file is read once, when it is first asked for.

    Raises
    ------
    InputError
        Its attributes raise it where a file is damaged.
    """

    folder: Path

    @cached_property
    def runs(self) -> list[Run]:
        """Every run, in the order of their paths."""
        folders = [RunFolder(path.parent) for path in sorted(self.folder.glob("*/*/run.json"))]
        return [Run(folder, manifest) for folder in folders if (manifest := folder.manifest())]

    @cached_property
    def profiles(self) -> list[Profile]:
        """Every profile, by size, device and method."""
        return read_profiles(self.folder)

    @cached_property
    def trainings(self) -> list[TrainingRecord]:
        """Every training run in the sub-folder `train`, in the order of their paths."""
        return read_trainings(self.folder / "train")

    @cached_property
    def tasks(self) -> list[TaskRecord]:
        """Every score of a downstream task, by data set, task, protocol and model."""
        return read_tasks(self.folder)

    def of(self, methods: Collection[str] | None = None, datasets: Collection[str] | None = None) -> list[Run]:
        """List the runs of these methods and data sets, by their labels; None stands for all."""
        return [
            run
            for run in self.runs
            if (methods is None or run.method in methods) and (datasets is None or run.dataset in datasets)
        ]

    def with_runs(self, runs: list[Run]) -> Results:
        """Return these results with other runs; what else lies in the folder is the same."""
        other = copy(self)
        other.runs = runs
        return other
