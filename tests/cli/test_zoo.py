"""What the command line knows of published networks."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from fusionbench.cli import look, show
from fusionbench.methods import list_methods
from fusionbench.results import Results
from tests.cli.command import call


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> int:
    width: int = request.param
    monkeypatch.setattr(show, "console", lambda _=0: Console(width=width))
    return width


@pytest.mark.parametrize("wide", [80, 100, 140], indirect=True)
def test_the_list_of_methods_is_whole_at_every_width(wide: int, capsys: pytest.CaptureFixture[str]) -> None:
    look._list_methods()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= wide
    assert ("reference" in lines[1].split()) == (wide >= 140)
    for info in list_methods():
        here = next(line for line in lines if line.split()[:1] == [info.name] and line.startswith(f" {info.name} "))
        tasks = "all" if len(info.tasks) == 4 else " ".join(info.tasks)
        wanted = f"{info.name} {info.year or '–'} {tasks}"
        assert " ".join(here.split()).startswith(wanted)
        assert str(info.verified or "–") in here


@pytest.mark.slow
def test_weights_are_found_below_a_folder_without_a_network(tmp_path: Path, shared: Path) -> None:
    pytest.importorskip("torch")
    data = ("--data-root", shared / "data", "-d", "TNO", "--limit", "1", "--metrics", "EN", "-o", tmp_path)
    done = call("run", "-m", "didfuse", "-m", "sdnet", "--weights-root", shared / "weights" / "zoo", *data)
    assert done.returncode == 0, done.stderr
    assert {run.method for run in Results(tmp_path).runs} == {"didfuse", "sdnet"}
    assert "quantise=minmax" in done.stdout
