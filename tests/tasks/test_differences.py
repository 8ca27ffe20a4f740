"""Whether methods differ at a task: paired draws of the images, against a plain reading of what is stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.results.draws import Draws
from fusionbench.results.leaderboard.differences import best_method, differences, differences_grid
from fusionbench.results.leaderboard.tasks import task_grids
from fusionbench.results.tasks import TaskRecord, TaskRow, record_path, store_record
from fusionbench.tasks.consistency import Agreement
from fusionbench.tasks.measures import Confusions
from fusionbench.tasks.records import Detections
from fusionbench.tasks.scored import DRAWS, draw, scored_row

from ..cli.command import call

IMAGES = ["c", "a", "e", "b", "d", "f", "h", "g", "i"]
WRONG = {"clean": 0.05, "twin": 0.05, "rough": 0.3, "middling": 0.06}  # parts of the pixels


def _confusions(wrong: float, images: list[str], seed: int) -> Confusions:
    """Compare masks in which so many pixels are of another class, of scenes that are hard for every method alike."""
    confusions = Confusions(("road", "car", "person"))
    for name in images:
        scene = np.random.default_rng(ord(name))
        truth = scene.integers(0, 3, (24, 32), np.uint8)
        errors = np.random.default_rng([seed, ord(name)]).uniform(size=truth.shape) < wrong * scene.uniform(0.2, 1.8)
        confusions.add(name, truth, np.where(errors, (truth + 1) % 3, truth).astype(np.uint8))
    return confusions


def _record(rows: dict[str, TaskRow], protocol: str = "frozen", task: str = "segmentation") -> TaskRecord:
    return TaskRecord(task=task, protocol=protocol, version="1", model="m", digest="", dataset="Set", rows=rows)


@pytest.fixture(scope="module")
def record() -> TaskRecord:
    seeds = {"clean": 1, "twin": 1, "rough": 2, "middling": 3}
    rows = {name: scored_row("", _confusions(WRONG[name], IMAGES, seeds[name]), {}) for name in WRONG}
    source = scored_row("b", _confusions(0.5, IMAGES, 4), {})
    return _record({"visible (source)": source, **rows})


def _plain_miou(matrix: np.ndarray) -> float:
    shares = []
    for k in range(3):
        either = matrix[k].sum() + matrix[:, k].sum() - matrix[k, k]
        if either:
            shares.append(matrix[k, k] / either)
    return sum(shares) / len(shares)


def test_a_plain_reading(record: TaskRecord) -> None:
    """Every draw, every row, one after another; then Holm's steps."""
    names = sorted(IMAGES)
    matrices = {}
    for row, seed in {"clean": 1, "rough": 2, "middling": 3}.items():
        alone = {name: _confusions(WRONG[row], [name], seed).matrix()[:, :3] for name in names}
        matrices[row] = [alone[name] for name in names]
    random = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {row: [] for row in matrices}
    for _ in range(DRAWS):
        taken = random.integers(0, len(names), len(names))
        for row, of in matrices.items():
            drawn[row].append(_plain_miou(sum(of[place] for place in taken)))
    p = {}
    for row in ("rough", "middling"):
        more = [mine - best for mine, best in zip(drawn[row], drawn["clean"], strict=True)]
        (test,) = (each for each in differences(record, "mIoU", "clean") if each.row == row)
        whole = _plain_miou(sum(matrices[row])) - _plain_miou(sum(matrices["clean"]))
        assert test.value == pytest.approx(whole, abs=1e-12)
        assert (test.low, test.high) == pytest.approx(np.percentile(more, (2.5, 97.5)).tolist(), abs=1e-6)
        sides = sum(each <= 0 for each in more), sum(each >= 0 for each in more)
        p[row] = max(min(1, 2 * (min(sides) + 1) / (DRAWS + 1)), 2 / 2 ** len(names))
        assert test.p == pytest.approx(p[row])
    tests = {test.row: test for test in differences(record, "mIoU", "clean")}
    ordered = sorted((test.p, name) for name, test in tests.items())  # with the source and the twin four tests
    least = 0.0
    for place, (each, name) in enumerate(ordered):
        least = max(least, min(1.0, each * (len(ordered) - place)))
        assert tests[name].corrected == pytest.approx(least)


