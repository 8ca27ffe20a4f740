"""The content of a table, decided once for all formats: which cells, how many decimals, what is best."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .boards import Board, Column, Entry
from .footnotes import Footnotes, footnotes, raised
from .ranks import standings
from .venues import paper

Extra = Literal["n", "venue", "rank"]
EXTRAS: tuple[Extra, ...] = ("n", "rank")
NONE = "–"
INCOMPLETE = "†"


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: `rank` 1 is the best, 2 the second, 0 not ranked; `note` says what is missing."""

    text: str
    rank: int = 0
    note: str = ""

    @property
    def plain(self) -> str:
        """The text with its note."""
        return f"{self.text} {self.note}" if self.note else self.text


@dataclass(frozen=True)
class Head:
    """Of a column: its name, ↑ or ↓ where there is a better end, and whether the name is that of a metric."""

    name: str
    arrow: str = ""
    metric: bool = False

    @property
    def plain(self) -> str:
        """The name with its arrow."""
        return f"{self.name} {self.arrow}" if self.arrow else self.name


@dataclass
class Line:
    """A row; `marked` is for an incomplete method, which is not ranked, `notes` are the numbers of its footnotes."""

    name: str
    cells: list[Cell]
    marked: bool = False
    notes: list[int] = field(default_factory=list)


@dataclass
class Grid:
    """A table. `groups` are heads above the heads, each over as many columns; `notes` and `footnotes` go below."""

    title: str
    corner: str
    heads: list[Head]
    lines: list[Line]
    groups: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    footnotes: Footnotes = field(default_factory=Footnotes)

    @property
    def grouped_heads(self) -> list[str]:
        """The heads as one line, each behind the name of its group."""
        groups = [name for name, span in self.groups for _ in range(span)] or [""] * len(self.heads)
        return [f"{name}: {head.plain}" if name else head.plain for name, head in zip(groups, self.heads, strict=True)]

    def below(self, mark: Callable[[Sequence[int]], str] = raised, write: Callable[[str], str] = str) -> list[str]:
        """Write all that stands below the table, line by line: `mark` writes the numbers, `write` the sentences."""
        numbered = (f"{mark([n])} {write(text)}" for n, text in enumerate(self.footnotes.numbered, start=1))
        return [*map(write, [*self.notes, *self.footnotes.shared]), *numbered]


def digits(board: Board, column: Column) -> int:
    """How many decimals a column needs to show five significant digits of its largest mean, between 1 and 4."""
    means = (abs(e.means.get(column.key, math.nan)) for e in board.entries)
    largest = max((mean for mean in means if math.isfinite(mean)), default=0)
    return min(4, max(1, 5 - len(str(int(largest)))))


def title(board: Board) -> str:
    """Name the data set, the number of its pairs and the protocols."""
    return " · ".join([board.dataset, counted(board), *filter(None, [protocols_of([board])])])


def counted(board: Board) -> str:
    """Say how many pairs there are, and of which list."""
    pairs = plural(board.pairs, "pair")
    return f"{pairs} of {board.pair_list}" if board.pair_list else pairs


def heads(board: Board) -> list[Head]:
    """Head each metric's column: the protocol's name for it, or the key where two conventions share a name."""
    names = [column.name for column in board.columns]
    return [Head(c.name if names.count(c.name) == 1 else c.key, c.arrow, True) for c in board.columns]


def means_grid(
    boards: Sequence[Board],
    *,
    names: Mapping[str, str] | None = None,
    methods: Sequence[str] | None = None,
    extras: Sequence[Extra] = EXTRAS,
    decimals: int | Mapping[str, int] | None = None,
    intervals: bool = False,
    incomplete: bool = False,
) -> Grid:
    """Lay out the means of one data set, or of several side by side.

    Parameters
    ----------
    boards : the data sets.
    names : what to print for a method's label.
    methods : the labels in the order of the rows; by default as the boards have them.
    extras : the columns beside the metrics: "n", how many pairs were scored, and "venue" with the year stand before
        them, "rank", the mean rank over all metrics, behind them where two methods or more are ranked.
    decimals : of every mean, or of those of a metric by its key; by default as many as show five significant digits, at
        most 4.
    intervals : print the 95 % bootstrap interval of each mean.
    incomplete : give methods that lack pairs a mean rank, too, over the pairs that they have. They stay marked, and are
        never the best or the second of a column.

    Returns
    -------
    Grid
        A row for each method.
    """
    there = dict.fromkeys(entry.method for board in boards for entry in board.entries)
    methods = [method for method in methods or there if method in there]
    blocks = [_block(board, methods, decimals, intervals) for board in boards]
    marked = [_lacks_pairs(boards, method) for method in methods]
    before = {"n": Head("n"), "venue": Head("venue")}
    leading = [extra for extra in extras if extra in before]
    notes = footnotes(boards, methods)
    lines = [
        Line(
            (names or {}).get(method, method),
            [*(_extra(extra, boards, method) for extra in leading), *(c for block in blocks for c in block[index])],
            marked[index],
            notes.of.get(method, []),
        )
        for index, method in enumerate(methods)
    ]
    grid = Grid(
        title(boards[0])
        if len(boards) == 1
        else f"{', '.join(cited(board) for board in boards)} · {protocols_of(boards)}",
        "Method",
        [*(before[extra] for extra in leading), *(head for board in boards for head in heads(board))],
        lines,
        notes=_notes(boards, methods, names or {}, incomplete),
        footnotes=notes,
    )
    if len(boards) > 1:
        sets = [(f"{board.dataset} ({plural(board.pairs, 'pair')})", len(board.columns)) for board in boards]
        grid.groups = [*[("", len(leading))] * bool(leading), *sets]
    if "rank" in extras:
        _add_mean_rank(grid, boards, methods, incomplete)
    return grid


