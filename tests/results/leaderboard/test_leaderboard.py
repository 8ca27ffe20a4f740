"""The leaderboard: means of stored rows, and nothing hidden."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from fusionbench.errors import InputError
from fusionbench.reports.terminal import to_tables
from fusionbench.results import Results
from fusionbench.results.leaderboard import write_leaderboard
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.leaderboard.markdown import to_markdown
from fusionbench.results.leaderboard.spreadsheet import HEADER, to_csv
from fusionbench.results.leaderboard.statistics import mean_interval

from ..storing import store


def test_means_ranks_and_directions(tmp_path: Path) -> None:
    store(tmp_path, "high", [(7.0, 30.0, 0.5), (8.0, 10.0, 0.3)])
    store(tmp_path, "low", [(5.0, 2.0, -0.1), (6.0, 4.0, -0.1)])
    (board,) = make_boards(Results(tmp_path))
    assert [entry.means["EN@film"] for entry in board.entries] == [7.5, 5.5]
    ranks = [board.ranking(column) for column in board.columns]
    assert ranks == [{"high": 1, "low": 2}, {"high": 2, "low": 1}, {"high": 2, "low": 1}]


def test_equal_means_share_a_rank(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0), ("c", 2.0), ("d", 0.0)):
        store(tmp_path, name, [(value, value, value)])
    (board,) = make_boards(Results(tmp_path))
    assert board.ranking(board.columns[0]) == {"a": 3, "b": 1, "c": 1, "d": 4}


def test_incomplete_method_is_shown_and_not_ranked(tmp_path: Path) -> None:
    store(tmp_path, "whole", [(5.0, 1.0, 0.0), (6.0, 1.0, 0.0)])
    store(tmp_path, "part", [(9.0, 0.5, 0.0), "failed"])
    (board,) = make_boards(Results(tmp_path))
    part, whole = board.entries
    assert (part.scored, part.failed, part.complete, whole.complete) == (1, 1, False, True)
    assert board.ranking(board.columns[0]) == {"whole": 1}
    text = to_markdown([board])
    assert "| part † | 1/2 | 9.0000 |" in text
    assert "† some pairs were not scored: not ranked." in text
    assert "Pairs failed: part 1 on Set." in text
    assert board.ranking(board.columns[0], incomplete=True) == {"part": 1, "whole": 2}
    assert "| whole | 2 | **5.5000** |" in text


def test_undefined_values_are_counted_and_not_ranked(tmp_path: Path) -> None:
    store(tmp_path, "a", [(math.nan, 1.0, 0.0), (6.0, 1.0, 0.0)])
    store(tmp_path, "b", [(1.0, 1.0, 0.0), (1.0, 1.0, 0.0)])
    (board,) = make_boards(Results(tmp_path))
    assert board.entries[0].undefined == {"EN@film": 1}
    assert board.ranking(board.columns[0]) == {"b": 1}
    assert "6.0000 (n=1)" in to_markdown([board])
    row = next(csv.DictReader(io.StringIO(to_csv([board]))))
    assert row["undefined"] == "EN@film:1"
    assert float(row["EN@film"]) == 6.0


def test_csv_has_the_stated_header_and_full_precision(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1 / 3, 2 / 3, 0.1)])
    path = write_leaderboard(Results(tmp_path))
    lines = path.read_text(encoding="utf-8").splitlines()
    keys = ["EN@film", "MSE@film", "Q_SF@liu"]
    assert lines[0].split(",") == [*HEADER, *keys, *(key + end for key in keys for end in (":low", ":high")), "notes"]
    assert lines[0].startswith(
        "dataset,method,protocols,pairs,scored,failed,skipped,undefined,mean_rank,borda,EN@film,"
    )
    assert lines[1] == f"Set,a,film/1 liu/1,1,1,0,0,,1.0,0.0,{1 / 3!r},{2 / 3!r},0.1,,,,,,,"
    assert (tmp_path / "leaderboard.md").exists()


def test_csv_has_intervals_and_ranks_and_is_the_same_again(tmp_path: Path) -> None:
    values = [(6.9, 30.0, 0.5), (7.1, 10.0, 0.3), (7.3, 20.0, 0.1), (7.0, 25.0, 0.2)]
    store(tmp_path, "a", values)
    store(tmp_path, "b", [(en - 1, mse, q) for en, mse, q in values])
    store(tmp_path, "c", [*values[:3], "failed"])
    first = write_leaderboard(Results(tmp_path)).read_bytes()
    a, b, c = csv.DictReader(io.StringIO(first.decode()))
    low, high = mean_interval([6.9, 7.1, 7.3, 7.0])
    assert (float(a["EN@film:low"]), float(a["EN@film:high"])) == (low, high)
    assert low < float(a["EN@film"]) < high
    assert (a["mean_rank"], b["mean_rank"], c["mean_rank"]) == (repr(4 / 3), repr(5 / 3), "")
    assert (a["borda"], b["borda"], c["borda"]) == ("2.0", "1.0", "")
    (tmp_path / "leaderboard.csv").unlink()
    assert write_leaderboard(Results(tmp_path)).read_bytes() == first


def test_methods_run_on_different_pairs_are_not_compared(tmp_path: Path) -> None:
    store(tmp_path, "a", [(5.0, 1.0, 0.0)] * 2)
    store(tmp_path, "b", [(6.0, 1.0, 0.0)] * 2, first=1)
    (board,) = make_boards(Results(tmp_path))
    assert (board.pairs, board.names) == (3, ["p0", "p1", "p2"])
    assert [entry.complete for entry in board.entries] == [False, False]
    assert board.ranking(board.columns[0]) == {}


def test_columns_and_what_is_asked_for(tmp_path: Path) -> None:
    store(tmp_path, "a", [(5.0, 1.0, 0.0)])
    (board,) = make_boards(Results(tmp_path), protocols={"liu"})
    assert [column.key for column in board.columns] == ["Q_SF@liu"]
    (board,) = make_boards(Results(tmp_path), metrics=["mse", "EN@film"])
    assert [column.key for column in board.columns] == ["MSE@film", "EN@film"]
    for wrong, what in (
        ({"methods": {"A"}}, "unknown method 'A': did you mean 'a'"),
        ({"datasets": {"Sett"}}, "unknown data set 'Sett'"),
        ({"protocols": {"fil"}}, "unknown protocol 'fil'"),
        ({"metrics": ["EN@film1"]}, "unknown metric 'EN@film1': did you mean 'EN@film'"),
    ):
        with pytest.raises(InputError, match=what):
            make_boards(Results(tmp_path), **wrong)


def test_several_data_sets_get_a_table_of_places(tmp_path: Path) -> None:
    for dataset in ("One", "Two"):
        store(tmp_path, "a", [(5.0, 1.0, 0.0)], dataset=dataset)
        store(tmp_path, "b", [(6.0, 0.5, 0.0)], dataset=dataset)
    assert "| b | 1 | **1.17** | **5** | 6 | 6 |" in to_markdown(make_boards(Results(tmp_path)))


def test_markup_in_a_name_is_text(tmp_path: Path) -> None:
    store(tmp_path, "lap[levels=5]", [(1.0, 2.0, 3.0)])
    (board,) = make_boards(Results(tmp_path))
    console = Console(record=True, width=120, quiet=False, file=io.StringIO())
    for table in to_tables(board, 120):
        console.print(table)
    assert "lap[levels=5]" in console.export_text()


def test_narrow_terminal_gets_further_tables(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 2.0, 3.0)])
    (board,) = make_boards(Results(tmp_path))
    assert [len(to_tables(board, width)) for width in (120, 36, 10)] == [1, 2, 3]
    for width in (36, 24):
        console = Console(record=True, width=width, file=io.StringIO())
        for table in to_tables(board, width):
            console.print(table)
        text = console.export_text()
        assert all(head in text for head in ("EN ↑", "MSE ↓", "Q_SF →0"))
        assert "…" not in text


def test_only_some_methods_data_sets_and_pairs(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 2.0, 3.0), (3.0, 2.0, 3.0)])
    store(tmp_path, "b", [(1.0, 2.0, 3.0)], dataset="Other")
    (board,) = make_boards(Results(tmp_path), methods={"a"}, pairs={"Set": {"p1"}})
    assert (board.dataset, board.pairs, board.entries[0].means["EN@film"]) == ("Set", 1, 3.0)
    assert [board.dataset for board in make_boards(Results(tmp_path), datasets={"Other"})] == ["Other"]


def test_no_results(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no results below .*: run `fusionbench run"):
        make_boards(Results(tmp_path))
