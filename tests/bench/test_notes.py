"""What a manifest says of the numbers beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fusionbench.bench import run
from fusionbench.bench.notes import quantised
from fusionbench.methods import get_method
from fusionbench.reports.html.pages import NOTE, words
from fusionbench.results import Row, run_folder


def _notes(out: Path, method: str, dataset: str = "sample") -> list[str]:
    notes: list[str] = run_folder(out, dataset, method).manifest().notes
    return notes


def in_chinese(sentence: str) -> bool:
    """Whether the report has words for a sentence."""
    for key, texts in words().items():
        pattern = re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(texts["en"]))
        if key.startswith(NOTE) and re.fullmatch(pattern, sentence):
            return True
    return False


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("minmax", ["stretched"]),
        ("minmax-truncate", ["stretched", "dropped"]),
        ("max", ["scaled"]),
        ("truncate", ["dropped"]),
    ],
)
def test_a_rule_that_does_more_than_round_is_said(tmp_path: Path, rule: str, words: list[str]) -> None:
    run([f"average[quantise={rule}]"], out=tmp_path, limit=1, metrics=["EN"])
    notes = _notes(tmp_path, f"average[quantise={rule}]")
    assert len(notes) == len(words)
    for note, word in zip(notes, words, strict=True):
        assert word in note
        assert f"(quantise={rule})" in note
        assert in_chinese(note)
    board = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert all(note in board.replace("\\", "") for note in notes)


def test_the_rule_that_a_user_gives_takes_the_place_of_the_authors(tmp_path: Path) -> None:
    run(["average"], out=tmp_path, limit=1, metrics=["EN"])
    assert _notes(tmp_path, "average") == []
    for name in ("seafusion", "lrrnet", "ifcnn"):
        method = get_method(name, quantise="round")
        trial = SimpleNamespace(method=method)
        said = list(quantised(trial))  # type: ignore[arg-type]
        assert said == list(method.remarks)
        assert all(map(in_chinese, said))
        assert (name == "seafusion") is not bool(said)
    for spec in ("lrrnet[stretch=no,quantise=round]", "ifcnn[channels=exact]"):
        assert list(quantised(SimpleNamespace(method=get_method(spec)))) == []  # type: ignore[arg-type]


def test_notes_are_no_part_of_what_must_be_equal(tmp_path: Path) -> None:
    run(["average"], out=tmp_path, limit=1, metrics=["EN"])
    path = run_folder(tmp_path, "sample", "average").path / "run.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "notes": ["What was said before."]}), encoding="utf-8")
    run(["average"], out=tmp_path, limit=1, metrics=["EN"])
    assert _notes(tmp_path, "average") == []


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """A folder data set of five pairs whose sources do not reach 0 and 255."""
    rng = np.random.default_rng(2)
    for side in ("ir", "vi"):
        (tmp_path / "data" / side).mkdir(parents=True)
        for index in range(5):
            image = cv2.GaussianBlur(rng.normal(128, 90, (48, 64)), (0, 0), 2).clip(20, 230)
            cv2.imwrite(str(tmp_path / "data" / side / f"{index}.png"), image.astype(np.uint8))
    (tmp_path / "fused").mkdir()
    return tmp_path


def _score(folder: Path, ending: str, make: object, method: str | None = None) -> list[str]:
    """Save fused images, made of both sources, and score them; return the notes."""
    for index in range(5):
        a, b = (cv2.imread(str(folder / "data" / side / f"{index}.png"), 0).astype(float) for side in ("ir", "vi"))
        cv2.imwrite(str(folder / "fused" / f"{index}.{ending}"), make(index, a, b))  # type: ignore[operator]
    chosen = get_method(method or f"folder:{folder / 'fused'}")
    chosen.label = "theirs"
    run([chosen], folder / "data", a="ir", b="vi", task="IVF", out=folder / "runs", metrics=["EN"])
    notes = next((folder / "runs").glob("*/theirs/run.json"))
    found: list[str] = json.loads(notes.read_text(encoding="utf-8"))["notes"]
    assert all(map(in_chinese, found)), found
    return found


def _mean(index: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a + b) / 2).astype(np.uint8)


ONE = np.random.default_rng(1).integers(30, 200, (48, 64)).astype(np.uint8)
TELLTALE = {
    "plain": (_mean, ""),
    "stretched": (
        lambda i, a, b: cv2.normalize(a + b, None, 0, 255, cv2.NORM_MINMAX),
        "5 of 5 fused images span 0..255 exactly, while the sources of 5 pairs do not",
    ),
    "negatives": (lambda i, a, b: 255 - (a + b) / 2, "The fused images are negatives"),
    "copies": (lambda i, a, b: a if i < 2 else _mean(i, a, b), "In 2 of 5 pairs the fused image is source a itself."),
    "one": (lambda i, a, b: ONE if i != 1 else _mean(i, a, b), "4 of 5 pairs have one and the same fused image."),
    "deep": (
        lambda i, a, b: ((a + b) / 2 * 257).astype(np.uint16),
        "5 of 5 fused images have more than 8 bits: they were rounded to 8 to be scored.",
    ),
}


@pytest.mark.parametrize("case", TELLTALE)
def test_what_images_tell_is_said(scored: Path, case: str) -> None:
    make, sentence = TELLTALE[case]
    notes = _score(scored, "png", make)
    assert len(notes) == bool(sentence)
    assert "".join(notes).startswith(sentence)


def test_jpeg_files_are_told_whatever_they_are_called(scored: Path) -> None:
    found = _score(scored, "jpg", _mean)
    assert found == ["5 of 5 fused images are JPEG files: what compression changed is scored, too."]
    for path in (scored / "fused").iterdir():
        path.rename(path.with_suffix(".png"))
    chosen = get_method(f"folder:{scored / 'fused'}")
    chosen.label = "renamed"
    run([chosen], scored / "data", a="ir", b="vi", task="IVF", out=scored / "runs", metrics=["EN"])
    assert json.loads(next((scored / "runs").glob("*/renamed/run.json")).read_text("utf-8"))["notes"] == found


def test_a_folder_has_no_time(scored: Path) -> None:
    _score(scored, "png", _mean)
    path = next((scored / "runs").glob("*/theirs"))
    manifest = json.loads((path / "run.json").read_text(encoding="utf-8"))
    assert manifest["seconds"] is None
    assert manifest["method"]["options"]["directory"] == str(scored / "fused")
    folder = run_folder(scored / "runs", path.parent.name, "theirs")
    assert all(np.isnan(row.seconds) for row in folder.rows().values())


def test_rows_of_before_lose_the_seconds_of_a_folder_and_get_their_facts(scored: Path) -> None:
    _score(scored, "png", _mean)
    path = next((scored / "runs").glob("*/theirs"))
    folder = run_folder(scored / "runs", path.parent.name, "theirs")
    new = folder.rows()
    old = [Row(r.pair, r.status, "EN@film: kept", 0.25, r.sources, r.metrics) for r in new.values()]
    folder.open(["EN@film"])
    for row in old:
        folder.append(row)
    folder.close(list(new))
    assert not any(row.facts for row in folder.rows().values())
    assert _score(scored, "png", _mean) == []
    for name, row in folder.rows().items():
        assert np.isnan(row.seconds)
        assert row.reason == "EN@film: kept"
        assert row.metrics == new[name].metrics
        assert row.facts == {key: value for key, value in new[name].facts.items() if key != "at_once"}


def _timing(out: Path, method: str) -> list[str]:
    notes: list[str] = run_folder(out, "sample", method).manifest().seconds.notes
    assert all(map(in_chinese, notes)), notes
    return notes


def test_pairs_beside_each_other_say_so(tmp_path: Path) -> None:
    run(["average"], out=tmp_path, limit=2, metrics=["EN"], workers=1)
    assert _timing(tmp_path, "average") == []
    run(["max"], out=tmp_path, limit=2, metrics=["EN"], workers=2)
    assert _timing(tmp_path, "max") == ["Up to 2 pairs were worked on at once, which makes each take longer."]
    run(["max"], out=tmp_path, limit=2, metrics=["EN", "SD"])  # scored again, not fused again
    assert len(_timing(tmp_path, "max")) == 1


def test_a_command_says_what_its_time_is_of(tmp_path: Path) -> None:
    command = get_method("""cmd:sh -c 'cp "$0" "$2"' {a} {b} {out}""")
    command.label = "copy"
    run([command], out=tmp_path, limit=1, metrics=["EN"])
    assert _timing(tmp_path, "copy") == ["The time includes the start of the command, its reading and its writing."]


def test_seconds_of_two_machines_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(["average"], out=tmp_path, limit=1, metrics=["EN"], workers=1)
    from fusionbench.bench import timing

    monkeypatch.setattr(timing, "environment", lambda: {"processor": "Another"})
    run(["average"], out=tmp_path, limit=1, metrics=["EN", "SD"], workers=1)  # nothing was timed here
    assert _timing(tmp_path, "average") == []
    run(["average"], out=tmp_path, limit=2, metrics=["EN", "SD"], workers=1)
    (note,) = _timing(tmp_path, "average")
    assert note.startswith("Pairs were timed on different machines: ")
    assert "Another (cpu)" in note
