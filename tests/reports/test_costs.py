"""Quality against cost: what is compared, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusionbench.errors import InputError
from fusionbench.reports.costs import costs
from fusionbench.reports.plots import plot
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import make_boards

from ..results.storing import store, store_profile


def test_latency_is_of_the_profile_where_all_were_profiled(profiled: Path) -> None:
    boards = make_boards(Results(profiled), datasets={"One"}, metrics=["EN"])
    title, found = costs("latency", boards)
    assert title == "Time: median and quartiles of a pair of 480x640 on cpu."
    assert {m: (c.value, c.low, c.high) for m, c in found["One"].items()} == {
        "alpha": pytest.approx((2, 1.8, 2.4)),
        "beta": pytest.approx((200, 180, 240)),
        "gamma": pytest.approx((50, 45, 60)),
    }
    (axes,) = plot("latency", boards).axes
    assert sorted(c.lines[0].get_xdata()[0] for c in axes.containers) == pytest.approx([2, 50, 200])  # type: ignore[attr-defined]
    assert axes.get_xscale() == "log"


def test_latency_is_of_the_run_where_one_was_not(tmp_path: Path) -> None:
    for method in ("a", "b"):
        store(tmp_path, method, [(1.0, 2.0, 3.0)], seconds=0.5)
    store_profile(tmp_path, "a", 0.01)
    title, found = costs("latency", make_boards(Results(tmp_path)))
    assert title.startswith("Time in the run")
    assert [found["Set"][m].value for m in "ab"] == [500, 500]


def test_times_of_two_machines_are_not_compared(tmp_path: Path) -> None:
    for method in ("a", "b", "c"):
        store(tmp_path, method, [(1.0, 2.0, 3.0)], seconds=0.5)
        store_profile(tmp_path, method, 0.01, machine="Another" if method == "c" else "One")
    assert costs("latency", make_boards(Results(tmp_path)))[1]["Set"]["c"].value == 500  # of the run
    assert list(costs("memory", make_boards(Results(tmp_path)))[1]["Set"]) == ["a", "b"]


@pytest.mark.parametrize(("kind", "methods"), [("parameters", ["beta", "gamma"]), ("memory", ["alpha", "beta"])])
def test_methods_without_a_number_are_left_out(profiled: Path, kind: str, methods: list[str]) -> None:
    boards = make_boards(Results(profiled), metrics=["EN"])
    assert list(costs(kind, boards)[1]["Two"]) == methods
    drawn = plot(kind, boards)
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == methods


def test_nothing_profiled_is_one_sentence(three_methods: Path) -> None:
    boards = make_boards(Results(three_methods))
    with pytest.raises(InputError, match="no method here has a network and was profiled: run `fusionbench profile`"):
        plot("flops", boards)
    with pytest.raises(InputError, match="no method here was profiled"):
        plot("memory", boards)
