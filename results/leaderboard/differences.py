"""Whether methods differ at a downstream task by more than chance: the same images drawn anew for both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..tasks import BETTER, TaskRecord, TaskRow
from .grid import NONE, Cell, Grid, Head, Line, plural, signed
from .statistics import ALPHA, difference_interval, holm, verdict

ARROWS = {"higher": "↑", "lower": "↓"}
BEST = "best"


@dataclass(frozen=True)
class Difference:
    """What a row has more of a measure than another row, on the same images.

    Attributes
    ----------
    row, other : the labels.
    value, low, high : the difference, and the ends of its 95 % interval over images.
    p, corrected : two-sided, by itself and by Holm's method for all rows that are compared with the other one.
    better : 1 where the row is better, -1 where it is worse, 0 where `corrected` is not below ALPHA.
    """

    row: str
    other: str
    value: float
    low: float
    high: float
    p: float
    corrected: float
    better: int


def differences(record: TaskRecord, measure: str, baseline: str | None = None) -> list[Difference]:
    """Compare every row with one, by a measure.

    Parameters
    ----------
    record : the scores of a data set.
    measure : one of `record.measures`.
    baseline : the label of the row to compare with; by default `best_method`.

    Returns
    -------
    list of Difference
        In the order of the rows, those of sources among them where there are labels: the sources agree with themselves.
        A row is left out that was not scored on the same images as the other one, or whose draws were not kept.

    Notes
    -----
    A paired bootstrap: draw by draw both rows have the same images, so that what makes images hard for all methods does
    not count. The best method was found on the same images, which makes p-values smaller than those of a row that was
    named beforehand.
    """
    other = best_method(record, measure) if baseline is None else baseline
    if other is None or other not in record.rows:
        return []
    to = record.rows[other]
    found = {
        label: difference
        for label, row in record.rows.items()
        if label != other and not (row.source and record.protocol == "consistency")
        if (difference := _difference(row, to, measure)) is not None
    }
    tested = [label for label, (*_, p) in found.items() if not math.isnan(p)]
    corrected = dict(zip(tested, holm([found[label][-1] for label in tested]).tolist(), strict=True))
    sign = -1 if BETTER.get(measure) == "lower" else 1
    return [
        Difference(label, other, value, low, high, p, each := corrected.get(label, math.nan), _side(sign * value, each))
        for label, (value, low, high, p) in found.items()
    ]


def best_method(record: TaskRecord, measure: str) -> str | None:
    """Find the method with the best value of a measure, among those that were scored on the most images.

    Sources are none. None where no method has a value whose draws were kept.
    """
    sign = 1 if BETTER.get(measure) == "lower" else -1
    most = max((row.images for row in record.rows.values()), default=0)
    costs = {
        label: sign * value
        for label, row in record.rows.items()
        if not row.source and row.images == most and _drawn(row, measure)
        if (value := row.values.get(measure)) is not None
    }
    return min(costs, key=lambda label: costs[label], default=None)


def differences_grid(record: TaskRecord, baseline: str | None = None) -> Grid:
    """Lay out the differences to the best method of each measure, or to one row; without lines where there are none."""
    measures = [name for name in record.measures if any(_drawn(row, name) for row in record.rows.values())]
    found = {name: differences(record, name, baseline) for name in measures}
    found = {name: tests for name, tests in found.items() if tests}
    of = {name: {test.row: test for test in tests} for name, tests in found.items()}
    best = {name: tests[0].other for name, tests in found.items()}
    lines = [
        Line(label, [cell for name in found for cell in _cells(of[name], label, best[name])])
        for label in record.rows
        if label != baseline and (label in best.values() or any(label in tests for tests in of.values()))
    ]
    to = "the best method of each column" if baseline is None else baseline
    grid = Grid(f"Differences to {to} · {record.dataset} · {record.convention}", "Images", [], lines)
    for name in found:
        grid.heads += [Head("Δ"), Head("p")]
        grid.groups.append((f"{name} {ARROWS[BETTER.get(name, 'higher')]}", 2))
    if found:
        grid.notes = _notes(record, max(found.values(), key=len))
    return grid


def _notes(record: TaskRecord, tests: list[Difference]) -> list[str]:
    row = record.rows[tests[0].other]
    draws = row.draws.count if row.draws else 0
    return [
        f"Paired bootstrap: {plural(draws, 'draw')} of the same {plural(row.images, 'image')} for all rows; "
        "in brackets the 95 % interval of the difference.",
        f"p is corrected by Holm's method ({plural(len(tests), 'test')}); + the row is better, − worse, at {ALPHA:g}.",
    ]


def _cells(tests: Mapping[str, Difference], label: str, other: str) -> list[Cell]:
    if label == other:
        return [Cell(BEST), Cell(NONE)]
    if label not in tests:
        return [Cell(NONE), Cell(NONE)]
    test = tests[label]
    note = "" if math.isnan(test.low) else f"[{signed(test.low, 3)}, {signed(test.high, 3)}]"
    return [Cell(signed(test.value, 3), 0, note), Cell(verdict(test.corrected, test.better) or NONE)]


def _side(gain: float, corrected: float) -> int:
    return 0 if math.isnan(corrected) or corrected >= ALPHA else 1 if gain > 0 else -1


def _drawn(row: TaskRow, measure: str) -> bool:
    return row.draws is not None and measure in row.draws.values


def _difference(row: TaskRow, other: TaskRow, measure: str) -> tuple[float, float, float, float] | None:
    """Give the difference of two rows, the ends of its interval, and its p-value; None where they do not compare."""
    if row.draws is None or other.draws is None or not row.draws.drawn_as(other.draws):
        return None
    mine, theirs = row.draws.of_measure(measure), other.draws.of_measure(measure)
    value, reference = row.values.get(measure), other.values.get(measure)
    if mine is None or theirs is None or value is None or reference is None:
        return None
    return (value - reference, *difference_interval(mine - theirs, row.images))
