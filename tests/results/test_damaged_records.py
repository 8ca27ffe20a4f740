"""Whatever stands in a record, it is read as what it should be, or is one sentence that names the file and the key."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.manifest import Manifest
from fusionbench.results.records import read_record

from ..fuzz.damage import in_json

STORED = Path(__file__).parent / "stored" / "out"
MANIFEST = STORED / "pairs" / "average" / "run.json"


def test_what_is_read_can_be_shown(tmp_path: Path) -> None:
    """A mutated manifest that is let through does no harm further on."""
    out = tmp_path / "out"
    shutil.copytree(STORED, out)
    refused = 0
    for seed in range(300):
        (out / "pairs" / "average" / "run.json").write_bytes(in_json(MANIFEST.read_bytes(), random.Random(seed)))
        try:
            results = Results(out)
            make_boards(results)
            for run in results.runs:
                for pair in run.manifest.pairs:
                    run.manifest.source_files(pair)
                    run.has("fused", pair)
        except InputError:
            refused += 1
    assert 60 < refused < 300


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pairs": "p0"}, "its 'pairs' is no list of texts"),
        ({"pairs": ["p0", 1]}, "its 'pairs' is no list of texts"),
        ({"pairs": ["p0", "p0"]}, "its 'pairs' names a pair twice"),
        ({"state": "done"}, "its 'state' is no 'running' or 'finished'"),
        ({"format": True}, "its 'format' is no whole number"),
        ({"format": 10**30}, "its 'format' is no whole number"),
        ({"skipped": {"p0": 1}}, "its 'skipped' is no object of texts"),
        ({"sources": {"p0": "a"}}, "its 'sources' is no object"),
        ({"finished": 3}, "its 'finished' is no text"),
        ({"seconds": {"total": float("nan"), "median": 1}}, "its 'seconds.total' is no number"),
        ({"seconds": [1]}, "its 'seconds' is no object"),
        (
            {"metrics": {"EN@film": {"name": "EN", "better": "more", "protocol": "film"}}},
            "its 'metrics.EN@film.better'",
        ),
        ({"method": {}}, "it has no 'method.label'"),
        ({"method": None}, "its 'method' is no object"),
        ({"environment": json.loads("[" * 60 + "]" * 60)}, "it is nested too deep"),
        ({"root": "\ud800"}, "surrogates not allowed"),
    ],
)
def test_the_key_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps(json.loads(MANIFEST.read_text()) | changes))
    with pytest.raises(InputError) as raised:
        read_record(file, Manifest)
    assert said in str(raised.value)
    assert str(raised.value).endswith("delete it to run it again")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[" * 100_000, "nested too deep"),
        (b'{"x": ' * 50_000, "nested too deep"),
        (b'{"format": 1, "format": 1}', "it has 'format' twice"),
        (b'{"root": "\xff"}', "'utf-8' codec"),
        (b'{"format": ' + b"9" * 5000 + b"}", "limit"),
        (b"[]", "it is no record"),
        (b"", "Expecting value"),
        (b"{}", "it has no 'method'"),
    ],
)
def test_what_is_no_record(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "run.json").write_bytes(text)
    with pytest.raises(InputError, match=said):
        read_record(tmp_path / "run.json", Manifest)


def test_a_folder_in_the_place_of_a_record(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(InputError, match=r"run\.json cannot be read \(it is no file\)"):
        read_record(tmp_path / "run.json", Manifest)
