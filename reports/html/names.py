"""The file names of everything in the report, for labels of any kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...results.leaderboard.boards import Column
from .collect import DataSet


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
