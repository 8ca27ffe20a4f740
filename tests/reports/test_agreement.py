"""How metrics agree with ratings, against SciPy's correlations taken by hand and cases that are plain."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from fusionbench.bench import run
from fusionbench.cli import app
from fusionbench.datasets import write
from fusionbench.errors import InputError
from fusionbench.reports.agreement import agreement, read_ratings
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import Board, make_boards


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("agree")
    random = np.random.default_rng(7)
    for name in ("p0", "p1", "p2", "p3"):
        for side in ("ir", "vi"):
            write(root / "TNO" / side / f"{name}.png", random.integers(0, 256, (40, 48), np.uint8))
    options = {"data_root": root, "metrics": ["EN", "MSE", "SD"], "out": root / "runs"}
    run(["average", "max", "laplacian"], "TNO", **options)
    return root / "runs"


@pytest.fixture
def board(runs: Path) -> Board:
    return make_boards(Results(runs))[0]


def values_of(board: Board, key: str) -> dict[tuple[str, str], float]:
    return {(pair, e.method): value for e in board.entries for pair, value in e.values(key).items()}


def test_a_metric_agrees_with_itself(board: Board) -> None:
    entropy, error = values_of(board, "EN@film"), values_of(board, "MSE@film")
    found = {each.key: each for each in agreement(board, entropy)}
    mine = found["EN@film"]
    assert (mine.images, mine.pairs) == (12, 4)
    assert [mine.spearman, mine.kendall, mine.pearson, mine.within] == pytest.approx([1, 1, 1, 1], abs=1e-12)
    assert agreement(board, entropy)[0].key == "EN@film"
    upside = {each.key: each for each in agreement(board, {image: -value for image, value in error.items()})}
    assert upside["MSE@film"].spearman == pytest.approx(1, abs=1e-12)  # the smaller error is the better


def test_correlations_are_scipys(board: Board) -> None:
    random = np.random.default_rng(3)
    values = values_of(board, "SD@film")
    rated = {image: float(random.integers(1, 6)) for image in values}
    (found,) = (each for each in agreement(board, rated) if each.key == "SD@film")
    ours, theirs = [values[image] for image in rated], list(rated.values())
    assert found.spearman == pytest.approx(stats.spearmanr(ours, theirs).statistic, abs=1e-12)
    assert found.kendall == pytest.approx(stats.kendalltau(ours, theirs).statistic, abs=1e-12)
    assert found.pearson == pytest.approx(stats.pearsonr(ours, theirs).statistic, abs=1e-12)
    within = []
    for pair in board.names:
        mine = [image for image in rated if image[0] == pair]
        if len({rated[image] for image in mine}) > 1:
            within.append(stats.spearmanr([values[i] for i in mine], [rated[i] for i in mine]).statistic)
    assert found.within == pytest.approx(np.mean(within), abs=1e-12)


def test_ratings_of_several_people_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("\ufeffMethod, pair,person,SCORE\nmax,p0,1,4\nmax,p0,2,5\naverage,p0,1,2.5\n".replace(", ", ","))
    assert read_ratings(path) == {("p0", "max"): 4.5, ("p0", "average"): 2.5}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pair,score\np0,1\n", "no column method: wanted are pair, method, score, there are pair, score"),
        ("pair,method,score\np0,max,1\np0,max,good\n", "line 3 of .* has the score 'good', which is no number"),
        ("pair,method,score\np0,max,nan\n", "the score 'nan', which is no number"),
        ("pair,method,score\n", "has no ratings below its head"),
        ("", "no column pair: .* there are none"),
    ],
)
def test_ratings_that_are_none(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_ratings(path)


def test_names_that_do_not_meet(board: Board) -> None:
    with pytest.raises(
        InputError, match=r"fewer than three of the 3 rated images: pairs are q0, q1, q2 in the ratings"
    ):
        agreement(board, {(f"q{i}", "max"): float(i) for i in range(3)})
    flat = agreement(board, dict.fromkeys(values_of(board, "EN@film"), 3.0))
    assert all(math.isnan(each.spearman) and math.isnan(each.within) for each in flat)


def test_the_command(board: Board, runs: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "ratings.csv", tmp_path / "out.csv"
    lines = [f"{pair},{method},{value}" for (pair, method), value in values_of(board, "EN@film").items()]
    path.write_text("\n".join(["pair,method,score", *lines]))
    result = CliRunner().invoke(app, ["agree", str(path), str(runs), "--metrics", "EN,MSE", "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert "EN@film" in result.output
    assert "1.000" in result.output
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["key"] == "EN@film"
    assert float(rows[0]["spearman"]) == pytest.approx(1, abs=1e-12)
