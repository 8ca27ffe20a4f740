"""Loss curves as the report takes them in, and file names of everything in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fusionbench.reports.html.collect import file_names
from fusionbench.reports.html.data import POINTS, loss_curves
from fusionbench.results.training import read_trainings


def write(folder: Path, steps: int) -> None:
    folder.mkdir(parents=True)
    lines = [f"{i + 1},1,main,{i}.0,{'nan' if i % 2 else ''},0.001" for i in range(steps)]
    text = "\n".join(["step,epoch,stage,loss,never,learning_rate", *lines, "7,1,ma"])
    (folder / "losses.csv").write_text(text)
    (folder / "losses_by_epoch.csv").write_text(
        f"epoch,step,stage,loss,validation_loss,learning_rate\n1,{steps},main,2.0,3.5,0.001\n"
    )


def test_short_runs_are_whole(tmp_path: Path) -> None:
    write(tmp_path / "film" / "one", 5)
    (run,) = map(loss_curves, read_trainings(tmp_path))
    assert run["name"] == "film/one"
    assert run["losses"] == {"loss": [0, 1, 2, 3, 4]}
    assert run["step"] == [1, 2, 3, 4, 5]
    assert run["learning_rate"] == [0.001] * 5
    assert run["held_out"] == {"step": [5], "losses": {"loss": [3.5]}}
    assert run["options"] == {}


def test_long_runs_are_thinned_to_means(tmp_path: Path) -> None:
    steps = 3 * POINTS
    write(tmp_path / "film" / "one", steps)
    (run,) = map(loss_curves, read_trainings(tmp_path))
    assert run["every"] == 3
    assert len(run["losses"]["loss"]) == len(run["step"]) == len(run["learning_rate"]) == POINTS
    assert run["losses"]["loss"][:3] == [1, 4, 7]
    assert run["step"][:2] == [3, 6]


@pytest.mark.parametrize("text", ["", "step,epoch,stage,loss,learning_rate\n", "nonsense\n1\nx\n"])
def test_a_run_without_a_step_does_no_harm(tmp_path: Path, text: str) -> None:
    (tmp_path / "losses.csv").write_text(text)
    (tmp_path / "options.json").write_text("[1]")
    (run,) = map(loss_curves, read_trainings(tmp_path))
    assert run["losses"] in ({}, {"nonsense": [1, None]})
    assert run["step"] == []
    assert run["options"] == {}


def test_no_training_is_none(tmp_path: Path) -> None:
    assert read_trainings(tmp_path / "train") == []


LABELS = [
    "TNO", "tno", "a/b", "a b", "<script>alert(1)</script>", '"quoted", it\'s', "line\nbreak", "=cmd|' /C calc'!A0",
    "红外", "可见光", "🚗", "", "..", ".", "laplacian[levels=5]", "x" * 300, "../../etc/passwd", "50%", "a?b#c",
]  # fmt: skip


def test_every_label_gets_a_plain_name_of_its_own() -> None:
    found = file_names(LABELS)
    assert set(found) == set(LABELS)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) for name in found.values()), found
    assert len({name.casefold() for name in found.values()}) == len(LABELS)
    assert max(len(name) for name in found.values()) < 80
    assert found["TNO"] == "TNO"


def test_the_names_do_not_depend_on_the_order() -> None:
    assert file_names(LABELS) == file_names(reversed(LABELS))
