"""A damaged line of a table of losses costs that line: it is said, and the run goes on without it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.results.training import EPOCHS, OPTIONS, STEPS, Table, read_training

from ..fuzz.damage import slip

HEADER = "step,epoch,stage,loss,learning_rate"
TABLE = "\n".join([HEADER, *(f"{i},1,main,{1 / i!r},0.001" for i in range(1, 21)), ""]).encode()


@pytest.mark.parametrize("seed", range(300))
def test_a_mutation_costs_its_line(tmp_path: Path, seed: int) -> None:
    data = slip(TABLE, random.Random(seed))
    (tmp_path / STEPS).write_bytes(data)
    (tmp_path / EPOCHS).write_bytes(data)
    intact = data.startswith(f"{HEADER}\n".encode())
    try:
        run = read_training(tmp_path)
    except InputError:
        assert not intact
    else:
        steps = run.steps["step"]
        assert (np.diff(steps) > 0).all()
        assert 18 <= len(steps) <= 21 or not intact
        assert len(steps) >= 20 or run.damage or data[-1:] != b"\n"
    try:
        table = Table(tmp_path / STEPS, "step", 10, ["loss"])
    except InputError:
        assert not intact
        assert (tmp_path / STEPS).read_bytes() == data  # nothing is lost before somebody has looked at it
        return
    table.add({"step": 11, "epoch": 1, "stage": "main", "loss": 0.5, "learning_rate": 0.001})
    table.close()
    again = read_training(tmp_path)
    assert again.damage[:1] == () or EPOCHS in again.damage[0]
    assert again.steps["loss"][-1] == 0.5
    assert 9 <= len(again.steps["loss"]) <= 12


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("2,1,main,many,0.001", [1, 3]),
        ("2,1,main,0.5", [1, 3]),
        ("2,1,ma\0in,0.5,0.001", [1, 2, 3]),
        ("-2,1,main,0.5,0.001", [1, 3]),
        ("2.5,1,main,0.5,0.001", [1, 3]),
        ("nan,1,main,0.5,0.001", [1, 3]),
        ("9,1,main,0.5,0.001", [1, 3]),
        ("1,1,main,0.5,0.001", [1, 3]),
        ('2,1,"main,0.5,0.001', [1, 3]),
        ("9" * 200_000, [1, 3]),
        ("2,1,main,nan,", [1, 2, 3]),
    ],
)
def test_what_a_line_can_be(tmp_path: Path, line: str, left: list[int]) -> None:
    (tmp_path / STEPS).write_text(f"{HEADER}\n1,1,main,1.0,0.001\n{line}\n3,1,main,0.3,0.001\n")
    run = read_training(tmp_path)
    assert run.steps["step"].tolist() == left
    assert bool(run.damage) == (len(left) == 2)
    if run.damage:
        assert run.damage == (f"a damaged line of {tmp_path / STEPS} left out",)


def test_damaged_options_are_said(tmp_path: Path) -> None:
    (tmp_path / STEPS).write_bytes(TABLE)
    (tmp_path / OPTIONS).write_bytes(b'{"method": "\xff"}')
    run = read_training(tmp_path)
    assert run.options == {}
    assert "options.json cannot be read" in run.damage[0]


def test_a_table_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / STEPS).mkdir()
    with pytest.raises(InputError, match=r"losses\.csv cannot be read \(it is no file\)"):
        read_training(tmp_path)
