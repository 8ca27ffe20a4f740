"""The leaderboard: means of the stored rows, by data set and method."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..bench.store import RunFolder, find_runs
from ..errors import InputError
from ..files import write_text

HEADER = ("dataset", "method", "protocols", "pairs", "scored", "failed", "skipped", "undefined")
Better = Literal["higher", "lower", "zero"]


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


@dataclass
class Entry:
    """One method on one data set.

    `means` are over the scored pairs for which the metric is defined; `undefined` counts the others by metric.
    """

    method: str
    protocols: str
    scored: int
    failed: int
    skipped: int
    means: dict[str, float]
    undefined: dict[str, int]
    complete: bool = True


@dataclass
class Board:
    """All methods on one data set; `pairs` is how many pairs the most complete of them was run on."""

    dataset: str
    pairs: int
    columns: list[Column] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def ranking(self, column: Column) -> dict[str, int]:
        """Rank the methods by one metric, 1 the best; equal means share a rank.

        Only methods that were scored on every pair take part: a mean over fewer pairs cannot be compared.
        """
        cost = {"higher": -1.0, "lower": 1.0, "zero": 1.0}[column.better]
        values = {
            entry.method: cost * (abs(mean) if column.better == "zero" else mean)
            for entry in self.entries
            if entry.complete
            and column.key not in entry.undefined
            and not math.isnan(mean := entry.means.get(column.key, math.nan))
        }
        return {method: 1 + sum(other < value for other in values.values()) for method, value in values.items()}


def read_boards(
    out: Path,
    methods: Collection[str] | None = None,
    datasets: Collection[str] | None = None,
    pairs: Mapping[str, Collection[str]] | None = None,
) -> list[Board]:
    """Read every run below `out` and average its rows, a board for each data set.

    Parameters
    ----------
    out : the folder given to `run`.
    methods, datasets : only these labels.
    pairs : by data set, only these pairs.

    Raises
    ------
    InputError
        There are no results.
    """
    boards: dict[str, Board] = {}
    for run in find_runs(out):
        manifest = run.manifest()
        dataset, method = _labels(manifest)
        if (methods is None or method in methods) and (datasets is None or dataset in datasets):
            board = boards.setdefault(dataset, Board(dataset, 0))
            _add(board, run, manifest, method, None if pairs is None else pairs.get(dataset))
    if not boards:
        raise InputError(f"no results below {out}: run `fusionbench run --out {out}` first")
    for board in boards.values():
        board.entries.sort(key=lambda entry: entry.method)
        for entry in board.entries:
            entry.complete = entry.scored == board.pairs
    return sorted(boards.values(), key=lambda board: board.dataset)


def _labels(manifest: dict[str, Any]) -> tuple[str, str]:
    return str(manifest["dataset"]["label"]), str(manifest["method"]["label"])


def _add(board: Board, run: RunFolder, manifest: dict[str, Any], method: str, only: Collection[str] | None) -> None:
    names = [name for name in [*manifest["pairs"], *manifest["skipped"]] if only is None or name in only]
    rows = [row for name, row in run.rows().items() if only is None or name in only]
    known = [column.key for column in board.columns]
    board.columns += [Column(key, **about) for key, about in manifest["metrics"].items() if key not in known]
    scored = [row for row in rows if row.status == "ok"]
    means, undefined = {}, {}
    for key in manifest["metrics"]:
        values = [row.metrics.get(key, math.nan) for row in scored]
        defined = [value for value in values if not math.isnan(value)]
        means[key] = math.fsum(defined) / len(defined) if defined else math.nan
        if len(defined) < len(values):
            undefined[key] = len(values) - len(defined)
    protocols = " ".join(f"{name}/{version}" for name, version in manifest["protocols"].items())
    counts = [sum(row.status == status for row in rows) for status in ("failed", "skipped")]
    board.entries.append(Entry(method, protocols, len(scored), counts[0], counts[1], means, undefined))
    board.pairs = max(board.pairs, len(names), len(rows))


def to_csv(boards: Iterable[Board]) -> str:
    """Render the leaderboard as CSV: the columns of HEADER, then a mean for each metric@convention.

    `pairs` counts the pairs of the data set, `scored`, `failed` and `skipped` those of the method, and `undefined`
    lists metrics that are not defined for some scored pairs, as metric@convention:count. Means are over the scored
    pairs and in full precision; an empty cell was not scored.
    """
    boards = list(boards)
    keys = list(dict.fromkeys(column.key for board in boards for column in board.columns))
    lines: list[list[object]] = [[*HEADER, *keys]]
    for board in boards:
        for entry in board.entries:
            undefined = " ".join(f"{key}:{count}" for key, count in entry.undefined.items())
            counts = (board.pairs, entry.scored, entry.failed, entry.skipped)
            means = [_full(entry.means.get(key, math.nan)) for key in keys]
            lines.append([board.dataset, entry.method, entry.protocols, *counts, undefined, *means])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_harmless(cell) for cell in line] for line in lines])
    return text.getvalue()


def _full(value: float) -> str:
    return "" if math.isnan(value) else repr(value)


def _harmless(cell: object) -> object:
    # a spreadsheet runs what looks like a formula
    risky = isinstance(cell, str) and cell[:1] in ("=", "@", "\t", "\r", "+", "-") and not _is_number(cell)
    return f"'{cell}" if risky else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_leaderboard(out: Path) -> Path:
    """Write `leaderboard.csv` and `leaderboard.md` of everything below `out`, and return the former's path."""
    from .text import to_markdown

    boards = read_boards(out)
    write_text(out / "leaderboard.md", to_markdown(boards))
    write_text(out / "leaderboard.csv", to_csv(boards))
    return out / "leaderboard.csv"
