"""What methods cost, in tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from fusionbench.errors import InputError
from fusionbench.reports.tables import table
from fusionbench.results import Results
from fusionbench.results.leaderboard import write_leaderboard
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.leaderboard.efficiency import COLUMNS, efficiency_grids
from fusionbench.results.leaderboard.spreadsheet import HEADER, to_csv

from ..storing import store, store_profile


def test_the_csv_has_the_stated_columns(profiled: Path) -> None:
    text = write_leaderboard(Results(profiled)).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    head = next(csv.reader(io.StringIO(text)))
    assert COLUMNS == ("flops", "latency", "latency:low", "latency:high", "throughput", "peak_memory", "machine")
    assert head[: len(HEADER)] == list(HEADER)
    assert head[-9:] == [
        "parameters", "flops@480x640/cpu", "latency@480x640/cpu", "latency@480x640/cpu:low",
        "latency@480x640/cpu:high", "throughput@480x640/cpu", "peak_memory@480x640/cpu", "machine@480x640/cpu",
        "notes",
    ]  # fmt: skip
    alpha, beta, gamma = (list(row.values())[-9:-1] for row in rows if row["dataset"] == "One")
    machine = "A processor, 2 threads, torch 2.13.0"
    assert alpha == ["", "", "0.002", repr(0.9 * 0.002), repr(1.2 * 0.002), "500.0", "8000000", machine]
    assert beta[:2] == ["659217", "404722483200"]
    assert gamma[6] == ""
    assert [row for row in rows if row["dataset"] == "Two"][1]["parameters"] == "659217"


def test_without_profiles_there_are_no_such_columns(three_methods: Path) -> None:
    assert "parameters" not in to_csv(make_boards(Results(three_methods))).partition("\n")[0]


def test_several_sizes_and_devices_have_columns_each(tmp_path: Path) -> None:
    store(tmp_path, "net", [(1.0, 2.0, 3.0)])
    store_profile(tmp_path, "net", 0.5, parameters=10, flops=100)
    store_profile(tmp_path, "net", 0.001, parameters=10, flops=100, device="cuda", machine="A card")
    store_profile(tmp_path, "net", 2.0, parameters=10, flops=400, size=[1024, 768])
    (row,) = csv.DictReader(io.StringIO(to_csv(make_boards(Results(tmp_path)))))
    assert (row["flops@480x640/cpu"], row["latency@480x640/cuda"], row["flops@1024x768/cpu"]) == ("100", "0.001", "400")
    assert row["machine@480x640/cuda"] == "A card, torch 2.13.0"


def test_a_profile_of_other_weights_is_not_taken(tmp_path: Path) -> None:
    store(tmp_path, "net", [(1.0, 2.0, 3.0)])
    store_profile(tmp_path, "net", method={"label": "net", "weights": {"sha256": "x"}})
    results = Results(tmp_path)
    (board,) = make_boards(results)
    assert board.entries[0].profiles == []
    assert len(results.profiles) == 1


def test_tables_compare_equal_circumstances_only(tmp_path: Path) -> None:
    store_profile(tmp_path, "a", 0.01, peak_memory=300_000_000)
    store_profile(tmp_path, "b", 0.02, parameters=12_345_678, flops=5_000_000)
    store_profile(tmp_path, "c", 0.001, machine="Another")
    first, second = efficiency_grids(Results(tmp_path).profiles)
    assert first.title == "Efficiency · 480x640 · cpu: A processor, 2 threads, torch 2.13.0"
    assert second.title == "Efficiency · 480x640 · cpu: Another, 2 threads, torch 2.13.0"
    assert [line.name for line in second.lines] == ["c"]
    a, b = (line.cells for line in first.lines)
    assert [cell.plain for cell in a] == ["–", "–", "10 [9, 12]", "100", "300"]
    assert [cell.plain for cell in b] == ["12.35 M", "5 M", "20 [18, 24]", "50", "50"]
    assert [cell.rank for cell in a] == [0, 0, 1, 1, 2]
    assert [cell.rank for cell in b] == [0, 0, 2, 2, 1]


def test_every_format(profiled: Path) -> None:
    boards = make_boards(Results(profiled))
    for format, needed in (
        ("latex", "659.2 k"),
        ("markdown", "| beta | 659.2 k | 404.7 G |"),
        ("html", '<td style="text-align:right">404.7 G'),
        ("csv", "beta,659.2 k,404.7 G"),
    ):
        text = table(boards, format, content="efficiency")
        assert needed in text
        assert text.count("alpha") == 1  # once, not for each data set
    assert "| beta | 659.2 k |" in write_leaderboard(Results(profiled)).with_suffix(".md").read_text(encoding="utf-8")


def test_nothing_profiled(three_methods: Path) -> None:
    with pytest.raises(InputError, match="none of these methods was profiled: run `fusionbench profile`"):
        table(make_boards(Results(three_methods)), content="efficiency")


def test_a_file_that_is_no_profile(tmp_path: Path) -> None:
    store_profile(tmp_path, "a", throughput=None)
    with pytest.raises(InputError, match="its 'throughput' is no number"):
        Results(tmp_path).profiles  # noqa: B018 - it is read here
