"""The tables of downstream tasks, and how fusion metrics go along with them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...errors import unknown
from ..cells import spreadsheet
from ..reader import Results
from ..tasks import BETTER, TaskRecord
from .boards import Board, make_boards
from .differences import ARROWS, differences_grid
from .grid import NONE, Cell, Grid, Head, Line, signed

SOURCE = "A source is no fused image: a method that is worse than both is of no use for this task."
CONSISTENCY = (
    "Agreement with what the detector finds in the two sources, without labels; it may be wrong in both. The sources "
    "agree with themselves."
)
SHOWN = 8  # classes of a table
CHIEF = ("AP50", "mIoU", "F1")  # the measures that stand for the others, where one is needed
OF_CLASS = {"mIoU": "IoU"}  # what a mean over classes is called for one of them
COUNTS = ("objects", "pixels")


Content = Literal["scores", "differences", "classes", "groups", "correlations"]
CONTENTS: tuple[Content, ...] = get_args(Content)


def task_grids(
    results: Results,
    records: Sequence[TaskRecord],
    intervals: bool = False,
    *,
    baseline: str | None = None,
    contents: Sequence[Content] = CONTENTS,
) -> list[Grid]:
    """Lay out the tables of some records.

    Parameters
    ----------
    results : of which the fusion metrics are taken.
    intervals : print those of the scores, too.
    baseline : the row with which `differences` compares the others; by default the best method.
    contents : "scores" of sources and methods; their paired "differences"; a measure of the "classes" and of the
        "groups" of images; and "correlations", how fusion metrics go along. Tables without content are left out.

    Raises
    ------
    InputError
        No record has a row `baseline`.
    """
    if baseline is not None and not any(baseline in record.rows for record in records):
        raise unknown("row", baseline, dict.fromkeys(label for record in records for label in record.rows))
    grids = [
        grid
        for record in records
        for content, grid in _grids(results, record, intervals, baseline)
        if content in contents
    ]
    return [grid for grid in grids if grid.heads and grid.lines]


def _grids(
    results: Results, record: TaskRecord, intervals: bool, baseline: str | None
) -> Iterator[tuple[Content, Grid]]:
    """Lay out all tables of a record."""
    yield "scores", task_grid(record, intervals)
    yield "differences", differences_grid(record, baseline)
    chief = next((name for name in CHIEF if name in record.measures), None)
    if chief is None:
        return
    yield "classes", classes_grid(record, OF_CLASS.get(chief, chief))
    yield "groups", groups_grid(record, chief)
    if any(run.dataset == record.dataset for run in results.runs):
        for board in make_boards(results, datasets={record.dataset}):
            if (grid := correlations_grid(board, record, chief)) is not None:
                yield "correlations", grid


def task_grid(record: TaskRecord, intervals: bool = False) -> Grid:
    """Lay out a row for each source and method: the best in bold, the second underlined, sources among them."""
    measures = record.measures
    ranks = {name: _ranks(record, name) for name in measures}
    lines = [
        Line(
            label,
            [Cell(str(row.images)), *(_cell(record, label, name, ranks[name], intervals) for name in measures)],
        )
        for label, row in record.rows.items()
    ]
    heads = [Head("n"), *(Head(name, ARROWS[BETTER.get(name, "higher")]) for name in measures)]
    notes = [CONSISTENCY if record.protocol == "consistency" else SOURCE]
    title = f"{record.dataset} · {record.task} · {record.protocol}/{record.version} · {record.model}"
    return Grid(title, "Images", heads, lines, notes=notes)


def classes_grid(record: TaskRecord, measure: str) -> Grid:
    """Lay out one measure of each class, those with the most objects or pixels first, as many as a table holds."""
    names = list(dict.fromkeys(name for row in record.rows.values() for name in row.classes))
    left_out = len(names) - SHOWN
    names = sorted(names, key=lambda name: -_most(record, name))[:SHOWN]
    lines = []
    for label, row in record.rows.items():
        values = [row.classes.get(name, {}).get(measure) for name in names]
        lines.append(Line(label, [Cell(_text(value)) for value in values]))
    heads = [Head(f"{name} ({_most(record, name)})") for name in names]
    title = f"{measure} of each class · {record.dataset} · {record.convention}"
    notes = [f"{left_out} rarer classes stand in tasks.csv."] if left_out > 0 else []
    return Grid(title, "Images", heads, lines, notes=notes)


def groups_grid(record: TaskRecord, measure: str) -> Grid:
    """Lay out one measure of each group of images, by day and by night."""
    names = sorted({name for row in record.rows.values() for name in row.groups})
    lines = [
        Line(label, [Cell(_text(row.groups.get(name, {}).get(measure))) for name in names])
        for label, row in record.rows.items()
    ]
    title = f"{measure} of each group · {record.dataset} · {record.convention}"
    return Grid(title, "Images", [Head(name) for name in names], lines)


def to_csv(records: Sequence[TaskRecord]) -> str:
    """Render all values of all records, a line for each: of all classes, of one class, or of one group."""
    lines: list[list[object]] = [
        ["dataset", "task", "protocol", "version", "model", "images", "n", "of", "measure", "value", "low", "high"]
    ]
    for record in records:
        about = [record.dataset, record.task, record.protocol, record.version, record.model]
        for label, row in record.rows.items():
            parts = [("all", row.values), *((f"class {n}", v) for n, v in row.classes.items())]
            parts += [(f"group {name}", values) for name, values in row.groups.items()]
            for part, values in parts:
                ends = (row.low, row.high) if part == "all" else ({}, {})
                lines += [
                    [*about, label, row.images, part, name, *(_plain(each.get(name)) for each in (values, *ends))]
                    for name in values
                ]
    return spreadsheet(lines)


@dataclass(frozen=True)
class Correlation:
    """How the means of a metric go along with a task's measure: Spearman's rho over the methods, and its interval."""

    metric: str
    rho: float
    low: float
    high: float
    methods: int


def correlations(board: Board, record: TaskRecord, measure: str) -> list[Correlation]:
    """Correlate each metric's means with a measure, over the methods that have both; the strongest first.

    A positive value says that methods which the metric calls better are better at the task. The ends of the 95 %
    interval are Fieller's, doi:10.1093/biomet/44.3-4.470; with fewer than four methods there is none. Few methods say
    little: the intervals are as wide as they look.
    """
    from scipy.stats import spearmanr

    found = []
    sign = -1 if BETTER.get(measure) == "lower" else 1
    for column in board.columns:
        pairs = [
            (-column.cost(mean), sign * value)
            for entry in board.entries
            if entry.complete and not math.isnan(mean := entry.means.get(column.key, math.nan))
            if (row := record.rows.get(entry.method)) and (value := row.values.get(measure)) is not None
        ]
        if len(pairs) < 3:
            continue
        rho = float(spearmanr(*zip(*pairs, strict=True)).statistic)
        wide = 1.96 * math.sqrt(1.06 / (len(pairs) - 3)) if len(pairs) > 3 else math.inf
        middle = math.atanh(min(max(rho, -1 + 1e-12), 1 - 1e-12))
        found.append(Correlation(column.key, rho, math.tanh(middle - wide), math.tanh(middle + wide), len(pairs)))
    defined = [each for each in found if not math.isnan(each.rho)]
    return sorted(defined, key=lambda each: -each.rho)


def correlations_grid(board: Board, record: TaskRecord, measure: str) -> Grid | None:
    """Lay out the correlations; None where there are fewer than three methods."""
    rows = correlations(board, record, measure)
    if not rows:
        return None
    lines = [
        Line(
            row.metric,
            [Cell(signed(row.rho, 2), 0, f"[{signed(row.low, 2)}, {signed(row.high, 2)}]" * (row.methods > 3))],
        )
        for row in rows
    ]
    title = f"Spearman with {measure} · {board.dataset} · {rows[0].methods} methods"
    note = "Positive: methods that the metric calls better are better at the task. In brackets the 95 % interval."
    return Grid(title, "Metric", [Head("rho")], lines, notes=[note])


def columns(records: Sequence[TaskRecord]) -> list[str]:
    """Name the columns that tasks add to the leaderboard's CSV: AP50@detection/frozen/yolox-nano."""
    return list(dict.fromkeys(f"{name}@{record.convention}" for record in records for name in record.measures))