def test_equal_rows_do_not_differ_and_a_better_one_does(record: TaskRecord) -> None:
    assert best_method(record, "mIoU") == "clean"
    tests = {test.row: test for test in differences(record, "mIoU")}
    assert list(tests) == ["visible (source)", "twin", "rough", "middling"]
    twin, rough = tests["twin"], tests["rough"]
    assert (twin.value, twin.low, twin.high, twin.p, twin.corrected, twin.better) == (0, 0, 0, 1, 1, 0)
    assert rough.high < 0
    assert rough.p == 2 / 2 ** len(IMAGES)  # every draw agrees, of nine images
    assert rough.better == -1
    assert {test.row: test.better for test in differences(record, "mIoU", "rough")}["clean"] == 1


def test_pairing_takes_out_what_is_hard_for_all(record: TaskRecord) -> None:
    """The intervals of both rows overlap, and the difference is sure all the same."""
    clean, middling = record.rows["clean"], record.rows["middling"]
    assert (middling.high["mIoU"] or 0) > (clean.low["mIoU"] or 1)
    (test,) = (test for test in differences(record, "mIoU", "clean") if test.row == "middling")
    apart = np.hypot(*((row.high["mIoU"] or 0) - (row.low["mIoU"] or 0) for row in (clean, middling)))
    assert test.high - test.low < 0.6 * apart


def test_draws_are_those_of_the_names_in_any_order(record: TaskRecord) -> None:
    again = scored_row("", _confusions(WRONG["clean"], sorted(IMAGES), 1), {})
    assert again.draws == record.rows["clean"].draws


def test_a_lower_miss_rate_is_better() -> None:
    rows = {
        name: TaskRow(
            images=9, values={"LAMR": low}, draws=Draws.of(IMAGES, {"LAMR": np.linspace(low - 0.1, low + 0.1, 99)})
        )
        for name, low in (("x", 0.25), ("y", 0.55))
    }
    record = _record(rows, task="detection")
    assert best_method(record, "LAMR") == "x"
    (test,) = differences(record, "LAMR")
    assert (test.row, test.value, test.better) == ("y", pytest.approx(0.3), -1)


def test_rows_that_cannot_be_compared(record: TaskRecord) -> None:
    fewer = scored_row("", _confusions(0.0, IMAGES[:-1], 1), {})  # perfect, but of other images
    without = TaskRow(images=9, values={"mIoU": 1.0})  # stored before draws were kept
    more = _record(record.rows | {"fewer": fewer, "without": without})
    assert best_method(more, "mIoU") == "clean"
    assert differences(more, "mIoU") == differences(record, "mIoU")
    assert differences(more, "mIoU", "without") == []
    one = _confusions(0.1, ["a"], 1)
    assert draw(one) == {}
    assert scored_row("", one, {}).draws is None
    boxes = Detections(np.array([[0, 0, 9, 9]], float), np.array([0]), np.array([0.9]))
    found = {"mine": boxes, "other": Detections.of_table([])}
    rows = {
        label: scored_row(side, Agreement(dict.fromkeys("ab", boxes), dict.fromkeys("ab", found[of]), ("car",)), {})
        for label, side, of in (("source a", "a", "mine"), ("x", "", "mine"), ("y", "", "other"))
    }
    assert [test.row for test in differences(_record(rows, "consistency", "detection"), "F1")] == ["y"]


def test_a_measure_that_is_not_defined_in_a_draw_has_no_p() -> None:
    found = {"a": Detections.of_table([[0, 0, 9, 9, 0, 0.9]]), "b": Detections.of_table([])}
    nothing = dict.fromkeys("ab", Detections.of_table([]))
    wanted = {"a": found["a"], "b": found["b"]}
    rows = {name: scored_row("", Agreement(wanted, of, ("car",)), {}) for name, of in (("x", found), ("y", nothing))}
    record = _record(rows, "consistency", "detection")
    (test,) = differences(record, "F1")  # half of the draws of two images lack the one with an object
    assert (test.row, test.value, test.better) == ("y", -1, 0)
    assert np.isnan([test.low, test.high, test.p, test.corrected]).all()


