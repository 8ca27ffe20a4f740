"""Reference rows beside a run's own: the same pairs, the same protocol, or a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusionbench import run
from fusionbench.datasets import write
from fusionbench.errors import InputError
from fusionbench.files import sha256_of
from fusionbench.reference import Entry, References, Sources
from fusionbench.reference.beside import KEPT, Choice, beside, parse_choice, require
from fusionbench.reference.entries import write_entry
from fusionbench.results import Results, Row
from fusionbench.results.leaderboard.boards import Board, make_boards
from fusionbench.results.leaderboard.ranks import standings
from fusionbench.results.records import write_record

from ..cli.command import call
from ..scenes import write_noise

NAMES = ["0", "1", "2", "3"]
ENTRY = Entry(
    dataset="scenes", method="Theirs", program="0.1.0", protocols={"film": "1", "vifb": "1"}, repository="a/b",
    commit="0123456789", notes=["One image is odd."],
)  # fmt: skip


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    return write_noise(tmp_path / "scenes", NAMES)


@pytest.fixture
def references(scenes: Path, tmp_path: Path) -> References:
    """Two methods with an EN that no run has, on the first three pairs of the scenes."""
    folder, pairs = tmp_path / "references", NAMES[:3]
    hashes = {name: [sha256_of(scenes / side / f"{name}.png") for side in ("ir", "vi")] for name in pairs}
    write_record(folder / "scenes" / "sources.json", Sources(dataset="scenes", repository="a/b", pairs=hashes))
    for method, start in (("Theirs", 8.0), ("Others", 0.1)):
        rows = {n: Row(n, metrics={"EN@film": start + int(n) / 3, "Rmse@vifb": 1.0}) for n in pairs}
        write_entry(folder, replace(ENTRY, method=method), rows)
    return References(folder)


@pytest.fixture
def results(scenes: Path, tmp_path: Path) -> Results:
    run(["average", "max"], scenes, out=tmp_path / "runs", metrics=["EN", "SD"])
    return Results(tmp_path / "runs")


def board_of(results: Results, references: References, *methods: str) -> Board:
    (board,) = make_boards(beside(results, Choice(methods), references))
    return board


def test_the_rows_stand_on_the_common_pairs_in_the_common_metrics(results: Results, references: References) -> None:
    own = make_boards(results)[0]
    board = board_of(results, references)
    entries = {entry.method: entry for entry in board.entries}
    assert list(entries) == ["Others (reference)", "Theirs (reference)", "average", "max"]
    assert board.names == NAMES[:3]
    assert [column.key for column in board.columns] == ["EN@film", "SD@film"]
    theirs = entries["Theirs (reference)"]
    assert theirs.means == {"EN@film": math.fsum([8.0, 8.0 + 1 / 3, 8.0 + 2 / 3]) / 3}
    average = {entry.method: entry for entry in own.entries}["average"].values("EN@film")
    assert entries["average"].means["EN@film"] == math.fsum(average[name] for name in NAMES[:3]) / 3
    assert theirs.notes[0].startswith("Reference: published images of a/b at 0123456, scored with fusionbench 0.1.0")
    part = "Compared on the 3 of 4 pairs that the reference results have, too."
    assert theirs.notes[1:] == ["One image is odd.", part]
    assert entries["max"].notes == [part]
    assert board.ranking(board.columns[0])["Theirs (reference)"] == 1
    assert board.ranking(board.columns[0])["Others (reference)"] == 4
    assert len(own.names) == 4  # what was read first is as it was


def test_one_of_them_is_chosen_by_its_name(results: Results, references: References) -> None:
    board = board_of(results, references, "theirs")
    assert [entry.method for entry in board.entries] == ["Theirs (reference)", "average", "max"]
    places = {place.method: place.place for place in standings([replace(board, columns=board.columns[:1])])}
    assert places["Theirs (reference)"] == 1


def test_a_pair_of_other_sources_is_not_the_same(results: Results, references: References, scenes: Path) -> None:
    write(scenes / "vi" / "1.png", np.zeros((32, 40), np.uint8))
    assert board_of(results, references).names == ["0", "2"]


def _other_sources(scenes: Path) -> None:
    for name in NAMES:
        write(scenes / "ir" / f"{name}.png", np.full((32, 40), 7, np.uint8))


def _no_sources(scenes: Path) -> None:
    scenes.rename(scenes.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_other_sources, r"none of the 4 pairs of scenes .* \(the files of those of the same name differ"),
        (_no_sources, r"the sources of scenes are not at .* any more"),
    ],
)
def test_what_cannot_be_matched_is_said(
    change: Callable[[Path], None], reason: str, results: Results, references: References, scenes: Path
) -> None:
    change(scenes)
    with pytest.raises(InputError, match=reason):
        beside(results, Choice(), references)


def test_runs_that_were_kept_without_their_data(
    results: Results, references: References, scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scenes)  # where their files would be found without a root
    for each in results.runs:
        each.manifest.root = ""
    with pytest.raises(InputError, match=r"the sources of scenes are not known, as there is no sources\.json beside"):
        beside(results, Choice(), references)
    pairs = dict(references.sources["scenes"].pairs)
    path = results.runs[0].folder.path.parent / KEPT
    write_record(path, Sources(dataset="scenes", pairs={**pairs, "1": pairs["2"]}))
    assert board_of(results, references).names == ["0", "2"]
    results.runs[0].manifest.root = str(scenes)  # a run that names its data is asked itself, beside another
    write(scenes / "vi" / "2.png", np.zeros((32, 40), np.uint8))
    assert board_of(results, references).names == ["0"]


def test_another_data_set_of_that_name_is_said(results: Results, references: References) -> None:
    for each in results.runs:
        each.manifest.pairs = ["x", "y"]
    with pytest.raises(InputError, match=r"none of the 2 pairs of scenes .* \(none has the name of one"):
        beside(results, Choice(), references)


def test_another_version_of_the_protocol_is_not_compared(results: Results, references: References) -> None:
    for each in results.runs:
        each.manifest.protocols = {"film": "2"}
    with pytest.raises(InputError, match="are in film/1, vifb/1, these are in film/2, which cannot be compared"):
        beside(results, Choice(), references)


def test_the_other_protocol_is_compared_alone(scenes: Path, tmp_path: Path, references: References) -> None:
    run("average", scenes, out=tmp_path / "runs", protocol=["film", "vifb"], metrics=["EN", "Rmse"])
    results = Results(tmp_path / "runs")
    for each in results.runs:
        each.manifest.protocols["film"] = "2"
    (theirs,) = (entry for entry in board_of(results, references, "Theirs").entries if "(" in entry.method)
    assert theirs.means == {"Rmse@vifb": 1.0}
    assert "It has no values of film/2: it was scored with another version." in theirs.notes


def test_a_data_set_without_reference_results_stays_as_it_is(
    results: Results, references: References, tmp_path: Path, scenes: Path
) -> None:
    scenes.rename(tmp_path / "others")
    run("average", tmp_path / "others", out=tmp_path / "runs", metrics=["EN"])
    (tmp_path / "others").rename(scenes)
    boards = make_boards(beside(Results(tmp_path / "runs"), Choice(), references))
    assert [(board.dataset, len(board.entries)) for board in boards] == [("others", 1), ("scenes", 4)]
    with pytest.raises(InputError, match="there are reference results on scenes, not on others: leave --against out"):
        beside(Results(tmp_path / "runs"), Choice(), references, datasets=["others"])


@pytest.mark.parametrize("text", ["", "refs", "reference:", "reference:,", ":Theirs"])
def test_what_is_no_choice_is_said(text: str, references: References) -> None:
    with pytest.raises(InputError, match="--against takes reference, or reference:METHOD"):
        parse_choice(text, references)


def test_what_is_asked_for_is_known_beforehand(references: References) -> None:
    assert parse_choice("Reference: theirs, OTHERS", references) == Choice(("theirs", "OTHERS"))
    with pytest.raises(InputError, match="unknown reference method 'Their': did you mean 'Theirs'"):
        parse_choice("reference:Their", references)
    require(Choice(), references, ["x", "Scenes"], {"film": "1"})
    with pytest.raises(InputError, match="there are reference results of Theirs on scenes, not on x, y"):
        require(Choice(("Theirs",)), references, ["x", "y"], {"film": "1"})
    with pytest.raises(InputError, match="these are in film/2"):
        require(Choice(), references, ["scenes"], {"film": "2"})


@pytest.mark.slow
def test_a_run_ends_in_a_table_with_the_published_methods(shared_data: Path, tmp_path: Path) -> None:
    arguments = ("-d", "TNO", "--data-root", shared_data, "--metrics", "EN,SD", "--against", "reference")
    done = call("run", "-m", "average", *arguments, "-o", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    shown = {line[0]: line for line in lines if "42" in line and "·" not in line}
    assert len(shown) == 10
    references = References()
    for entry in references.of("TNO"):
        values = [row.metrics["EN@film"] for row in references.rows(entry).values()]
        assert shown[entry.method][3] == f"{math.fsum(values) / 42:.4f}"
    stored = ("--against", "reference:SeAFusion,DenseFuse", "-f", "csv")
    printed = call("table", tmp_path / "runs", "-m", "average", *stored).stdout
    assert [line.split(",")[0] for line in printed.splitlines()] == [
        "Method", "Average", "DenseFuse (reference)", "SeAFusion (reference)",
    ]  # fmt: skip
    again = call("score", "--fused", tmp_path / "runs/TNO/average/fused", *arguments, "-o", tmp_path / "scored")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("(reference)") == 9
    for command in (("plot", "ranks"), ("report",)):
        drawn = call(*command, tmp_path / "runs", "--against", "reference", "-o", tmp_path / f"{command[0]}.png")
        assert drawn.returncode == 0, drawn.stderr


def test_a_run_is_refused_before_it_begins(tmp_path: Path) -> None:
    done = call("run", "-m", "average", "--against", "reference", "-o", tmp_path / "runs")
    assert done.returncode == 2
    assert "there are reference results on TNO and VIFB, not on sample" in done.stderr
    assert not (tmp_path / "runs").exists()
    refused = call("plot", "latency", "--against", "reference", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--against is for plots of metrics" in refused.stderr
