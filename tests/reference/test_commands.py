"""fusionbench reference: a run becomes an entry, and an entry is held against its images."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from fusionbench import run
from fusionbench.errors import InputError
from fusionbench.files import sha256_of
from fusionbench.metrics.evaluation import select
from fusionbench.reference import Entry, References, Sources
from fusionbench.reference.compare import compare
from fusionbench.reference.make import make_entry, sources_of
from fusionbench.results import Results, Row, Run

from ..cli.command import call
from ..scenes import write_noise

ABOUT = (
    "--repository", "me/net", "--commit", "0123456789abcdef" * 2 + "01234567", "--files", "out/{name}.png", "--paper",
    "A, B: C, ICML", "--venue", "ICML", "--year", "2024", "--name", "Net",
)  # fmt: skip
KEYS = {"film": [metric.key for metric in select("film").values()]}
ENTRY = Entry(dataset="scenes", method="Net", program="0.1.0", protocols={"film": "1"})


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Two pairs, and images that somebody fused."""
    return write_noise(tmp_path, "12", folders=("scenes/ir", "scenes/vi", "net/out")) / "scenes"


def scored(scenes: Path, out: Path, **options: object) -> Run:
    run(f"folder:{scenes.parent / 'net/out'}", scenes, out=out, **options)  # type: ignore[arg-type]
    (stored,) = Results(out).runs
    return stored


def test_a_run_of_a_new_data_set_becomes_an_entry(scenes: Path, tmp_path: Path) -> None:
    stored = scored(scenes, tmp_path / "runs")
    done = call("reference", "add", stored.folder.path, *ABOUT, "-o", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert [Path(line).name for line in done.stdout.split()] == ["sources.json", "Net.json", "Net.csv.gz"]
    references = References(tmp_path / "data")
    (entry,) = references.entries
    assert (entry.method, entry.year, entry.paper) == ("Net", 2024, "A, B: C, ICML, 2024")
    assert entry.protocols == {"film": "1"}
    rows = references.rows(entry)
    for name, row in rows.items():
        assert row.metrics == pytest.approx(stored.rows[name].metrics, rel=0, nan_ok=True)
    assert {name: row.image for name, row in rows.items()} == {
        name: sha256_of(tmp_path / "net/out" / f"{name}.png") for name in ("1", "2")
    }
    assert references.sources["scenes"].pairs["2"] == [sha256_of(scenes / side / "2.png") for side in ("ir", "vi")]
    again = call("reference", "add", stored.folder.path, *ABOUT, "-o", tmp_path / "data")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_what_is_no_entry_is_said(scenes: Path, tmp_path: Path) -> None:
    part = scored(scenes, tmp_path / "part", metrics=["EN"])
    images = {name: tmp_path / "net/out" / f"{name}.png" for name in ("1", "2")}
    with pytest.raises(InputError, match=r"has no SD@film of 1: score all metrics"):
        make_entry(part, images, KEYS, ENTRY)
    whole = scored(scenes, tmp_path / "whole")
    with pytest.raises(InputError, match="the image of 2 that was scored is not there"):
        make_entry(whole, {"1": images["1"]}, KEYS, ENTRY)
    whole.rows["2"] = replace(whole.rows["2"], status="failed")
    with pytest.raises(InputError, match="has no scores of 2"):
        make_entry(whole, images, KEYS, ENTRY)
    (scenes / "ir" / "1.png").unlink()
    with pytest.raises(InputError, match="the sources of 1 of scenes are not there any more"):
        sources_of(whole, References(tmp_path))


def test_another_copy_of_a_known_data_set_is_refused(scenes: Path, tmp_path: Path) -> None:
    stored = scored(scenes, tmp_path / "runs", metrics=["EN"])
    references = References(tmp_path)
    own = sources_of(stored, references).pairs
    for pairs, reason in (
        ({**own, "2": ["0", "0"]}, "the pair 2 has other sources in this run"),
        ({**own, "3": ["0", "0"]}, "the pair 3 is not in this run"),
        ({"1": own["1"]}, "2 is none of the 1 pairs"),
    ):
        references.sources = {"scenes": Sources(dataset="scenes", pairs=pairs)}
        with pytest.raises(InputError, match=reason):
            sources_of(stored, references)
    references.sources = {"Scenes": Sources(dataset="Scenes", pairs=own)}
    assert sources_of(stored, references) is references.sources["Scenes"]


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--files", "out/1.png", "--files needs {name}"),
        ("--commit", "main", "--commit takes the 40 digits"),
        ("--venue", "CVPR", "--paper has to name the venue 'CVPR'"),
    ],
)
def test_what_an_entry_needs_is_asked_for(option: str, value: str, reason: str, tmp_path: Path) -> None:
    place = ABOUT.index(option) + 1
    done = call("reference", "add", tmp_path, *ABOUT[:place], value, *ABOUT[place + 1 :], "-o", tmp_path / "data")
    assert done.returncode == 2
    assert reason in done.stderr
    assert not (tmp_path / "data").exists()


def test_values_are_compared_one_by_one() -> None:
    stored = {
        "1": Row("1", metrics={"EN@film": 7.0, "VIFF@film": 0.5, "Qc@liu": math.nan}),
        "2": Row("2", metrics={"EN@film": 1.0}),
    }
    same = {"1": Row("1", metrics={"EN@film": 7.0 + 1e-12, "VIFF@film": 0.5 + 1e-7, "Qc@liu": math.nan})}
    result = compare(stored, same)
    assert (result.all, result.equal) == (4, 3)  # the second pair lacks
    assert result.largest == pytest.approx(2e-7)
    other = {"1": Row("1", metrics={"EN@film": 7.0 + 1e-7, "VIFF@film": 0.6, "Qc@liu": 1.0}), "2": stored["2"]}
    assert compare(stored, other).equal == 1


def test_list_names_what_ships() -> None:
    done = call("reference", "list", "-d", "tno", "-m", "SeAFusion", "-m", "sdnet")
    assert done.returncode == 0, done.stderr
    assert [line.split()[:3] for line in done.stdout.splitlines() if "42" in line] == [
        ["TNO", "SDNet", "2021"], ["TNO", "SeAFusion", "2022"],
    ]  # fmt: skip
    unknown = call("reference", "list", "-d", "TN")
    assert unknown.returncode == 2
    assert "unknown data set 'TN': did you mean 'TNO'?" in unknown.stderr


def test_a_folder_without_the_images_is_said(tmp_path: Path) -> None:
    done = call("reference", "verify", "--fused", tmp_path)
    assert done.returncode == 2
    assert "has no images of these reference results" in done.stderr


@pytest.mark.slow
def test_the_images_that_were_scored_verify_and_others_do_not(shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "output" / "fused_images"
    folder.mkdir(parents=True)
    for path in (shared / "fused/VIFB/MSVD").iterdir():
        (folder / f"{path.stem.removesuffix('_MSVD')}_MSVD.jpg").write_bytes(path.read_bytes())
    arguments = ("--fused", tmp_path, "--data-root", shared / "data")
    done = call("reference", "verify", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "21/21" in done.stdout
    (folder / "fight_MSVD.jpg").write_bytes((folder / "kettle_MSVD.jpg").read_bytes())
    other = call("reference", "verify", *arguments)
    assert other.returncode == 1
    assert "20/21" in other.stdout
    assert "1 of 1 reference results are not what their images give" in other.stderr
