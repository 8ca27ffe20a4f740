"""Which methods differ by more than chance, for the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...results.leaderboard.boards import Board, Column
from ...results.leaderboard.ranks import common_columns
from ..significance import Comparison, compare, friedman_over_pairs
from .data import number

ALL = "all"


def significance_content(boards: Sequence[Board], names: Mapping[str, str]) -> dict[str, Any]:
    """Test every metric on every data set, and on all data sets together.

    Returns
    -------
    dict
        By data set (its file name, or "all") and metric (key, or "all"): `methods`, `ranks`, `n`, `statistic`, `p`,
        `critical` of Friedman's test; and for one metric on one data set `tests`, for every two methods, by their
        places, the corrected p-value, pairs won and lost by the first, and 1 or -1 where it is better or worse.
    """
    content = {names[board.dataset]: _board([board], board.columns) for board in boards}
    if len(boards) > 1:
        content[ALL] = _board(boards, common_columns(boards))
    return content


def _board(boards: Sequence[Board], columns: Sequence[Column]) -> dict[str, Any]:
    tests = {column.key: _friedman(boards, column.key) for column in columns}
    if len(boards) == 1:
        for column in columns:
            pairs = compare(boards[0], column)
            methods = list(dict.fromkeys(name for test in pairs for name in (test.a, test.b)))
            tests[column.key] |= {"compared": methods, "tests": [_test(test, methods) for test in pairs]}
    if len(columns) > 1:
        tests[ALL] = _friedman(boards, None)
    return tests


def _friedman(boards: Sequence[Board], metric: str | None) -> dict[str, Any]:
    test = friedman_over_pairs(boards, metric)
    numbers = {"statistic": test.statistic, "p": test.p, "critical": test.critical}
    ranks = [number(rank, 4) for rank in test.ranks] if test.n else []
    return {"methods": test.methods, "n": test.n, "ranks": ranks, **{k: number(v, 4) for k, v in numbers.items()}}


def _test(test: Comparison, methods: list[str]) -> list[float | None]:
    sign = 0 if test.better is None else 1 if test.better == test.a else -1
    return [methods.index(test.a), methods.index(test.b), number(test.corrected, 4), test.wins, test.losses, sign]