def test_few_images_are_scored_once_for_each_choice() -> None:
    """And give what each draw by itself gives."""
    few = _confusions(0.3, ["a", "b"], 1)
    random = np.random.default_rng(0)
    expected = [few.scores(np.bincount(random.integers(0, 2, 2), minlength=2)).values["mIoU"] for _ in range(40)]
    assert draw(few, 40)["mIoU"].tolist() == expected


def test_the_table(record: TaskRecord) -> None:
    grid = differences_grid(record)
    assert grid.groups == [("mIoU ↑", 2), ("mAcc ↑", 2), ("aAcc ↑", 2)]
    lines = {line.name: line.cells for line in grid.lines}
    assert lines["clean"][0].text == "best"
    assert (lines["twin"][0].text, lines["twin"][0].note, lines["twin"][1].text) == ("0.000", "[0.000, 0.000]", "1.000")
    assert lines["rough"][0].text.startswith("−0.")
    assert lines["rough"][1].text == "− 0.016"
    assert any("4 tests" in note for note in grid.notes)
    named = differences_grid(record, "rough")
    assert named.title.startswith("Differences to rough")
    assert "rough" not in [line.name for line in named.lines]
    assert next(line for line in named.lines if line.name == "clean").cells[1].text.startswith("+ ")


def test_stored_and_printed_without_the_images(record: TaskRecord, tmp_path: Path) -> None:
    store_record(tmp_path, record)
    results = Results(tmp_path)
    assert results.tasks == [record]
    only = task_grids(results, results.tasks, contents=["differences"])
    assert [grid.title for grid in only] == [differences_grid(record).title]
    with pytest.raises(InputError, match="unknown row 'ruogh': did you mean 'rough'"):
        task_grids(results, results.tasks, baseline="ruogh")
    pieces = {
        "latex": r"\multicolumn{2}{c}{mIoU $\uparrow$}",
        "html": '<th colspan="2"',
        "csv": "mIoU ↑: Δ",
        "markdown": "| − 0.016 |",
        "text": "mIoU ↑: Δ",
    }
    for form, piece in pieces.items():
        done = call("tasks", "table", tmp_path, "--content", "differences", "--format", form)
        assert done.returncode == 0, done.stderr
        assert piece in done.stdout, done.stdout
    for wrong, sentence in (
        (("--content", "difference"), "unknown content 'difference': did you mean 'differences'?"),
        (("--baseline", "x", "--content", "scores"), "--baseline is for the differences"),
        (("-p", "frzen"), "unknown protocol 'frzen': did you mean 'frozen'?"),
        (("--part",), "--part is for LaTeX tables, not for text"),
        (("--content", "groups"), "there are no groups to show"),
    ):
        done = call("tasks", "table", tmp_path, *wrong)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert sentence in done.stderr


@pytest.mark.parametrize("damaged", ["AAAA", "not base64", "é"])
def test_damaged_draws_are_one_sentence(damaged: str, record: TaskRecord, tmp_path: Path) -> None:
    path = record_path(tmp_path, "Set", "segmentation", "frozen", "m")
    store_record(tmp_path, record)
    content = json.loads(path.read_text())
    content["rows"]["clean"]["draws"]["values"]["mIoU"] = damaged
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"{path.name} cannot be read .*draws of 'mIoU'"):
        _ = Results(tmp_path).tasks


def test_every_word_of_the_tables_is_known_in_chinese(record: TaskRecord) -> None:
    """But for names: of methods, data sets, classes and measures."""
    from fusionbench.reports.html.pages import phrase

    mixed = _record({**record.rows, "source a": record.rows["twin"]}, "consistency", "detection")
    mixed.rows["clean"].groups = {"day": {"mIoU": 0.5}, "night": {"mIoU": 0.5}}
    grids = [grid for each in (record, mixed) for grid in task_grids(Results(Path("nowhere")), [each])]
    grids.append(differences_grid(record, "rough"))
    assert len(grids) == 9
    for grid in grids:
        heads = [head.plain for head in grid.heads if head.name in ("day", "night", "recall", "precision", "overlap")]
        sources = [line.name for line in grid.lines if "source" in line.name]
        for text in (grid.title, grid.corner, *grid.notes, *heads, *sources):
            assert "data-say" in phrase(text), text
    assert phrase("<b>") == "&lt;b&gt;"
    assert phrase("best") == '<span data-say="best">best</span>'
