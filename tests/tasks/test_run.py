"""A detector on the images of methods and their sources: what is scored, stored, and looked at only once."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import FusionDataset, load_dataset
from fusionbench.datasets.labels import NoLabelsError
from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.results.leaderboard import write_leaderboard
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.leaderboard.tasks import classes_grid, correlations, task_grid, to_csv
from fusionbench.results.tasks import TaskRecord, record_path
from fusionbench.tasks.consistency import joined
from fusionbench.tasks.protocols import find_protocol
from fusionbench.tasks.records import Detections
from fusionbench.tasks.run import detect

FROZEN, CONSISTENCY = (find_protocol("detection", name) for name in ("frozen", "consistency"))
METHODS = ["average", "max", "laplacian"]


class Bright:
    """Finds one car, where the brightest rows and columns are, and is as sure of it as it is bright."""

    label, digest, classes = "bright", "0" * 64, ("boat", "car", "person")

    def __init__(self) -> None:
        self.looked = 0

    def detect(self, image: np.ndarray) -> Detections:
        self.looked += 1
        y, x, _ = np.unravel_index(image.argmax(), image.shape)
        corners = np.array([[x - 9, y - 9, x + 9, y + 9], [x - 5, y - 5, x + 5, y + 5]], float)
        score = image.max() / 255
        return Detections(corners, np.array([1, 2]), np.array([score, score / 2]))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    fusionbench.run(METHODS, out=tmp_path, metrics=["EN", "SF"])
    return tmp_path


@pytest.fixture
def sample() -> FusionDataset:
    return load_dataset("sample")


def _runs(out: Path) -> list:
    return Results(out).runs


def test_sources_and_methods_are_rows(out: Path, sample: FusionDataset) -> None:
    record = detect(sample, _runs(out), Bright(), FROZEN, out)
    assert list(record.rows) == ["source a", "source b", "average", "laplacian", "max"]
    assert [row.source for row in record.rows.values()] == ["a", "b", "", "", ""]
    assert record.settings == {"classes": ["person", "car"]}  # of the labels, which have no boat
    assert {row.images for row in record.rows.values()} == {3}  # the labelled pairs
    assert {"day", "night"} == set(record.rows["max"].groups)
    stored = Results(out).tasks
    assert stored == [record]


def test_what_was_seen_is_not_looked_at_again(out: Path, sample: FusionDataset) -> None:
    first, again = Bright(), Bright()
    record = detect(sample, _runs(out), first, CONSISTENCY, out)
    assert first.looked == 5 * len(sample)
    table = next((out / "sample" / "tasks").rglob("max.jsonl"))
    lines = table.read_bytes().splitlines(keepends=True)
    table.write_bytes(b"".join(lines[:-2]) + lines[-2][:20] + b"\n" + lines[-1][:30])  # damaged, and cut off
    assert detect(sample, _runs(out), again, CONSISTENCY, out).rows == record.rows
    assert again.looked == 2
    changed = out / "sample" / "max" / "fused" / f"{sample[0].name}.png"
    other = out / "sample" / "average" / "fused" / changed.name
    changed.write_bytes(other.read_bytes())
    (out / "sample" / "max" / "colour" / changed.name).unlink(missing_ok=True)
    third = Bright()
    detect(sample, _runs(out), third, CONSISTENCY, out)
    assert third.looked == 1


def test_rows_of_an_earlier_command_stay(out: Path, sample: FusionDataset) -> None:
    runs = {run.method: run for run in _runs(out)}
    detect(sample, [runs["max"]], Bright(), CONSISTENCY, out)
    record = detect(sample, [runs["average"]], Bright(), CONSISTENCY, out)
    assert list(record.rows) == ["source a", "source b", "average", "max"]
    other = Bright()
    other.digest = "1" * 64
    record = detect(sample, [runs["average"]], other, CONSISTENCY, out)
    assert "max" not in record.rows, "another model's scores would stand in one table"


def test_a_source_agrees_with_what_is_found_in_it(out: Path, sample: FusionDataset) -> None:
    """Where both sources show the same, everything is found again."""
    pairs = tuple(replace(pair, b=pair.a, text=None) for pair in sample)
    same = type(sample)(**{**vars(sample), "pairs": pairs})
    record = detect(same, [], Bright(), CONSISTENCY, out)
    for row in record.rows.values():
        assert row.values == {"F1": 1.0, "recall": 1.0, "precision": 1.0, "overlap": 1.0}


def test_the_objects_of_both_sources_count_once() -> None:
    box = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [30, 30, 40, 40]], float)
    one = Detections(box[:1], np.array([1]), np.array([0.9]))
    two = Detections(box[1:], np.array([1, 1]), np.array([0.8, 0.1]))
    both = joined([one, two])  # the second is the first again, and the third is not sure enough
    assert both.corners.tolist() == [[0, 0, 10, 10]]
    other = Detections(box[1:2], np.array([2]), np.array([0.8]))
    assert len(joined([one, other])) == 2  # another class


def test_tables_and_spreadsheets(out: Path, sample: FusionDataset) -> None:
    record = detect(sample, _runs(out), Bright(), CONSISTENCY, out)
    grid = task_grid(record, intervals=True)
    assert [line.name for line in grid.lines] == list(record.rows)
    assert [head.name for head in grid.heads] == ["n", "F1", "recall", "precision", "overlap"]
    assert any(cell.rank == 1 for line in grid.lines for cell in line.cells)
    assert classes_grid(record, "recall").heads
    lines = list(csv.DictReader(to_csv([record]).splitlines()))
    assert {line["images"] for line in lines} == set(record.rows)
    write_leaderboard(Results(out))
    (line,) = [
        row for row in csv.DictReader((out / "leaderboard.csv").read_text().splitlines()) if row["method"] == "max"
    ]
    assert float(line["F1@detection/consistency/bright"]) == record.rows["max"].values["F1"]
    assert "consistency/1 · bright" in (out / "leaderboard.md").read_text()


def test_correlations_are_over_methods(out: Path, sample: FusionDataset) -> None:
    record = detect(sample, _runs(out), Bright(), CONSISTENCY, out)
    (board,) = make_boards(Results(out))
    order = sorted(METHODS, key=lambda name: next(e.means["EN@film"] for e in board.entries if e.method == name))
    for place, name in enumerate(order):
        record.rows[name].values["F1"] = float(place)
    (entropy,) = [each for each in correlations(board, record, "F1") if each.metric == "EN@film"]
    assert (entropy.rho, entropy.methods) == (1.0, 3)
    record.rows[order[0]].values["LAMR"], record.rows[order[1]].values["LAMR"] = 0.9, 0.5
    record.rows[order[2]].values["LAMR"] = 0.1
    (entropy,) = [each for each in correlations(board, record, "LAMR") if each.metric == "EN@film"]
    assert entropy.rho == 1.0, "the lower the miss rate the better"


def test_what_cannot_be_scored(out: Path, sample: FusionDataset, tmp_path: Path) -> None:
    blind = Bright()
    blind.classes = ("boat", "train", "kite")
    with pytest.raises(InputError, match="bright knows none of the classes that sample labels, person, car"):
        detect(sample, [], blind, FROZEN, out)
    (out / "sample" / "max" / "fused" / f"{sample[1].name}.png").unlink()
    (out / "sample" / "max" / "colour" / f"{sample[1].name}.png").unlink(missing_ok=True)
    with pytest.raises(InputError, match=f"max has no image of {sample[1].name} on sample"):
        detect(sample, _runs(out), Bright(), CONSISTENCY, out)
    plain = load_dataset(str(_plain_folder(tmp_path / "plain")), task="IVF")
    with pytest.raises(NoLabelsError):
        detect(plain, [], Bright(), FROZEN, out)


def test_a_damaged_record_is_one_sentence(out: Path, sample: FusionDataset) -> None:
    detect(sample, [], Bright(), CONSISTENCY, out)
    path = record_path(out, "sample", "detection", "consistency", "bright")
    content = json.loads(path.read_text())
    content["rows"]["source a"]["images"] = "many"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=str(path.name)):
        _ = Results(out).tasks
    assert TaskRecord.names()[0] == "format"


def _plain_folder(root: Path) -> Path:
    from ..scenes import write_noise

    return write_noise(root, ["x", "y"])


def test_the_report_has_the_tables(out: Path, sample: FusionDataset, tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    from fusionbench.reports.html import write_report

    assert 'id="tasks"' not in write_report(Results(out), tmp_path / "without").read_text()
    detect(sample, _runs(out), Bright(), CONSISTENCY, out)
    page = write_report(Results(out), tmp_path / "with").read_text()
    assert 'id="tasks"' in page
    assert all(text in page for text in ("source a", "consistency/1 · bright", "Spearman with F1"))
