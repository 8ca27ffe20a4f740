"""Ranks over metrics and data sets: mean rank, Borda count, first places."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from .boards import Board, Column


@dataclass(frozen=True)
class Standing:
    """Where a method stands over all cells; a cell is one metric on one data set.

    `place`, 1 the best, is by mean rank and None for a method that is not ranked. `borda` counts the ranked methods
    that it beats in each cell, a tie as a half. `cells` of `of` cells have a mean of it over every pair.
    """

    method: str
    place: int | None
    mean_rank: float
    borda: float
    firsts: int
    cells: int
    of: int


def standings(boards: Sequence[Board], incomplete: bool = False) -> list[Standing]:
    """Rank methods over every metric on every data set, the best first.

    Parameters
    ----------
    boards : one for each data set; each of their columns is a cell.
    incomplete : rank also methods that lack cells or pairs, over what they have.

    Returns
    -------
    list of Standing
        One for each method. A method that lacks a cell, or a pair in any, is not ranked unless asked: it comes last,
        has neither rank nor points, and takes none from others.

    Notes
    -----
    Within a cell equal means share the mean of their ranks. The Borda count of a cell with k ranked methods gives
    k - rank points: J.-C. de Borda, "Mémoire sur les élections au scrutin", 1784. Metrics of a family (SF, AG) rise
    together and so count more than once; choose the metrics where that matters.

    Examples
    --------
    >>> from .boards import Column, Entry
    >>> columns = [Column("EN@film", "EN", "higher", "film"), Column("MSE@film", "MSE", "lower", "film")]
    >>> means = {"a": (7.0, 10.0), "b": (6.0, 10.0), "c": (5.0, 30.0)}
    >>> entries = [
    ...     Entry(name, "film/1", 1, 0, 0, {"EN@film": en, "MSE@film": mse}, {}) for name, (en, mse) in means.items()
    ... ]
    >>> [(s.method, s.mean_rank, s.borda) for s in standings([Board("Set", 1, columns, entries)])]
    [('a', 1.25, 3.5), ('b', 1.75, 2.5), ('c', 3.0, 0.0)]
    """
    cells = [(board, column) for board in boards for column in board.columns]
    methods = sorted({entry.method for board in boards for entry in board.entries})
    whole = [board.costs(column) for board, column in cells]
    count = {method: sum(method in costs for costs in whole) for method in methods}
    used = [board.costs(column, incomplete=True) for board, column in cells] if incomplete else whole
    ranked = [method for method in methods if incomplete or (cells and count[method] == len(cells))]
    ranks: dict[str, list[float]] = {method: [] for method in methods}
    points = dict.fromkeys(methods, 0.0)
    for costs in used:
        here = [method for method in ranked if method in costs]
        for method, rank in zip(here, _ranks([costs[m] for m in here]), strict=True):
            ranks[method].append(rank)
            points[method] += len(here) - rank
    means = {method: sum(values) / len(values) for method, values in ranks.items() if values}
    places = [
        Standing(
            method,
            1 + sum(other < means[method] for other in means.values()) if method in means else None,
            means.get(method, nan),
            points[method] if method in means else nan,
            _firsts(method, ranked, used) if method in means else 0,
            count[method],
            len(cells),
        )
        for method in methods
    ]
    return sorted(places, key=lambda s: (s.place is None, s.mean_rank if s.place else 0.0, s.method))


def _ranks(costs: list[float]) -> list[float]:
    """Rank each number, the smallest 1; equal ones share the mean of their ranks."""
    ordered = sorted(costs)
    return [(bisect_left(ordered, cost) + bisect_right(ordered, cost) + 1) / 2 for cost in costs]


def _firsts(method: str, ranked: list[str], used: list[dict[str, float]]) -> int:
    return sum(
        method in costs and costs[method] == min(costs[other] for other in ranked if other in costs) for costs in used
    )


def common_columns(boards: Sequence[Board]) -> list[Column]:
    """Metrics that every board has."""
    keys = [{column.key for column in board.columns} for board in boards]
    return [column for column in (boards[0].columns if boards else []) if all(column.key in known for known in keys)]
