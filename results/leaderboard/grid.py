"""The content of a table, decided once for all formats: which cells, how many decimals, what is best."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .boards import Board, Column, Entry
from .footnotes import Footnotes, footnotes, raised
from .ranks import Standing, standings

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
    """Of a column: its name, and ↑ or ↓ where there is a better end."""

    name: str
    arrow: str = ""

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
    return " · ".join([board.dataset, plural(board.pairs, "pair"), *filter(None, [_protocols([board])])])


def heads(board: Board) -> list[Head]:
    """Head each metric's column: the protocol's name for it, or the key where two conventions share a name."""
    names = [column.name for column in board.columns]
    return [Head(c.name if names.count(c.name) == 1 else c.key, c.arrow) for c in board.columns]


def means_grid(
    boards: Sequence[Board],
    *,
    names: Mapping[str, str] | None = None,
    decimals: int | None = None,
    intervals: bool = False,
    incomplete: bool = False,
) -> Grid:
    """Lay out the means of one data set, or of several side by side.

    Parameters
    ----------
    boards : the data sets.
    names : what to print for a method's label.
    decimals : of every mean; by default as many as show five significant digits, at most 4.
    intervals : print the 95 % bootstrap interval of each mean.
    incomplete : rank methods that lack pairs by the mean over those that they have. They stay marked.

    Returns
    -------
    Grid
        A row for each method. The last column is the mean rank over all metrics, where two methods or more are ranked.
    """
    methods = list(dict.fromkeys(entry.method for board in boards for entry in board.entries))
    blocks = [_block(board, methods, decimals, intervals, incomplete) for board in boards]
    counts = [_count(boards, method) for method in methods]
    notes = footnotes(boards, methods)
    lines = [
        Line(
            (names or {}).get(method, method),
            [counts[index][0], *(cell for block in blocks for cell in block[index])],
            counts[index][1],
            notes.of.get(method, []),
        )
        for index, method in enumerate(methods)
    ]
    grid = Grid(
        title(boards[0])
        if len(boards) == 1
        else f"{', '.join(board.dataset for board in boards)} · {_protocols(boards)}",
        "Method",
        [Head("n"), *(head for board in boards for head in heads(board))],
        lines,
        notes=_notes(boards, methods, incomplete),
        footnotes=notes,
    )
    if len(boards) > 1:
        sets = [(f"{board.dataset} ({plural(board.pairs, 'pair')})", len(board.columns)) for board in boards]
        grid.groups = [("", 1), *sets]
    _add_mean_rank(grid, standings(boards, incomplete), methods)
    return grid


def _block(
    board: Board, methods: list[str], decimals: int | None, intervals: bool, incomplete: bool
) -> list[list[Cell]]:
    """Cells of one data set: a list for each method."""
    entries = {entry.method: entry for entry in board.entries}
    columns = []
    for column in board.columns:
        ranks = board.ranking(column, incomplete)
        places = digits(board, column) if decimals is None else decimals
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


def _count(boards: Sequence[Board], method: str) -> tuple[Cell, bool]:
    """How many pairs were scored over all data sets, and whether any is missing."""
    scored = sum(entry.scored for board in boards for entry in board.entries if entry.method == method)
    pairs = sum(board.pairs for board in boards)
    return Cell(str(scored) if scored == pairs else f"{scored}/{pairs}"), scored < pairs


def _notes(boards: Sequence[Board], methods: list[str], incomplete: bool) -> list[str]:
    notes = []
    if any(_count(boards, method)[1] for method in methods):
        end = "ranked over those that were" if incomplete else "not ranked"
        notes.append(f"{INCOMPLETE} some pairs were not scored: {end}.")
    for status in ("failed", "skipped"):
        lost = [
            f"{entry.method} {getattr(entry, status)} on {board.dataset}"
            for board in boards
            for entry in board.entries
            if getattr(entry, status)
        ]
        if lost:
            notes.append(f"Pairs {status}: {', '.join(lost)}.")
    return notes


def _add_mean_rank(grid: Grid, places: list[Standing], methods: list[str]) -> None:
    ranked = {standing.method: standing for standing in places if standing.place is not None}
    if len(ranked) < 2:
        return
    grid.heads.append(Head("mean rank", "↓"))
    if grid.groups:
        grid.groups.append(("", 1))
    for line, method in zip(grid.lines, methods, strict=True):
        standing = ranked.get(method)
        line.cells.append(Cell(f"{standing.mean_rank:.2f}", standing.place or 0) if standing else Cell(NONE))


def standings_grid(
    boards: Sequence[Board], *, names: Mapping[str, str] | None = None, incomplete: bool = False
) -> Grid:
    """Lay out place, mean rank, Borda count and first places over all metrics and data sets."""
    places = standings(boards, incomplete)
    borda = sorted({s.borda for s in places if s.place}, reverse=True)
    below = footnotes(boards, [s.method for s in places])
    lines = [
        Line(
            (names or {}).get(s.method, s.method),
            [
                Cell(str(s.place or NONE)),
                Cell(f"{s.mean_rank:.2f}" if s.place else NONE, s.place or 0),
                Cell(f"{s.borda:g}" if s.place else NONE, borda.index(s.borda) + 1 if s.place else 0),
                Cell(str(s.firsts) if s.place else NONE),
                Cell(str(s.cells) if s.cells == s.of else f"{s.cells}/{s.of}"),
            ],
            s.cells < s.of,
            below.of.get(s.method, []),
        )
        for s in places
    ]
    sets = ", ".join(board.dataset for board in boards)
    columns = [Head("place"), Head("mean rank", "↓"), Head("Borda", "↑"), Head("first places", "↑"), Head("cells")]
    notes = ["A cell is one metric on one data set."]
    if any(line.marked for line in lines):
        end = "ranked over the others" if incomplete else "not ranked"
        notes.append(f"{INCOMPLETE} some cells lack pairs: {end}.")
    return Grid(f"All metrics · {sets} · {_protocols(boards)}", "Method", columns, lines, notes=notes, footnotes=below)


def _protocols(boards: Sequence[Board]) -> str:
    used = {column.protocol for board in boards for column in board.columns}
    versions = {p for board in boards for entry in board.entries for p in entry.protocols.split()}
    return ", ".join(sorted(p for p in versions if p.partition("/")[0] in used))


def plural(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
