"""The leaderboard: means of stored rows, and nothing hidden."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from fusionbench.bench.store import Row, run_folder
from fusionbench.errors import InputError
from fusionbench.reports.leaderboard import HEADER, read_boards, to_csv, write_leaderboard
from fusionbench.reports.text import to_markdown, to_tables

METRICS = {
    "EN@film": {"name": "EN", "better": "higher", "protocol": "film"},
    "MSE@film": {"name": "MSE", "better": "lower", "protocol": "film"},
    "Q_SF@liu": {"name": "Q_SF", "better": "zero", "protocol": "liu"},
}


def store(out: Path, method: str, values: list[tuple[float, float, float] | str], dataset: str = "Set") -> None:
    """Store a run; a string in place of values is the status of a pair without any."""
    folder = run_folder(out, dataset, method)
    folder.open(list(METRICS))
    folder.write_manifest(
        {
            "method": {"label": method},
            "dataset": {"name": dataset, "split": "all", "label": dataset},
            "pairs": [f"p{index}" for index, _ in enumerate(values)],
            "skipped": {},
            "protocols": {"film": "1"},
            "metrics": METRICS,
        }
    )
    for index, value in enumerate(values):
        if isinstance(value, str):
            folder.append(Row(f"p{index}", value, "why"))  # type: ignore[arg-type]
        else:
            folder.append(Row(f"p{index}", metrics=dict(zip(METRICS, value, strict=True))))
    folder.close()


def test_means_ranks_and_directions(tmp_path: Path) -> None:
    store(tmp_path, "high", [(7.0, 30.0, 0.5), (8.0, 10.0, 0.3)])
    store(tmp_path, "low", [(5.0, 2.0, -0.1), (6.0, 4.0, -0.1)])
    (board,) = read_boards(tmp_path)
    assert [entry.means["EN@film"] for entry in board.entries] == [7.5, 5.5]
    ranks = [board.ranking(column) for column in board.columns]
    assert ranks == [{"high": 1, "low": 2}, {"high": 2, "low": 1}, {"high": 2, "low": 1}]


def test_equal_means_share_a_rank(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0), ("c", 2.0), ("d", 0.0)):
        store(tmp_path, name, [(value, value, value)])
    (board,) = read_boards(tmp_path)
    assert board.ranking(board.columns[0]) == {"a": 3, "b": 1, "c": 1, "d": 4}


def test_incomplete_method_is_shown_and_not_ranked(tmp_path: Path) -> None:
    store(tmp_path, "whole", [(5.0, 1.0, 0.0), (6.0, 1.0, 0.0)])
    store(tmp_path, "part", [(9.0, 0.5, 0.0), "failed"])
    (board,) = read_boards(tmp_path)
    part, whole = board.entries
    assert (part.scored, part.failed, part.complete, whole.complete) == (1, 1, False, True)
    assert board.ranking(board.columns[0]) == {"whole": 1}
    text = to_markdown([board])
    assert "| part | 1/2 | 9.0000 |" in text
    assert "| whole | 2 | **5.5000** |" in text


def test_undefined_values_are_counted_and_not_ranked(tmp_path: Path) -> None:
    store(tmp_path, "a", [(math.nan, 1.0, 0.0), (6.0, 1.0, 0.0)])
    store(tmp_path, "b", [(1.0, 1.0, 0.0), (1.0, 1.0, 0.0)])
    (board,) = read_boards(tmp_path)
    assert board.entries[0].undefined == {"EN@film": 1}
    assert board.ranking(board.columns[0]) == {"b": 1}
    assert "6.0000 (n=1)" in to_markdown([board])
    row = next(csv.DictReader(io.StringIO(to_csv([board]))))
    assert row["undefined"] == "EN@film:1"
    assert float(row["EN@film"]) == 6.0


def test_csv_has_the_stated_header_and_full_precision(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1 / 3, 2 / 3, 0.1)])
    path = write_leaderboard(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == [*HEADER, "EN@film", "MSE@film", "Q_SF@liu"]
    assert lines[0].startswith("dataset,method,protocols,pairs,scored,failed,skipped,undefined,")
    assert lines[1] == f"Set,a,film/1,1,1,0,0,,{1 / 3!r},{2 / 3!r},0.1"
    assert (tmp_path / "leaderboard.md").exists()


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-2+3", "a,b", 'say "x"', "two\nlines", "名😀"]
)
def test_odd_names_do_no_harm(tmp_path: Path, name: str) -> None:
    store(tmp_path, name, [(1.0, 2.0, 3.0)])
    boards = read_boards(tmp_path)
    (row,) = csv.DictReader(io.StringIO(to_csv(boards)))
    assert row["method"].lstrip("'") == name.lstrip("'")
    assert row["method"][0] not in "=@+-"
    table = to_markdown(boards).splitlines()[4:]
    assert len(table) == 1
    assert table[0].replace("\\|", "").count("|") == 6


def test_markup_in_a_name_is_text(tmp_path: Path) -> None:
    store(tmp_path, "lap[levels=5]", [(1.0, 2.0, 3.0)])
    (board,) = read_boards(tmp_path)
    console = Console(record=True, width=120, quiet=False, file=io.StringIO())
    for table in to_tables(board, 120):
        console.print(table)
    assert "lap[levels=5]" in console.export_text()


def test_narrow_terminal_gets_further_tables(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 2.0, 3.0)])
    (board,) = read_boards(tmp_path)
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
    (board,) = read_boards(tmp_path, methods={"a"}, pairs={"Set": {"p1"}})
    assert (board.dataset, board.pairs, board.entries[0].means["EN@film"]) == ("Set", 1, 3.0)
    assert [board.dataset for board in read_boards(tmp_path, datasets={"Other"})] == ["Other"]


def test_no_results(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no results below .*: run `fusionbench run"):
        read_boards(tmp_path)
