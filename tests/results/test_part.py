"""Results of some pairs, by name or because all methods have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.bench import run
from fusionbench.datasets import write
from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.leaderboard.grid import means_grid
from fusionbench.results.part import common_pairs, names_in, only_list, only_pairs

from ..bench.test_notes import in_chinese
from ..cli.command import call


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`average` on four pairs, `max` on the first three of them."""
    root = tmp_path_factory.mktemp("part")
    random = np.random.default_rng(9)
    for number in range(1, 5):
        for side in ("ir", "vi"):
            write(root / "TNO" / side / f"{number:02}.png", random.integers(0, 256, (24, 32), np.uint8))
    options = {"data_root": root, "metrics": ["EN", "SD"], "out": root / "runs"}
    run("average", "TNO", **options)
    run("max", "TNO", limit=3, **options)
    return root / "runs"


def test_the_common_pairs_are_compared(runs: Path) -> None:
    results = Results(runs)
    (board,) = make_boards(results)
    assert [(e.method, e.scored, e.complete) for e in board.entries] == [("average", 4, True), ("max", 3, False)]
    (common,) = make_boards(common_pairs(results))
    assert [(e.method, e.scored, e.complete) for e in common.entries] == [("average", 3, True), ("max", 3, True)]
    values = [board.entries[0].values("EN@film")[name] for name in ("01", "02", "03")]
    assert common.entries[0].means["EN@film"] == pytest.approx(np.mean(values), abs=1e-12)
    note = "Compared on the 3 of 4 pairs that all of these methods have."
    assert note in means_grid([common]).below()
    alone = common_pairs(results, methods=["average"])
    assert [(r.method, len(r.rows)) for r in alone.runs] == [("average", 4)]
    assert note not in alone.runs[0].manifest.notes


def test_a_list_that_ships_is_cited_though_some_of_it_is_not_there(runs: Path) -> None:
    results = Results(runs)
    part = only_list(results, "TNO", {"02", "04", "elsewhere"}, "TNO/three (12345678)")
    (board,) = make_boards(part)
    assert [(e.method, e.scored) for e in board.entries] == [("average", 2), ("max", 1)]
    grid = means_grid([board])
    assert "TNO/three (12345678)" in grid.title
    (note,) = (note for note in grid.below() if "of TNO/three" in note and "2 are there" in note)
    assert in_chinese(note.lstrip("¹² "))
    assert all(run.manifest.dataset.pairs is None for run in Results(runs).runs)
    with pytest.raises(InputError, match=r"no pair of TNO/x \(1\) was scored here: run its methods with -d TNO/x"):
        only_list(results, "TNO", {"elsewhere"}, "TNO/x (1)")


@pytest.mark.slow
def test_a_list_that_ships_on_the_command_line(runs: Path, tmp_path: Path) -> None:
    """For what is to be run, and of what is stored."""
    options = ("-d", "TNO", "--data-root", runs.parent, "--limit", "1", "--metrics", "EN", "-o", tmp_path / "new")
    wrong = call("table", runs, "--pairs", "TNO/tang24")
    assert wrong.stderr == "fusionbench: unknown list of pairs of TNO 'tang24': did you mean 'tang42'?\n"
    wrong = call("run", "-m", "average", "-d", "VIFB", "--pairs", "TNO/tang42")
    assert "--pairs TNO/tang42 chooses pairs of TNO: name it alone with --dataset, or none" in wrong.stderr
    done = call("table", runs, "--pairs", "TNO/tang42", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert "Of the 42 pairs of TNO/tang42" in done.stdout
    drawn = tmp_path / "figure.png"
    done = call("figure", runs, "--pairs", "TNO/tang42", "--methods", "average", "-o", drawn)
    assert done.returncode == 0, done.stderr
    assert drawn.exists()
    done = call("run", "-m", "average", *options, "--pairs", "TNO/tang42", "--on-error", "skip")
    assert done.returncode == 0, done.stderr
    assert "TNO-tang42 · 1 pair of TNO/tang42" in done.stdout


def test_pairs_are_chosen_by_name(runs: Path, tmp_path: Path) -> None:
    results = Results(runs)
    (board,) = make_boards(only_pairs(results, ["04", "02"]))
    assert [(e.method, e.scored) for e in board.entries] == [("average", 2), ("max", 1)]
    assert len(Results(runs).runs[0].rows) == 4  # what is stored stays as it is
    with pytest.raises(InputError, match=r"^unknown pair '05': there are 01, 02, 03, 04$"):
        only_pairs(results, ["05"])
    with pytest.raises(InputError, match="the methods on TNO have no pair in common"):
        common_pairs(only_pairs(results, ["04"]).with_runs([*only_pairs(results, ["04"]).runs, results.runs[1]]))
    listed = tmp_path / "list.txt"
    listed.write_text("# mine\n02\n\n04\n")
    assert names_in(listed) == ["02", "04"]
    with pytest.raises(InputError, match=r"none\.txt cannot be read: no such file or directory"):
        names_in(tmp_path / "none.txt")
    listed.write_text("# none\n")
    with pytest.raises(InputError, match="lists no pairs"):
        names_in(listed)


def test_the_list_stands_in_the_title(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    for number in range(1, 43):
        for side in ("ir", "vi"):
            write(tmp_path / "TNO" / side / f"{number:02}.png", random.integers(0, 256, (16, 16), np.uint8))
    run("average", "TNO/tang42", data_root=tmp_path, metrics=["EN"], out=tmp_path / "runs")
    (board,) = make_boards(Results(tmp_path / "runs"))
    assert means_grid([board]).title.startswith("TNO-tang42 · 42 pairs of TNO/tang42 (3e9b2502) · film/")
    part = make_boards(only_pairs(Results(tmp_path / "runs"), ["07"]))
    assert means_grid(part).title.startswith("TNO-tang42 · 1 pair of TNO/tang42 (3e9b2502) · ")
