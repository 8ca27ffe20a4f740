"""Whether methods differ by more than chance: paired tests over the pairs of the data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..results.leaderboard.boards import Board, Column, Entry
from ..results.leaderboard.footnotes import footnotes
from ..results.leaderboard.grid import NONE, Cell, Grid, Head, Line, plural, title
from ..results.leaderboard.ranks import common_columns
from ..results.leaderboard.statistics import ALPHA, holm, verdict

Array = NDArray[np.float64]


def wilcoxon(costs_a: ArrayLike, costs_b: ArrayLike) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test; 1 where no pair differs, NaN where there is no pair.

    Parameters
    ----------
    costs_a, costs_b : (n,) values of two methods on the same pairs.

    Notes
    -----
    F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945, doi:10.2307/3001968, by
    SciPy; exact for up to 50 pairs without ties or zeros. Pairs without a difference are left out.
    """
    difference = np.asarray(costs_a, dtype=np.float64) - np.asarray(costs_b, dtype=np.float64)
    if not difference.size:
        return nan
    if not difference.any():
        return 1.0
    return float(stats.wilcoxon(difference).pvalue)


@dataclass(frozen=True)
class Comparison:
    """Two methods by one metric on the pairs that both have.

    `wins` and `losses` count the pairs on which `a` is better and worse; `p` is Wilcoxon's, `corrected` Holm's over
    all pairs of methods of this metric and data set. `better` is the method that wins where `corrected` is below
    ALPHA.
    """

    a: str
    b: str
    n: int
    wins: int
    losses: int
    p: float
    corrected: float
    better: str | None


def compare(board: Board, column: Column, *, incomplete: bool = False) -> list[Comparison]:
    """Compare every two methods by one metric on one data set.

    Parameters
    ----------
    board, column : the data set and the metric.
    incomplete : compare also methods that lack pairs, on the pairs that both have.

    Returns
    -------
    list of Comparison
        k (k - 1) / 2 of them, in the order of the entries; none for a single method.
    """
    entries = [e for e in board.entries if column.key in e.means and (incomplete or e.complete)]
    couples = [(a, b) for i, a in enumerate(entries) for b in entries[i + 1 :]]
    costs = [_common(a, b, column) for a, b in couples]
    p = [wilcoxon(*both) for both in costs]
    tested = [value for value in p if not isnan(value)]
    corrected = iter(holm(tested).tolist())
    return [
        _comparison(a, b, both, value, next(corrected) if not isnan(value) else nan)
        for (a, b), both, value in zip(couples, costs, p, strict=True)
    ]


def _common(a: Entry, b: Entry, column: Column) -> tuple[Array, Array]:
    of_a, of_b = a.values(column.key), b.values(column.key)
    names = [name for name in of_a if name in of_b]
    both = np.array([(of_a[name], of_b[name]) for name in names], dtype=np.float64).reshape(-1, 2)
    both = both[np.isfinite(both).all(axis=1)]  # the difference of two infinite values says nothing
    return column.cost(both[:, 0]), column.cost(both[:, 1])


def _comparison(a: Entry, b: Entry, costs: tuple[Array, Array], p: float, corrected: float) -> Comparison:
    difference = costs[0] - costs[1]
    wins, losses = int((difference < 0).sum()), int((difference > 0).sum())
    better = None
    if corrected < ALPHA and difference.size:
        ranks = stats.rankdata(np.abs(difference[difference != 0]))
        better = a.method if (ranks * np.sign(difference[difference != 0])).sum() < 0 else b.method
    return Comparison(a.method, b.method, len(difference), wins, losses, p, corrected, better)


@dataclass(frozen=True)
class Friedman:
    """Friedman's test over blocks, with the mean rank of each method, 1 the best.

    `n` blocks; `statistic` is chi squared, corrected for ties, `p` its p-value; NaN below three methods or two
    blocks. `critical` is Nemenyi's critical difference of mean ranks at level `alpha`.
    """

    methods: list[str]
    ranks: list[float]
    n: int
    statistic: float
    p: float
    critical: float
    alpha: float
    costs: Array


