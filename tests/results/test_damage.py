"""A damaged byte of metrics.csv costs its row: readers leave it out and say so, and a run makes it again."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

import fusionbench
from fusionbench.results import Results, Row, RunFolder
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.rows import header_line, parse_rows, row_line

from ..fuzz.damage import slip
from ..scenes import write_noise

KEYS = ["EN@film", "SD@film"]
ROWS = [
    Row(f"p{index}", seconds=0.5, sources="ab12", metrics={"EN@film": 7 + index / 3, "SD@film": 1e-9}, image="12cd")
    for index in range(5)
]
TEXTS = [
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)",
    "+1-2",
    "-x",
    "'",
    "''",
    "a\nb",
    "a\r\n",
    "\\n",
    "\\",
    "日本 é",
    '"',
    ",",
    "a\0b",
    " ",
    "-1",
]
TABLE = (header_line(KEYS) + "".join(row_line(row, KEYS) for row in ROWS)).encode()


@pytest.mark.parametrize("seed", range(300))
def test_no_mutation_gives_a_wrong_row(seed: int) -> None:
    data = slip(TABLE, random.Random(seed))
    table = parse_rows(data)
    rows, damaged = table.rows, table.damaged
    right = {row.pair: row for row in ROWS}
    assert all(row == right[name] for name, row in rows.items())
    header = TABLE.index(b"\n") + 1
    if data[:header] == TABLE[:header]:
        assert len(rows) >= len(ROWS) - 2
        assert len(rows) == len(ROWS) or damaged or data[-1:] != b"\n"


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_comes_back_and_is_no_formula(text: str) -> None:
    row = Row(text, "failed", text)
    line = row_line(row, KEYS)
    assert line.count("\n") == 1
    assert not line.lstrip('"').startswith(("=", "@", "+", "-x"))
    table = parse_rows((header_line(KEYS) + line).encode())
    assert (table.rows, table.damaged) == ({text: row}, 0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_noise(tmp_path / "scenes", ("p0", "p1", "p2"))


def test_a_damaged_row_is_said_and_made_again(tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    fusionbench.run("average", source, out=tmp_path / "out", metrics=["EN"])
    table = tmp_path / "out" / "scenes" / "average" / "metrics.csv"
    before = table.read_bytes()
    table.write_bytes(before.replace(b"\np1,", b"\np1\xff,"))
    (board,) = make_boards(Results(tmp_path / "out"))
    assert f"a damaged row of {table} left out; the next run makes what is lacking" in board.entries[0].notes
    assert board.entries[0].scored == 2
    rows = fusionbench.run("average", source, out=tmp_path / "out", metrics=["EN"], console=Console())
    assert "note: a damaged row of" in capsys.readouterr().out.replace("\n", " ")
    assert list(rows["status"]) == ["ok"] * 3
    (board,) = make_boards(Results(tmp_path / "out"))
    assert (board.entries[0].scored, board.entries[0].notes) == (3, [])


def test_a_folder_in_the_place_of_the_table_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").mkdir(parents=True)
    with pytest.raises(fusionbench.errors.InputError, match=r"metrics\.csv cannot be read \(is a directory\)"):
        RunFolder(tmp_path).rows()


def test_an_image_that_somebody_replaced_is_made_again(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    first = fusionbench.run("average", source, out=out, metrics=["EN"])
    image = RunFolder(out / "scenes" / "average").image("p1")
    whole = image.read_bytes()
    image.write_bytes(RunFolder(out / "scenes" / "average").image("p2").read_bytes())
    rows = fusionbench.run("average", source, out=out, metrics=["EN", "SD"])
    assert list(rows["EN@film"]) == list(first["EN@film"])
    assert image.read_bytes() == whole
    assert not any(map(math.isnan, rows["SD@film"]))
