"""What was stored, by data set and method: the rows that every table and plot is made from."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, unknown
from ..results.store import Row, RunFolder, find_runs
from .profiles import Profile, identity, read_profiles
from .statistics import RESAMPLES, Summary, summarise

DRAWS = 2_000_000  # values drawn for an interval: from 200 pairs on fewer resamples do, and a large board stays quick
Better = Literal["higher", "lower", "zero"]
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
    `rows` are the stored rows by pair, in the order of the data set; `run` is the folder with the images.
    `complete` says that all pairs of the board were scored. `profiles` tell what the method costs, if it was measured.
    `notes` are sentences that a reader of the numbers must know, `timing` those on the seconds.
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
    run: RunFolder | None = None
    profiles: list[Profile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    timing: list[str] = field(default_factory=list)
    _summaries: dict[str, Summary] = field(default_factory=dict, repr=False, compare=False)

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

    def summary(self, key: str) -> Summary:
        """Mean, deviation and bootstrap interval of a metric over the pairs."""
        if key not in self._summaries:
            values = list(self.values(key).values())
            self._summaries[key] = summarise(values, resamples=min(RESAMPLES, max(999, DRAWS // max(1, len(values)))))
        return self._summaries[key]

    def interval(self, key: str) -> tuple[float, float]:
        """Ends of the bootstrap interval of the mean; NaN where there is none: below two values, or infinite ones."""
        found = self.summary(key)
        return (math.nan, math.nan) if found.missing else (found.low, found.high)


@dataclass
class Board:
    """All methods on one data set; `pairs` is how many pairs any of them was run on, `names` which.

    `known` are the methods on all data sets of the folder, also those that were not asked for.
    """

    dataset: str
    pairs: int
    columns: list[Column] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    def column(self, name: str) -> Column:
        """Find a metric by its key (metric@convention) or its name, whatever the case.

        Raises
        ------
        InputError
            There is no such metric on this board, or the name stands for several conventions.
        """
        wanted = name.casefold()
        found = [c for c in self.columns if c.key.casefold() == wanted]
        found = found or [c for c in self.columns if wanted in (c.name.casefold(), c.key.partition("@")[0].casefold())]
        if not found:
            raise unknown("metric", name, [column.key for column in self.columns])
        if len(found) > 1:
            raise InputError(f"{name!r} is several metrics here: say which of {', '.join(c.key for c in found)}")
        return found[0]

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


def read_boards(
    out: Path,
    methods: Collection[str] | None = None,
    datasets: Collection[str] | None = None,
    pairs: Mapping[str, Collection[str]] | None = None,
    protocols: Collection[str] | None = None,
    metrics: Collection[str] | None = None,
) -> list[Board]:
    """Read every run below `out` and average its rows, a board for each data set.

    Parameters
    ----------
    out : the folder given to `run`.
    methods, datasets : only these labels.
    pairs : by data set, only these pairs.
    protocols : only metrics of these protocols.
    metrics : only these, by key (metric@convention) or name, in this order.

    Raises
    ------
    InputError
        There are no results; or none of a method, data set, protocol or metric that was asked for.
    """
    boards: dict[str, Board] = {}
    profiles = read_profiles(out, methods)
    runs = [(run, run.manifest()) for run in find_runs(out)]
    for run, manifest in runs:
        dataset, method = _labels(manifest)
        if (methods is None or method in methods) and (datasets is None or dataset in datasets):
            board = boards.setdefault(dataset, Board(dataset, 0))
            _add(board, run, manifest, method, None if pairs is None else pairs.get(dataset))
            same = identity(manifest["method"])
            board.entries[-1].profiles = [p for p in profiles if p.method == method and p.identity == same]
    if not runs:
        raise InputError(f"no results below {out}: run `fusionbench run --out {out}` first")
    known = [_labels(manifest) for _, manifest in runs]
    _check("data set", datasets, {dataset for dataset, _ in known})
    _check("method", methods, {method for dataset, method in known if datasets is None or dataset in datasets})
    found = sorted(boards.values(), key=lambda board: board.dataset)
    _check("protocol", protocols, {column.protocol for board in found for column in board.columns})
    for board in found:
        board.known = sorted({method for _, method in known})
        board.entries.sort(key=lambda entry: entry.method)
        for entry in board.entries:
            entry.complete = entry.scored == board.pairs
        if protocols is not None:
            board.columns = [column for column in board.columns if column.protocol in protocols]
        if metrics is not None:
            board.columns = [board.column(name) for name in metrics]
    return found


def choose(boards: list[Board], dataset: str | None) -> Board:
    """Pick the board of a data set, or the only one there is.

    Raises
    ------
    InputError
        There is no such data set, or several and none was named.
    """
    if dataset is None and len(boards) == 1:
        return boards[0]
    names = [board.dataset for board in boards]
    if dataset is None:
        raise InputError(f"there are results of several data sets: say with --dataset which of {', '.join(names)}")
    if dataset not in names:
        raise unknown("data set", dataset, names)
    return boards[names.index(dataset)]


def in_order(methods: Collection[str] | None) -> Callable[[Entry], tuple[int, str]]:
    """Sort key for entries: the order in which the methods were asked for, or by name."""
    place = {method: index for index, method in enumerate(methods or ())}
    return lambda entry: (place.get(entry.method, len(place)), entry.method)


def _check(kind: str, wanted: Collection[str] | None, known: Collection[str]) -> None:
    for name in wanted or ():
        if name not in known:
            raise unknown(kind, name, known)


def _labels(manifest: dict[str, Any]) -> tuple[str, str]:
    return str(manifest["dataset"]["label"]), str(manifest["method"]["label"])


def rows_of(run: RunFolder, manifest: dict[str, Any]) -> dict[str, Row]:
    """Read the rows of a run; images that were fused before have no seconds, whatever an old run stored."""
    rows = run.rows()
    if manifest["method"].get("name") == "folder":
        return {name: replace(row, seconds=math.nan) for name, row in rows.items()}
    return rows


def _add(board: Board, run: RunFolder, manifest: dict[str, Any], method: str, only: Collection[str] | None) -> None:
    stored = rows_of(run, manifest)
    names = dict.fromkeys([*manifest["pairs"], *manifest["skipped"], *stored])
    rows = {name: stored[name] for name in names if name in stored and (only is None or name in only)}
    known = [column.key for column in board.columns]
    board.columns += [Column(key, **about) for key, about in manifest["metrics"].items() if key not in known]
    scored = [row for row in rows.values() if row.status == "ok"]
    means, undefined = {}, {}
    for key in manifest["metrics"]:
        values = [row.metrics.get(key, math.nan) for row in scored]
        defined = [value for value in values if not math.isnan(value)]
        means[key] = math.fsum(defined) / len(defined) if defined else math.nan
        if len(defined) < len(values):
            undefined[key] = len(values) - len(defined)
    protocols = " ".join(f"{name}/{version}" for name, version in manifest["protocols"].items())
    failed, skipped = (sum(row.status == status for row in rows.values()) for status in ("failed", "skipped"))
    entry = Entry(method, protocols, len(scored), failed, skipped, means, undefined, rows=rows, run=run)
    entry.notes = [str(note) for note in manifest.get("notes") or ()]
    entry.timing = [str(note) for note in (manifest.get("seconds") or {}).get("notes", ())]
    board.entries.append(entry)
    board.names = list(dict.fromkeys([*board.names, *(name for name in names if only is None or name in only)]))
    board.pairs = len(board.names)
