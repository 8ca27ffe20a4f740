"""What the report shows, read from the stored runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...results.store import Row, RunFolder, find_runs
from ..boards import Board, read_boards, rows_of

Kind = Literal["fused", "colour"]
KINDS: tuple[Kind, ...] = ("fused", "colour")


@dataclass
class Run:
    """One method on one data set."""

    dataset: str
    method: str
    folder: RunFolder
    manifest: dict[str, Any]
    rows: dict[str, Row]
    images: dict[Kind, set[str]]  # the file names that are there

    def has(self, kind: Kind, pair: str) -> bool:
        """Whether the image of a pair is there."""
        path = self.folder.image(pair, kind)
        return path.name in self.images[kind] or ("/" in pair and path.is_file())


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
        return sorted({str(task) for run in self.runs.values() for task in run.manifest.get("tasks", [])})


def collect(folder: Path) -> list[DataSet]:
    """Read everything below the folder of results.

    Raises
    ------
    InputError
        There are no results.
    """
    datasets = {board.dataset: DataSet(board.dataset, board) for board in read_boards(folder)}
    for found in find_runs(folder):
        run = _read(found)
        dataset = datasets[run.dataset]
        dataset.runs[run.method] = run
        _add(dataset.pairs, run.manifest.get("pairs", []))
        for pair, (a, b) in run.manifest.get("sources", {}).items():
            dataset.sources.setdefault(pair, (Path(a), Path(b)))
    for dataset in datasets.values():
        dataset.runs = dict(sorted(dataset.runs.items()))
        for run in dataset.runs.values():
            _add(dataset.pairs, [*run.manifest.get("skipped", {}), *run.rows])
    return list(datasets.values())


def _add(names: list[str], more: Iterable[str]) -> None:
    known = set(names)
    names.extend(name for name in dict.fromkeys(more) if name not in known)


def _read(folder: RunFolder) -> Run:
    manifest = folder.manifest()
    images = {kind: _names(folder.path / kind) for kind in KINDS}
    label = str(manifest["dataset"]["label"]), str(manifest["method"]["label"])
    return Run(*label, folder, manifest, rows_of(folder, manifest), images)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
