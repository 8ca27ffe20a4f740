"""What the report shows: data sets with their runs, the file names of everything, and panels of other packages."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

from markupsafe import Markup

from ...errors import one_line
from ...results import Results, Run
from ...results.leaderboard.boards import Board, Column, make_boards

PANELS = "fusionbench.panels"  # the entry-point group of other packages' panels


@dataclass
class DataSet:
    """One data set with its runs, by method."""

    label: str
    board: Board
    pairs: list[str] = field(default_factory=list)
    sources: dict[str, tuple[Path, ...]] = field(default_factory=dict)
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


class Names:
    """The file name of each data set, method, metric (by key) and, by data set, pair; none has an ending."""

    def __init__(self, datasets: Sequence[DataSet], columns: Sequence[Column]) -> None:
        self.datasets = file_names(dataset.label for dataset in datasets)
        self.methods = file_names(method for dataset in datasets for method in dataset.runs)
        self.metrics = file_names(column.key for column in columns)
        self.pairs = {dataset.label: file_names(dataset.pairs) for dataset in datasets}

    def source(self, dataset: str, side: str, pair: str) -> Path:
        """Where a source goes, without ending."""
        return Path("images", self.datasets[dataset], "sources", side, self.pairs[dataset][pair])

    def result(self, dataset: str, method: str, kind: str, pair: str) -> Path:
        """Where a result goes, without ending."""
        return Path("images", self.datasets[dataset], kind, self.methods[method], self.pairs[dataset][pair])


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """Give each label a file name: plain ASCII, needing no escape in a link, different also where case is ignored.

    Examples
    --------
    >>> file_names(["TNO", "laplacian[levels=5]", "tno"])["TNO"]
    'TNO'
    >>> file_names(["laplacian[levels=5]"])["laplacian[levels=5]"].startswith("laplacian-levels-5-")
    True
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(set(labels)):
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-.")[:60]
        name = plain if plain and plain == label else f"{plain or 'x'}-{_hash(label)}"
        if name.casefold() in taken:
            name = f"{plain}-{_hash(label)}"
        taken.add(name.casefold())
        names[label] = name
    return names


def _hash(label: str) -> str:
    return hashlib.sha256(label.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def panels(results: Results) -> dict[str, Markup]:
    """Make all panels, by title, which is the entry point's name.

    Each is a function of the results that returns HTML; one that fails is told in a warning, and left out.
    """
    content = {}
    for point in sorted(entry_points(group=PANELS)):
        try:
            content[point.name] = Markup(point.load()(results))
        except (Exception, SystemExit) as error:  # whatever a foreign module raises
            warnings.warn(f"panel {point.name!r} ({point.value}) failed: {one_line(error)}", stacklevel=2)
    return content
