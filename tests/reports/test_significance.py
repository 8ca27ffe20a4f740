"""Tests of significance against published examples, SciPy and scikit-posthocs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fusionbench.reports.significance import compare, friedman, friedman_over_pairs, wilcoxon
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import Board, make_boards
from fusionbench.results.leaderboard.statistics import holm

from ..results.storing import store

# Demšar 2006, table 6: ranks of C4.5 and three variants (m, cf, m+cf) on 14 data sets
DEMSAR = [
    [4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5], [3, 2, 4, 1],
    [2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5], [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2],
]  # fmt: skip

# Hollander and Wolfe 1973, p. 140: seconds of 22 players from home plate to second base by three ways
BASES = [
    [5.40, 5.50, 5.55], [5.85, 5.70, 5.75], [5.20, 5.60, 5.50], [5.55, 5.50, 5.40], [5.90, 5.85, 5.70],
    [5.45, 5.55, 5.60], [5.40, 5.40, 5.35], [5.45, 5.50, 5.35], [5.25, 5.15, 5.00], [5.85, 5.80, 5.70],
    [5.25, 5.20, 5.10], [5.65, 5.55, 5.45], [5.60, 5.35, 5.45], [5.05, 5.00, 4.95], [5.50, 5.50, 5.40],
    [5.45, 5.55, 5.50], [5.55, 5.55, 5.35], [5.45, 5.50, 5.55], [5.50, 5.45, 5.25], [5.65, 5.60, 5.40],
    [5.70, 5.65, 5.55], [6.30, 6.30, 6.25],
]  # fmt: skip


def test_mean_ranks_and_critical_difference_of_demsar() -> None:
    found = friedman(DEMSAR, ["C4.5", "m", "cf", "m+cf"])
    assert found.ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.critical == pytest.approx(1.25, abs=0.005)
    assert friedman(DEMSAR, ["C4.5", "m", "cf", "m+cf"], alpha=0.1).critical == pytest.approx(1.12, abs=0.005)
    # the paper's chi squared, 9.28, is not corrected for ties: SciPy's is, by 1 - sum(t^3 - t) / (n k (k^2 - 1))
    ties = 3 * (2**3 - 2) + (4**3 - 4)
    assert found.statistic * (1 - ties / (14 * 4 * 15)) == pytest.approx(9.28, abs=0.005)


def test_friedman_of_hollander_and_wolfe() -> None:
    found = friedman(BASES, ["round out", "narrow angle", "wide angle"])
    assert found.statistic == pytest.approx(11.1429, abs=5e-5)
    assert found.p == pytest.approx(0.003805, abs=5e-7)


def test_wilcoxon_of_hollander_and_wolfe() -> None:
    # 1973, p. 29: depression scale of nine patients before and after; one-sided p = 0.01953
    before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    assert wilcoxon(before, after) == pytest.approx(2 * 0.01953, abs=1e-5)


def test_wilcoxon_where_nothing_differs() -> None:
    assert wilcoxon([1.0, 2.0], [1.0, 2.0]) == 1.0
    assert math.isnan(wilcoxon([], []))


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),
        ([0.04, 0.01, 0.02, 0.03], [0.06, 0.04, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.03], [0.03]),
        ([], []),
    ],
)
def test_holm(p: list[float], corrected: list[float]) -> None:
    assert holm(p).tolist() == pytest.approx(corrected)


def test_comparisons_are_those_of_scikit_posthocs(three_methods: Path) -> None:
    import scikit_posthocs

    board = make_boards(Results(three_methods))[0]
    for column in board.columns:
        found = compare(board, column)
        values = [[column.cost(v) for v in entry.values(column.key).values()] for entry in board.entries]
        expected = scikit_posthocs.posthoc_wilcoxon(values, p_adjust="holm").to_numpy()
        place = {entry.method: index for index, entry in enumerate(board.entries)}
        assert [c.corrected for c in found] == pytest.approx([expected[place[c.a], place[c.b]] for c in found])
        assert all(c.n == c.wins + c.losses == 24 for c in found)


def test_the_better_one_follows_the_direction(three_methods: Path) -> None:
    board = make_boards(Results(three_methods))[0]
    assert {c.better for c in compare(board, board.column("EN"))} == {"beta", "gamma"}
    assert {c.better for c in compare(board, board.column("MSE"))} == {"alpha", "beta"}


def test_comparison_with_holes(tmp_path: Path) -> None:
    store(tmp_path, "a", [(5.0 + i, 9.0, 0.5) for i in range(8)])
    store(tmp_path, "b", [(6.0 + i * i, 9.0, 0.5) for i in range(7)] + ["failed"])
    (board,) = make_boards(Results(tmp_path))
    assert compare(board, board.columns[0]) == []
    (found,) = compare(board, board.columns[0], incomplete=True)
    assert (found.n, found.wins, found.losses) == (7, 0, 7)
    assert found.better == "b"
    (found,) = compare(board, board.columns[1], incomplete=True)
    assert (found.p, found.corrected, found.better) == (1.0, 1.0, None)


def test_infinite_values_are_left_out(tmp_path: Path) -> None:
    store(tmp_path, "a", [(math.inf, 1.0, 0.0), (2.0, 1.0, 0.0), (2.0, 1.0, 0.0)])
    store(tmp_path, "b", [(math.inf, 1.0, 0.0), (1.0, 1.0, 0.0), (3.0, 1.0, 0.0)])
    (board,) = make_boards(Results(tmp_path))
    assert compare(board, board.columns[0])[0].n == 2


def test_friedman_over_the_pairs_of_all_data_sets(three_methods: Path) -> None:
    boards = make_boards(Results(three_methods))
    found = friedman_over_pairs(boards, "EN")
    assert (found.methods, found.n) == (["alpha", "beta", "gamma"], 48)
    assert found.ranks[2] < found.ranks[1] < found.ranks[0]
    together = friedman_over_pairs(boards)
    assert together.n == 48
    assert sum(together.ranks) == pytest.approx(6)


def test_friedman_counts_only_pairs_that_all_have(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 1.0, 1.0)] * 4)
    store(tmp_path, "b", [(2.0, 1.0, 1.0), (math.nan, 1.0, 1.0), (2.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
    store(tmp_path, "c", [(3.0, 1.0, 1.0)] * 3 + ["failed"])
    boards = make_boards(Results(tmp_path))
    found = friedman_over_pairs(boards, "EN", incomplete=True)
    assert (found.n, found.ranks) == (2, [3.0, 2.0, 1.0])
    assert friedman_over_pairs(boards, "EN").methods == ["a", "b"]
    tied = friedman_over_pairs(boards, "MSE", incomplete=True)
    assert (tied.ranks, tied.statistic, tied.p) == ([2.0, 2.0, 2.0], 0.0, 1.0)


def test_friedman_of_one_method_or_none(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 1.0, 1.0)] * 4)
    found = friedman_over_pairs(make_boards(Results(tmp_path)))
    assert (found.methods, found.ranks, found.n) == (["a"], [1.0], 4)
    assert np.isnan([found.statistic, found.p, found.critical]).all()
    assert friedman_over_pairs([Board("Set", 0)]).methods == []
