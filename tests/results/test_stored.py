"""Results that version 0.1 wrote: read as records, gone on with, and made into a leaderboard and a report."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

import fusionbench
from fusionbench.reports.figure import figure
from fusionbench.reports.html import write_report
from fusionbench.reports.tables import table
from fusionbench.results import Manifest, MetricRecord, Profile, Results
from fusionbench.results.leaderboard import write_leaderboard
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.records import write_record
from fusionbench.training.options import load_options

STORED = Path(__file__).parent / "stored"
METHODS = ["average", "laplacian[levels=2]"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A copy that may be written to."""
    return Path(shutil.copytree(STORED / "out", tmp_path / "out"))


def test_every_file_is_a_record() -> None:
    results = Results(STORED / "out")
    assert [run.method for run in results.runs] == METHODS
    run = results.runs[1]
    assert run.manifest.method.options == {"levels": 2, "quantise": "round"}
    assert (run.manifest.dataset.name, run.manifest.dataset.split, run.manifest.rgbt) == ("pairs", "all", False)
    assert run.manifest.metrics["EN@film"] == MetricRecord(name="EN", better="higher", protocol="film")
    assert run.manifest.seconds is not None
    assert run.manifest.seconds.machines == ["A processor (cpu)"]
    row = run.rows["p1"]
    assert (row.status, row.facts["at_once"]) == ("ok", 1.0)
    assert row.reason.startswith("VIFF@film: needs at least 41 pixels")
    assert row.metrics["EN@film"] > 6
    (profile,) = results.profiles
    assert (profile.method.label, profile.size, profile.threads, len(profile.seconds)) == ("average", (16, 16), 1, 3)
    assert profile.latency.low <= profile.latency.median <= profile.latency.high
    (training,) = results.trainings
    assert (training.name, training.losses) == ("u2fusion/one", ["loss", "pixel_loss", "ssim_loss"])
    assert training.steps["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert training.epochs["validation_loss"].shape == (2,)
    assert (training.options["recipe"], training.environment["fusionbench"]) == ("port", "0.1.0")
    assert load_options(STORED / "out/train/u2fusion/one").epochs == (2,)


def test_written_again_every_file_has_the_same_bytes(out: Path) -> None:
    results = Results(out)
    paths = [path for path in out.rglob("*") if path.suffix in (".json", ".csv", ".md")]
    before = {path: path.read_bytes() for path in paths}
    for run in results.runs:
        run.folder.write_manifest(run.manifest)
        run.folder.open(list(run.manifest.metrics))
        run.folder.close(run.manifest.pairs)
    for profile in results.profiles:
        write_record(next(out.glob("profile/*/*.json")), profile)
    write_leaderboard(results)
    for path in paths:
        if path.name == "metrics.csv":  # which has four more columns now
            lines = [line.rsplit(b",", 4)[0] for line in path.read_bytes().splitlines()]
            assert lines == before[path].splitlines()
        elif path.name == "run.json":  # "remarks" is no field any more, and comes last
            lines = [line.strip(b",") for line in path.read_bytes().splitlines()]
            earlier = [line.strip(b",") for line in before[path].splitlines()]
            earlier.insert(-1, earlier.pop(earlier.index(b' "remarks": []')))
            assert lines == earlier
        else:
            assert path.read_bytes() == before[path]


def test_a_run_goes_on_and_does_no_pair_again(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [run.rows for run in Results(out).runs]
    from fusionbench.bench import work

    monkeypatch.setattr(work, "execute", lambda task: pytest.fail(f"{task.pair.name} was done again"))
    rows = fusionbench.run(METHODS, STORED / "pairs", out=out, metrics=["EN", "SD", "VIFF"])
    assert list(rows["status"]) == ["ok"] * 4
    assert [run.rows for run in Results(out).runs] == stored


def test_fields_that_a_file_lacks_have_defaults_and_others_are_kept(out: Path) -> None:
    path = out / "pairs/average/run.json"
    content = json.loads(path.read_text())
    lacking = ("range", "rgbt", "notes", "seconds")
    older = {key: value for key, value in content.items() if key not in lacking} | {"coming": {"a": 1}}
    older["method"] = {**content["method"], "later": [1]}
    manifest = Manifest.parse(older)
    assert (manifest.range, manifest.rgbt, manifest.notes) == ({"a": "full", "b": "full"}, False, [])
    assert manifest.content() == older
    manifest.notes = ["A note."]
    assert manifest.content() == {**older, "notes": ["A note."]}
    path.write_text(json.dumps({**content, "coming": {"a": 1}}))
    fusionbench.run("average", STORED / "pairs", out=out, metrics=["EN"])
    assert json.loads(path.read_text())["coming"] == {"a": 1}
    profile = json.loads(next(out.glob("profile/*/*.json")).read_text()) | {"coming": 1}
    assert json.loads(json.dumps(Profile.parse(profile).content())) == profile


def test_a_table_of_before_there_were_facts(out: Path) -> None:
    path = out / "pairs/average/metrics.csv"
    with path.open(newline="") as file:
        lines = [cells[:8] for cells in csv.reader(file)]
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
    assert list(Results(out).runs[0].rows) == ["p0", "p1"]
    assert not any(row.facts for row in Results(out).runs[0].rows.values())


def test_tables_and_report(out: Path, tmp_path: Path) -> None:
    text = table(make_boards(Results(out)), "csv")
    assert [line.split(",")[0] for line in text.splitlines()] == ["Method", *METHODS]
    assert "average" in table(make_boards(Results(out)), "markdown", content="efficiency")
    write_report(Results(out), tmp_path / "report")
    assert {"index.html", "training.html", "runs.html"} <= {path.name for path in (tmp_path / "report").iterdir()}


def test_a_report_reads_each_file_once(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings: Counter[str] = Counter()
    folder = out.resolve()

    def counting(path: Path, read: Callable[..., Any], *arguments: str, **options: str) -> Any:
        if path.resolve().is_relative_to(folder) and path.suffix in (".json", ".csv"):
            readings[str(path.resolve().relative_to(folder))] += 1
        return read(path, *arguments, **options)

    for name in ("read_text", "read_bytes"):
        monkeypatch.setattr(Path, name, partialmethod(counting, getattr(Path, name)))
    results = Results(out)
    write_report(results, tmp_path / "report")
    write_leaderboard(results)
    figure(results, pair="p0")
    runs = {f"pairs/{method}/{name}" for method in METHODS for name in ("run.json", "metrics.csv")}
    training = {f"train/u2fusion/one/{name}" for name in ("losses.csv", "losses_by_epoch.csv", "options.json")}
    expected = {*runs, *training, "train/u2fusion/one/environment.json", "profile/average/16x16-cpu.json"}
    assert readings == dict.fromkeys([*expected, "leaderboard.csv"], 1)  # which may say already what is to be written


def test_run_writes_the_leaderboard(tmp_path: Path) -> None:
    fusionbench.run("average", STORED / "pairs", out=tmp_path, metrics=["EN"])
    written = {name: (tmp_path / name).read_bytes() for name in ("leaderboard.csv", "leaderboard.md")}
    assert b"pairs,average,film/1,2,2" in written["leaderboard.csv"]
    write_leaderboard(Results(tmp_path))
    assert {name: (tmp_path / name).read_bytes() for name in written} == written