def cells(records: Sequence[TaskRecord], names: Sequence[str], dataset: str, method: str) -> list[str]:
    """Fill these columns for a method on a data set; empty where it was not scored."""
    values: dict[str, float | None] = {}
    for record in records:
        row = record.rows.get(method) if record.dataset == dataset else None
        if row is not None and not row.source:
            values |= {f"{name}@{record.convention}": value for name, value in row.values.items()}
    return [_plain(values.get(name)) for name in names]


def _cell(record: TaskRecord, label: str, name: str, ranks: Mapping[str, int], intervals: bool) -> Cell:
    row = record.rows[label]
    low, high = row.low.get(name), row.high.get(name)
    note = f"[{low:.3f}, {high:.3f}]" if intervals and low is not None and high is not None else ""
    return Cell(_text(row.values.get(name)), ranks.get(label, 0), note)


def _ranks(record: TaskRecord, name: str) -> dict[str, int]:
    sign = 1 if BETTER.get(name) == "lower" else -1
    costs = {label: sign * v for label, row in record.rows.items() if (v := row.values.get(name)) is not None}
    most = max((row.images for row in record.rows.values()), default=0)
    whole = {label: cost for label, cost in costs.items() if record.rows[label].images == most}
    return {label: 1 + sum(other < cost for other in whole.values()) for label, cost in whole.items()}


def _most(record: TaskRecord, name: str) -> int:
    rows = (row.classes.get(name, {}) for row in record.rows.values())
    return max((int(value) for row in rows for key in COUNTS if (value := row.get(key)) is not None), default=0)


def _text(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)
