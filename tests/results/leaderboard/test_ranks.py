"""Ranks over metrics and data sets: ties, holes, a single method."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import Board, Column, Entry, make_boards
from fusionbench.results.leaderboard.ranks import standings

from ..storing import store


def board(means: dict[str, list[float]], dataset: str = "Set") -> Board:
    """Build a board of complete methods from their means."""
    number = len(next(iter(means.values())))
    columns = [Column(f"m{index}@x", f"m{index}", "higher", "x") for index in range(number)]
    entries = [
        Entry(method, "x/1", 1, 0, 0, {c.key: v for c, v in zip(columns, values, strict=True)}, {})
        for method, values in means.items()
    ]
    return Board(dataset, 1, columns, entries)


def test_mean_rank_borda_and_first_places_by_hand() -> None:
    # ranks: m0 a1 b2 c3; m1 b1 a2 c3; m2 a1.5 c1.5 b3
    found = standings([board({"a": [9, 5, 4], "b": [8, 6, 1], "c": [7, 4, 4]})])
    assert [(s.method, s.place, s.borda, s.firsts) for s in found] == [
        ("a", 1, 4.5, 2), ("b", 2, 3.0, 1), ("c", 3, 1.5, 1),
    ]  # fmt: skip
    assert [s.mean_rank for s in found] == pytest.approx([4.5 / 3, 6 / 3, 7.5 / 3])


def test_equal_mean_ranks_share_a_place() -> None:
    found = standings([board({"a": [1, 2], "b": [2, 1], "c": [0, 0]})])
    assert [(s.method, s.place) for s in found] == [("a", 1), ("b", 1), ("c", 3)]


def test_a_single_method_is_first_without_points() -> None:
    (only,) = standings([board({"a": [1, 2]})])
    assert (only.place, only.mean_rank, only.borda, only.firsts, only.cells, only.of) == (1, 1.0, 0.0, 2, 2, 2)


def test_nothing_to_rank() -> None:
    assert standings([]) == []
    (only,) = standings([board({"a": []})])
    assert only.place is None


def test_a_method_with_holes_takes_no_part_unless_asked(tmp_path: Path) -> None:
    store(tmp_path, "a", [(5.0, 9.0, 0.5)] * 2)
    store(tmp_path, "b", [(4.0, 8.0, 0.6)] * 2)
    store(tmp_path, "part", [(9.0, 1.0, 0.0), "failed"])
    boards = make_boards(Results(tmp_path))
    a, b, part = standings(boards)
    assert [(s.method, s.place, s.mean_rank) for s in (a, b)] == [("a", 1, 4 / 3), ("b", 2, 5 / 3)]
    assert (part.method, part.place, part.cells, part.of) == ("part", None, 0, 3)
    assert math.isnan(part.mean_rank)
    assert math.isnan(part.borda)
    best = standings(boards, incomplete=True)[0]
    assert (best.method, best.place, best.mean_rank, best.borda) == ("part", 1, 1.0, 6.0)


def test_a_method_that_lacks_a_data_set_or_a_value_is_not_ranked(tmp_path: Path) -> None:
    for dataset in ("One", "Two"):
        store(tmp_path, "a", [(5.0, 9.0, 0.5)], dataset)
    store(tmp_path, "b", [(9.0, 9.0, 0.5)], "One")
    store(tmp_path, "c", [(math.nan, 1.0, 0.0)], "One")
    store(tmp_path, "c", [(6.0, 1.0, 0.0)], "Two")
    found = {s.method: s for s in standings(make_boards(Results(tmp_path)))}
    assert {method: (s.place, s.cells) for method, s in found.items()} == {"a": (1, 6), "b": (None, 3), "c": (None, 5)}


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=2, max_size=6))
def test_ranks_and_points_add_up(rows: list[list[int]]) -> None:
    means = {f"m{index}": [float(v) for v in row] for index, row in enumerate(rows)}
    found = standings([board(means)])
    k = len(rows)
    assert sum(s.mean_rank for s in found) == pytest.approx(k * (k + 1) / 2)
    assert sum(s.borda for s in found) == pytest.approx(4 * k * (k - 1) / 2)
    # Borda and mean rank are the same order: borda = cells * (k - mean rank)
    assert [s.borda for s in found] == pytest.approx([4 * (k - s.mean_rank) for s in found])
    assert np.all(np.diff([s.mean_rank for s in found]) >= 0)