def _block(
    board: Board, methods: list[str], decimals: int | Mapping[str, int] | None, intervals: bool
) -> list[list[Cell]]:
    """Cells of one data set: a list for each method."""
    entries = {entry.method: entry for entry in board.entries}
    columns = []
    for column in board.columns:
        ranks = board.ranking(column)
        fixed = decimals.get(column.key) if isinstance(decimals, Mapping) else decimals
        places = digits(board, column) if fixed is None else fixed
        columns.append(
            [
                _cell(entries[method], column, places, ranks.get(method, 0), intervals)
                if method in entries
                else Cell(NONE)
                for method in methods
            ]
        )
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in methods]


def _cell(entry: Entry, column: Column, places: int, rank: int, intervals: bool) -> Cell:
    mean = entry.means.get(column.key, math.nan)
    if math.isnan(mean):
        return Cell(NONE)
    notes = []
    low, high = entry.interval(column.key) if intervals else (math.nan, math.nan)
    if not math.isnan(low):
        notes.append(f"[{low:z.{places}f}, {high:z.{places}f}]")
    if missing := entry.undefined.get(column.key):
        notes.append(f"(n={entry.scored - missing})")
    return Cell(f"{mean:z.{places}f}", rank, " ".join(notes))  # z: no minus before a zero


def _extra(extra: Extra, boards: Sequence[Board], method: str) -> Cell:
    """Make a cell beside the metrics: pairs scored over all data sets, or venue and year."""
    entries = [entry for board in boards for entry in board.entries if entry.method == method]
    if extra == "venue":
        return Cell(next((text for e in entries if (text := paper(e.venue, e.year))), NONE))
    scored, pairs = sum(entry.scored for entry in entries), sum(board.pairs for board in boards)
    return Cell(str(scored) if scored == pairs else f"{scored}/{pairs}")


def _lacks_pairs(boards: Sequence[Board], method: str) -> bool:
    whole = {board.dataset for board in boards for e in board.entries if e.method == method and e.complete}
    return len(whole) < len(boards)


def _notes(boards: Sequence[Board], methods: list[str], names: Mapping[str, str], incomplete: bool) -> list[str]:
    notes = []
    if any(_lacks_pairs(boards, method) for method in methods):
        where = " on a data set: not ranked there" if len(boards) > 1 else ": not ranked"
        end = ", but for its mean rank over those that were" if incomplete else ""
        notes.append(f"{INCOMPLETE} some pairs were not scored{where}{end}.")
    for status in ("failed", "skipped"):
        lost = [
            f"{names.get(entry.method, entry.method)} {getattr(entry, status)} on {board.dataset}"
            for board in boards
            for entry in board.entries
            if getattr(entry, status)
        ]
        if lost:
            notes.append(f"Pairs {status}: {', '.join(lost)}.")
    return notes


def _add_mean_rank(grid: Grid, boards: Sequence[Board], methods: list[str], incomplete: bool) -> None:
    ranked = {s.method: s.mean_rank for s in standings(boards, incomplete) if s.place is not None}
    if len(ranked) < 2:
        return
    grid.heads.append(Head("mean rank", "↓"))
    if grid.groups:
        grid.groups.append(("", 1))
    whole = [ranked[method] for line, method in zip(grid.lines, methods, strict=True)
             if method in ranked and not line.marked]  # fmt: skip
    for line, method in zip(grid.lines, methods, strict=True):
        place = 0 if line.marked or method not in ranked else 1 + sum(rank < ranked[method] for rank in whole)
        line.cells.append(Cell(f"{ranked[method]:.2f}", place) if method in ranked else Cell(NONE))


def signed(value: float, places: int) -> str:
    """Write a difference or a correlation with its sign; zero has none."""
    text = f"{value:+z.{places}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def cited(board: Board) -> str:
    """Name the data set, or the list that its pairs are of."""
    return board.pair_list or board.dataset


def protocols_of(boards: Sequence[Board]) -> str:
    """Name the protocols of the boards' metrics with their versions."""
    used = {column.protocol for board in boards for column in board.columns}
    versions = {p for board in boards for entry in board.entries for p in entry.protocols.split()}
    return ", ".join(sorted(p for p in versions if p.partition("/")[0] in used))


def plural(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
