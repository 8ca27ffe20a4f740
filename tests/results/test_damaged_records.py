"""Whatever stands in a record, it is read as what it should be, or is one sentence that names the file and the key."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.manifest import Manifest
from fusionbench.results.profiles import Profile
from fusionbench.results.records import Record, read_record

STORED = Path(__file__).parent / "stored" / "out"
KINDS: dict[Path, type[Record]] = {
    STORED / "pairs" / "average" / "run.json": Manifest,
    STORED / "profile" / "average" / "16x16-cpu.json": Profile,
}
STRANGE: list[Any] = [
    None, True, 0, -1, 10**30, 10**400, 1e308, float("nan"), float("inf"), "", "x", "~nobody/x", "\0", "../..",
    "é" * 9000, [], ["x", "x"], [None], {}, {"x": 1}, {"x": {"y": [2]}}, [[[[[]]]]],
]  # fmt: skip


def _mutation(data: bytes, seed: int) -> bytes:
    choice, changed = random.Random(seed), bytearray(data)
    for _ in range(choice.choice([1, 1, 1, 5])):
        place = choice.randrange(len(changed))
        match choice.randrange(4):
            case 0:
                changed[place] = choice.randrange(256)
            case 1:
                del changed[place : place + choice.randrange(1, 30)]
            case 2:
                changed[place:place] = choice.choice([b'"', b"[", b"{", b",", b"\xff", b"1e999", b"null", b'\\ud800"'])
            case _:
                changed[place:place] = changed[place : place + choice.randrange(1, 60)]
    return bytes(changed)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Go through every place in a JSON value: what holds it, and its name or number there."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _odd(path: Path, seed: int) -> bytes:
    """Put something else in a place of a file, take it away, or call it differently."""
    choice, content = random.Random(seed), json.loads(path.read_bytes())
    holder, key = choice.choice(list(_places(content)))
    match choice.randrange(4):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[f"{key}s"] = holder.pop(key)
        case _:
            holder[key] = choice.choice(STRANGE)
    return json.dumps(content).encode()


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.name)
@pytest.mark.parametrize("change", ["bytes", "values"])
def test_every_mutation_is_a_record_or_a_sentence(tmp_path: Path, path: Path, change: str) -> None:
    refused = []
    file = tmp_path / path.name
    for seed in range(300):
        file.write_bytes(_mutation(path.read_bytes(), seed) if change == "bytes" else _odd(path, seed))
        try:
            record = read_record(file, KINDS[path])
        except InputError as error:
            refused.append(str(error))
        else:
            assert record is not None
            json.dumps(record.content(), ensure_ascii=False).encode()
    assert 60 < len(refused) < 300
    assert all(said.startswith(f"{file} cannot be read (") and "\n" not in said for said in refused)


def test_what_is_read_can_be_shown(tmp_path: Path) -> None:
    """A mutated manifest that is let through does no harm further on."""
    out = tmp_path / "out"
    shutil.copytree(STORED, out)
    (source,) = (path for path in KINDS if path.name == "run.json")
    refused = 0
    for seed in range(300):
        (out / "pairs" / "average" / "run.json").write_bytes(_odd(source, seed))
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
    (path,) = (path for path in KINDS if path.name == "run.json")
    file = tmp_path / "run.json"
    file.write_text(json.dumps(json.loads(path.read_text()) | changes))
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