def friedman(costs: ArrayLike, methods: Sequence[str], alpha: float = ALPHA) -> Friedman:
    """Test whether any of k methods differs, over n blocks.

    Parameters
    ----------
    costs : (n, k) values, the smaller the better.
    methods : their k names.
    alpha : level of the critical difference.

    Notes
    -----
    M. Friedman, "The use of ranks to avoid the assumption of normality implicit in the analysis of variance", JASA
    32, 1937, doi:10.1080/01621459.1937.10503522, by SciPy. Critical difference: J. Demšar, "Statistical comparisons
    of classifiers over multiple data sets", JMLR 7, 2006, pp. 1-30.
    """
    table = np.asarray(costs, dtype=np.float64)
    n, k = table.shape
    ranks = stats.rankdata(table, axis=1) if n else np.full((1, k), nan)
    statistic = p = critical = nan
    if n > 1 and k > 2:
        # all equal in every block: nothing to test, and SciPy would divide by nought
        tied = bool((ranks == ranks[:, :1]).all())
        statistic, p = (0.0, 1.0) if tied else map(float, stats.friedmanchisquare(*table.T))
    if n and k > 1:
        quantile = float(stats.studentized_range.ppf(1 - alpha, k, np.inf)) / 2**0.5
        critical = quantile * (k * (k + 1) / (6 * n)) ** 0.5
    return Friedman(list(methods), [float(r) for r in ranks.mean(axis=0)], n, statistic, p, critical, alpha, table)


def friedman_over_pairs(boards: Sequence[Board], metric: str | None = None, *, incomplete: bool = False) -> Friedman:
    """Friedman's test with the pairs of the data sets as blocks.

    Parameters
    ----------
    boards : the data sets.
    metric : by one metric; None takes all together: in each pair the methods are ranked by every metric that all data
        sets have, and compared by the mean of these ranks. So each pair counts once, however many metrics there are.
    incomplete : take in methods that lack pairs; only pairs that all of them have count then.

    Returns
    -------
    Friedman
        Methods that are on every board, complete unless asked otherwise; pairs where all of them are defined.
    """
    columns = [boards[0].column(metric)] if metric and boards else common_columns(boards)
    methods = [
        entry.method
        for entry in (boards[0].entries if boards else [])
        if all(any(e.method == entry.method and (incomplete or e.complete) for e in board.entries) for board in boards)
    ]
    blocks = [block for board in boards for block in _blocks(board, methods, columns)]
    return friedman(np.array(blocks, dtype=np.float64).reshape(len(blocks), len(methods)), methods)


def _blocks(board: Board, methods: list[str], columns: list[Column]) -> list[Array]:
    entries = {entry.method: entry for entry in board.entries}
    of = [[entries[method].values(column.key) for method in methods] for column in columns]
    blocks = []
    for name in board.names:
        if methods and columns and all(name in values for row in of for values in row):
            costs = [[c.cost(values[name]) for values in row] for c, row in zip(columns, of, strict=True)]
            ranked = stats.rankdata(costs, axis=1) if len(columns) > 1 else np.array(costs)
            blocks.append(ranked.mean(axis=0))
    return blocks


def significance_grid(
    board: Board, column: Column, *, names: Mapping[str, str] | None = None, incomplete: bool = False
) -> Grid:
    """Lay out the comparison of every two methods by one metric: corrected p-values, + where the row is better."""
    tests = compare(board, column, incomplete=incomplete)
    entries = {c.a: None for c in tests} | {c.b: None for c in tests}
    methods = [entry.method for entry in board.entries if entry.method in entries]
    by = {(c.a, c.b): c for c in tests} | {(c.b, c.a): c for c in tests}
    printed = [(names or {}).get(method, method) for method in methods]
    below = footnotes([board], methods)
    lines = [
        Line(name, [Cell("") if a == b else _verdict(by[a, b], a) for b in methods], notes=below.of.get(a, []))
        for name, a in zip(printed, methods, strict=True)
    ]
    overall = friedman_over_pairs([board], column.key, incomplete=incomplete)
    notes = [
        f"Corrected p of Wilcoxon's signed-rank test over pairs (Holm, {plural(len(tests), 'test')}); "
        f"+ the row is better, − worse, at {ALPHA:g}."
    ]
    if not isnan(overall.p):
        p = "p < 0.001" if overall.p < 0.001 else f"p = {overall.p:.3f}"
        notes.append(f"Friedman: χ²({len(overall.methods) - 1}) = {overall.statistic:.2f}, n = {overall.n}, {p}.")
    return Grid(
        f"{title(board)} · {column.name} {column.arrow}",
        "Method",
        [Head(n) for n in printed],
        lines,
        notes=notes,
        footnotes=below,
    )


def _verdict(comparison: Comparison, row: str) -> Cell:
    sign = {None: 0, row: 1}.get(comparison.better, -1)
    return Cell(verdict(comparison.corrected, sign) or NONE)
