"""What the report shows of each data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...results import Results, Run
from ...results.leaderboard.boards import Board, make_boards


@dataclass
class DataSet:
    """One data set with its runs, by method."""

    label: str
    board: Board
    pairs: list[str] = field(default_factory=list)
    sources: dict[str, tuple[Path, Path]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)

    @property
    def tasks(self) -> list[str]:
        """The fusion tasks of its pairs."""
        return sorted({task for run in self.runs.values() for task in run.manifest.tasks})


def collect(results: Results) -> list[DataSet]:
    """Sort all runs by data set.

    Raises
    ------
    InputError
        There are no results.
    """
    datasets = {board.dataset: DataSet(board.dataset, board) for board in make_boards(results)}
    for run in results.runs:
        dataset = datasets[run.dataset]
        dataset.runs[run.method] = run
        _add(dataset.pairs, run.manifest.pairs)
        for pair in run.manifest.sources:
            if files := run.manifest.source_files(pair):
                dataset.sources.setdefault(pair, files)
    for dataset in datasets.values():
        dataset.runs = dict(sorted(dataset.runs.items()))
        for run in dataset.runs.values():
            _add(dataset.pairs, [*run.manifest.skipped, *run.rows])
    return list(datasets.values())


def _add(names: list[str], more: Iterable[str]) -> None:
    known = set(names)
    names.extend(name for name in dict.fromkeys(more) if name not in known)
