"""What was stored, by data set and method: the rows that every table and plot is made from."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, unknown
from ..manifest import Better
from ..profiles import Profile
from ..reader import Results
from ..rows import Row
from ..runs import Run
from .statistics import RESAMPLES, mean_interval

DRAWS = 2_000_000  # values drawn for an interval: from 200 pairs on fewer resamples do, and a large board stays quick
Value = TypeVar("Value", float, NDArray[np.float64])


@dataclass(frozen=True)
class Column:
    """A metric of a board: `key` is metric@convention, `name` what the protocol calls it."""

    key: str
    name: str
    better: Better
    protocol: str

    @property
    def arrow(self) -> str:
        """The direction, as tables print it."""
        return {"higher": "↑", "lower": "↓", "zero": "→0"}[self.better]

    def cost(self, value: Value) -> Value:
        """Turn a value, or an array of them, into one that is the smaller the better; NaN stays NaN."""
        if self.better == "zero":
            return abs(value)
        return value if self.better == "lower" else -value


@dataclass
class Entry:
    """One method on one data set.

    `means` are over the scored pairs for which the metric is defined; `undefined` counts the others by metric.
    `rows` are the stored rows by pair, in the order of the data set; `run` is the stored run, with its images.
    `complete` says that all pairs of the board were scored. `profiles` tell what the method costs, if it was measured.
    `notes` are sentences that a reader of the numbers must know, `timing` those on the seconds. `year` and `venue` are
    those of the method's paper, as far as they are known, and `title` is what papers print for the method.
    """

    method: str
    protocols: str
    scored: int
    failed: int
    skipped: int
    means: dict[str, float]
    undefined: dict[str, int]
    complete: bool = True
    rows: dict[str, Row] = field(default_factory=dict)
    run: Run | None = None
    profiles: list[Profile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    timing: list[str] = field(default_factory=list)
    year: int | None = None
    venue: str = ""
    title: str = ""
    _intervals: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False, compare=False)

    def values(self, key: str) -> dict[str, float]:
        """Values of a metric by pair, where it was scored and is defined."""
        return {
            name: value
            for name, row in self.rows.items()
            if row.status == "ok" and not math.isnan(value := row.metrics.get(key, math.nan))
        }

    def seconds(self) -> list[float]:
        """Seconds that the method took for each scored pair whose time is known."""
        return [row.seconds for row in self.rows.values() if row.status == "ok" and not math.isnan(row.seconds)]

    def interval(self, key: str) -> tuple[float, float]:
        """Ends of the bootstrap interval of the mean; NaN where there is none: below two values, or infinite ones."""
        if key not in self._intervals:
            values = list(self.values(key).values())
            resamples = min(RESAMPLES, max(999, DRAWS // max(1, len(values))))
            self._intervals[key] = mean_interval(values, resamples=resamples)
        return self._intervals[key]


@dataclass
class Board:
    """All methods on one data set; `pairs` is how many pairs any of them was run on, `names` which.

    `pair_list` cites the list that ships, where the pairs are of one: "RoadScene/film50 (f5627044)".
    `methods` are the methods on all data sets of the folder, also those that were not asked for.
    """

    dataset: str
    pairs: int
    columns: list[Column] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    pair_list: str = ""

    def column(self, name: str) -> Column:
        """Find a metric by its key (metric@convention) or its name, whatever the case.

        Raises
        ------
        InputError
            There is no such metric on this board, or the name stands for several conventions.
        """
        name_in_any_case = name.casefold()
        columns = [c for c in self.columns if c.key.casefold() == name_in_any_case] or [
            c for c in self.columns if name_in_any_case in (c.name.casefold(), c.key.partition("@")[0].casefold())
        ]
        if not columns:
            raise unknown("metric", name, [column.key for column in self.columns])
        if len(columns) > 1:
            raise InputError(f"{name!r} is several metrics here: say which of {', '.join(c.key for c in columns)}")
        return columns[0]

    def ranking(self, column: Column, incomplete: bool = False) -> dict[str, int]:
        """Rank the methods by one metric, 1 the best; equal means share a rank.

        Only methods that were scored on every pair take part, as a mean over fewer pairs cannot be compared;
        `incomplete` ranks the others too, by the mean over the pairs that they have.
        """
        values = self.costs(column, incomplete)
        return {method: 1 + sum(other < value for other in values.values()) for method, value in values.items()}

    def costs(self, column: Column, incomplete: bool = False) -> dict[str, float]:
        """Means of the methods that `ranking` ranks, turned so that the smaller is the better."""
        return {
            entry.method: column.cost(mean)
            for entry in self.entries
            if (incomplete or (entry.complete and column.key not in entry.undefined))
            and not math.isnan(mean := entry.means.get(column.key, math.nan))
        }


def make_boards(
    results: Results,
    methods: Collection[str] | None = None,
    datasets: Collection[str] | None = None,
    pairs: Mapping[str, Collection[str]] | None = None,
    protocols: Collection[str] | None = None,
    metrics: Collection[str] | None = None,
) -> list[Board]:
    """Average the rows of every run, a board for each data set.

    Parameters
    ----------
    results : of the folder given to `run`.
    methods, datasets : only these labels.
    pairs : by data set, only these pairs.
    protocols : only metrics of these protocols.
    metrics : only these, by key (metric@convention) or name, in this order.

    Raises
    ------
    InputError
        There are no results; or none of a method, data set, protocol or metric that was asked for.
    """
    if not results.runs:
        raise InputError(f"no results below {results.folder}: run `fusionbench run --out {results.folder}` first")
    by_dataset: dict[str, Board] = {}
    for run in results.of(methods, datasets):
        board = by_dataset.setdefault(run.dataset, Board(run.dataset, 0))
        _add(board, run, results.profiles, None if pairs is None else pairs.get(run.dataset))
    _check("data set", datasets, {run.dataset for run in results.runs})
    _check("method", methods, {run.method for run in results.runs if datasets is None or run.dataset in datasets})
    boards = sorted(by_dataset.values(), key=lambda board: board.dataset)
    _check("protocol", protocols, {column.protocol for board in boards for column in board.columns})
    for board in boards:
        board.methods = sorted({run.method for run in results.runs})
        board.entries.sort(key=lambda entry: entry.method)
        for entry in board.entries:
            entry.complete = entry.scored == board.pairs
        if protocols is not None:
            board.columns = [column for column in board.columns if column.protocol in protocols]
        if metrics is not None:
            board.columns = [board.column(name) for name in metrics]
    return boards


def _check(kind: str, names: Collection[str] | None, known: Collection[str]) -> None:
    for name in names or ():
        if name not in known:
            raise unknown(kind, name, known)


def _add(board: Board, run: Run, profiles: list[Profile], only: Collection[str] | None) -> None:
    manifest = run.manifest
    names = [n for n in dict.fromkeys([*manifest.pairs, *manifest.skipped, *run.rows]) if only is None or n in only]
    rows = {name: run.rows[name] for name in names if name in run.rows}
    keys = [column.key for column in board.columns]
    board.columns += [
        Column(key, m.name, m.better, m.protocol) for key, m in manifest.metrics.items() if key not in keys
    ]
    scored = [row for row in rows.values() if row.status == "ok"]
    means, undefined = {}, {}
    for key, metric in manifest.metrics.items():
        # the first frame of a video has none before it, and is no gap in measures of two in a row
        having = [row for row in scored if key in row.metrics] if metric.protocol == "temporal" else scored
        values = [row.metrics.get(key, math.nan) for row in having]
        defined = [value for value in values if not math.isnan(value)]
        means[key] = math.fsum(defined) / len(defined) if defined else math.nan
        if len(defined) < len(values):
            undefined[key] = len(values) - len(defined)
    protocols = " ".join(f"{name}/{version}" for name, version in manifest.protocols.items())
    failed, skipped = (sum(row.status == status for row in rows.values()) for status in ("failed", "skipped"))
    entry = Entry(run.method, protocols, len(scored), failed, skipped, means, undefined, rows=rows, run=run)
    entry.year, entry.venue = manifest.method.year, manifest.method.venue
    entry.title = manifest.method.title or run.method
    entry.notes = [*manifest.notes, *filter(None, [run.damage])]
    entry.timing = manifest.seconds.notes if manifest.seconds else []
    entry.profiles = [p for p in profiles if p.method.label == run.method and p.method.computes_as(manifest.method)]
    board.entries.append(entry)
    board.pair_list = board.pair_list or manifest.dataset.pairs or ""
    board.names = list(dict.fromkeys([*board.names, *names]))
    board.pairs = len(board.names)
