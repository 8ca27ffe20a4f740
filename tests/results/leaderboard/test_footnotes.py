"""Notes below tables: numbered where they concern a method, said once where they concern all."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from fusionbench.reports.tables import table
from fusionbench.reports.terminal import to_tables
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.leaderboard.footnotes import footnotes
from fusionbench.results.leaderboard.spreadsheet import to_csv

from ..storing import store

ROWS = [(1.0, 2.0, 3.0), (2.0, 3.0, 4.0)]
STRETCHED, ALL, ODD = "Each is stretched.", "50 pairs by default.", "100 % of a_b & <c>."


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets: all methods share a note, some have their own."""
    tmp_path = tmp_path_factory.mktemp("noted")
    store(tmp_path, "alpha", ROWS, "One", notes=[ALL, STRETCHED])
    store(tmp_path, "beta", ROWS[::-1], "One", notes=[ALL])
    store(tmp_path, "gamma", ROWS, "One", notes=[ALL, ODD, STRETCHED])
    store(tmp_path, "alpha", ROWS, "Two", notes=[STRETCHED])
    store(tmp_path, "beta", ROWS, "Two")
    return tmp_path


def test_one_board_numbers_what_not_all_methods_have(noted: Path) -> None:
    (board,) = make_boards(Results(noted), None, {"One"})
    found = footnotes([board], ["alpha", "beta", "gamma"])
    assert found.shared == [ALL]
    assert found.numbered == [STRETCHED, ODD]
    assert found.of == {"alpha": [1], "beta": [], "gamma": [1, 2]}
    assert found.lines == [ALL, f"¹ {STRETCHED}", f"² {ODD}"]


def test_numbers_follow_the_rows_that_are_shown(noted: Path) -> None:
    (board,) = make_boards(Results(noted), {"gamma", "beta"}, {"One"})
    found = footnotes([board], ["gamma", "beta"])
    assert (found.numbered, found.of) == ([ODD, STRETCHED], {"gamma": [1, 2], "beta": []})


def test_several_boards_name_the_data_set_where_it_matters(noted: Path) -> None:
    found = footnotes(make_boards(Results(noted)), ["alpha", "beta", "gamma"])
    assert found.shared == [f"One: {ALL}"]
    assert found.numbered == [STRETCHED, ODD]  # of alpha on both sets, of gamma on the one that it has
    assert found.of == {"alpha": [1], "beta": [], "gamma": [1, 2]}


def test_a_note_on_one_of_a_methods_data_sets_names_it(tmp_path: Path) -> None:
    store(tmp_path, "alpha", ROWS, "One", notes=[STRETCHED])
    store(tmp_path, "alpha", ROWS, "Two")
    store(tmp_path, "beta", ROWS, "One")
    store(tmp_path, "beta", ROWS, "Two")
    found = footnotes(make_boards(Results(tmp_path)), ["alpha", "beta"])
    assert (found.shared, found.numbered, found.of) == ([], [f"One: {STRETCHED}"], {"alpha": [1], "beta": []})


MARKED = {
    "markdown": (
        "| alpha <sup>1</sup> |", "| beta |", "| gamma <sup>1,2</sup> |",
        f"\n{ALL}\n\n<sup>1</sup> {STRETCHED}\n\n<sup>2</sup> 100 % of a\\_b &amp; &lt;c&gt;.\n",
    ),
    "latex": (
        "alpha$^{1}$ &", "gamma$^{1,2}$ &",
        r"{\footnotesize $^{2}$ 100 \% of a\_b \& \textless{}c\textgreater{}.}",
    ),
    "html": ('<th scope="row">gamma<sup>1,2</sup></th>', "<p><sup>2</sup> 100 % of a_b &amp; &lt;c&gt;.</p>"),
}  # fmt: skip


@pytest.mark.parametrize("format", MARKED)
def test_methods_are_marked_and_sentences_escaped(noted: Path, format: str) -> None:
    text = table(make_boards(Results(noted), None, {"One"}), format)  # type: ignore[arg-type]
    assert [part for part in MARKED[format] if part not in text] == []


def test_the_spreadsheets_have_a_last_column(noted: Path) -> None:
    printed = list(csv.DictReader(io.StringIO(table(make_boards(Results(noted), None, {"One"}), "csv"))))
    assert [row["notes"] for row in printed] == [f"{ALL} {STRETCHED}", ALL, f"{ALL} {STRETCHED} {ODD}"]
    full = list(csv.DictReader(io.StringIO(to_csv(make_boards(Results(noted))))))
    assert {(row["dataset"], row["method"]): row["notes"] for row in full} == {
        ("One", "alpha"): f"{ALL} {STRETCHED}",
        ("One", "beta"): ALL,
        ("One", "gamma"): f"{ALL} {ODD} {STRETCHED}",
        ("Two", "alpha"): STRETCHED,
        ("Two", "beta"): "",
    }
    assert list(full[0])[-1] == "notes"


def test_a_printed_spreadsheet_without_notes_has_no_column_for_them(three_methods: Path) -> None:
    assert "notes" not in table(make_boards(Results(three_methods)), "csv")


def test_the_terminal_shows_them_below_the_last_table(noted: Path) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    for part in to_tables(make_boards(Results(noted), None, {"One"})[0], 100):
        console.print(part)
    text = console.export_text()
    assert "gamma¹,²" in text
    assert text.rstrip().endswith(f"{ALL}\n¹ {STRETCHED}\n² {ODD}")


@pytest.mark.parametrize("content", ["standings", "significance"])
def test_other_tables_have_them_too(noted: Path, content: str) -> None:
    text = table(make_boards(Results(noted), None, {"One"}), "markdown", content=content)  # type: ignore[arg-type]
    assert f"<sup>1</sup> {STRETCHED}" in text
    assert "alpha <sup>1</sup>" in text


def test_runs_of_before_have_none(tmp_path: Path) -> None:
    store(tmp_path, "alpha", ROWS)
    folder = next(tmp_path.glob("*/*/run.json"))
    folder.write_text(folder.read_text(encoding="utf-8").replace('"notes"', '"nothing"'), encoding="utf-8")
    assert make_boards(Results(tmp_path))[0].entries[0].notes == []
