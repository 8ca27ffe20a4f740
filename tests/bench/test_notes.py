"""What a manifest says of the numbers beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fusionbench.bench import run
from fusionbench.bench.store import run_folder
from fusionbench.reports.html.pages import NOTE, words


def _notes(out: Path, method: str, dataset: str = "sample") -> list[str]:
    notes: list[str] = run_folder(out, dataset, method).manifest()["notes"]
    return notes


def in_chinese(sentence: str) -> bool:
    """Whether the report has words for a sentence."""
    for key, texts in words().items():
        pattern = re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(texts["en"]))
        if key.startswith(NOTE) and re.fullmatch(pattern, sentence):
            return True
    return False


@pytest.mark.parametrize("rule", ["minmax", "minmax-truncate", "max"])
def test_a_method_that_stretches_by_rule_says_so(tmp_path: Path, rule: str) -> None:
    run([f"average[quantise={rule}]"], out=tmp_path, limit=1, metrics=["EN"])
    (note,) = _notes(tmp_path, f"average[quantise={rule}]")
    assert f"(quantise={rule})" in note
    assert in_chinese(note)


@pytest.mark.parametrize("rule", ["round", "truncate"])
def test_a_method_that_does_not_says_nothing(tmp_path: Path, rule: str) -> None:
    label = "average" if rule == "round" else f"average[quantise={rule}]"
    run([label], out=tmp_path, limit=1, metrics=["EN"])
    assert _notes(tmp_path, label) == []


def test_notes_are_no_part_of_what_must_be_equal(tmp_path: Path) -> None:
    run(["average"], out=tmp_path, limit=1, metrics=["EN"])
    path = run_folder(tmp_path, "sample", "average").path / "run.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "notes": ["What was said before."]}), encoding="utf-8")
    run(["average"], out=tmp_path, limit=1, metrics=["EN"])
    assert _notes(tmp_path, "average") == []
