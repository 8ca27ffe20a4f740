"""RoadScene's 50 test names ship, and are taken where nobody has put a list beside the images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from fusionbench.bench import run
from fusionbench.datasets import FusionDataset, check, get_spec, load_dataset, write
from fusionbench.datasets.load import held_out_names
from fusionbench.errors import InputError
from fusionbench.reports.html.pages import words
from fusionbench.results import run_folder
from fusionbench.training.options import make_options
from fusionbench.training.sources import training_pairs

OTHERS = ["FLIR_00006", "FLIR_00018", "FLIR_video_00001"]
NOTE = "The pairs are {} test pairs of FILM and CDDFuse (film50)."
DEFAULT = "No list of names lies beside the images of RoadScene, so that film50 is the default."


@pytest.fixture(scope="session")
def film50() -> list[str]:
    return get_spec("RoadScene").splits[0].names.read_text(encoding="utf-8").split()


def lay(root: Path, names: list[str]) -> Path:
    random = np.random.default_rng(3)
    for name in names:
        write(root / "RoadScene/cropinfrared" / f"{name}.png", random.integers(0, 256, (16, 20), np.uint8))
        write(root / "RoadScene/crop_LR_visible" / f"{name}.png", random.integers(0, 256, (16, 20, 3), np.uint8))
    return root


@pytest.fixture
def road(tmp_path: Path, film50: list[str]) -> Path:
    return lay(tmp_path, [*OTHERS, *film50])


def names(data: FusionDataset) -> list[str]:
    return [pair.name for pair in data]


def test_the_list_is_the_published_one(film50: list[str], shared_data: Path) -> None:
    assert film50 == (shared_data / "RoadScene/test.txt").read_text().split()
    everything = {path.stem for path in (shared_data / "RoadScene/cropinfrared").iterdir()}
    assert len(film50) == len(set(film50)) == 50
    assert everything >= set(film50)


def test_film50_is_the_default(road: Path, film50: list[str]) -> None:
    data = load_dataset("RoadScene", road)
    assert (names(data), data.split, data.label) == (film50, "film50", "RoadScene")
    assert data.split_notes == [NOTE.format("the 50"), DEFAULT]
    same = load_dataset("RoadScene", road, "FILM50")
    assert (names(same), same.label) == (film50, "RoadScene")
    everything = load_dataset("RoadScene", road, "all")
    assert (len(everything), everything.label, everything.split_notes) == (53, "RoadScene-all", [])
    few = load_dataset("RoadScene", road, limit=7)
    assert few.split_notes == [NOTE.format("7 of the 50"), DEFAULT]
    assert load_dataset(road / "RoadScene").split == "film50"
    with pytest.raises(InputError, match=r"has no split 'test': there are film50, all"):
        load_dataset("RoadScene", road, "test")


def test_a_list_beside_the_images_wins(road: Path, film50: list[str]) -> None:
    beside = road / "RoadScene" / "test.txt"
    beside.write_text("\n".join(OTHERS[:2]))
    data = load_dataset("RoadScene", road)
    assert (names(data), data.split, data.label, data.split_notes) == (OTHERS[:2], "test", "RoadScene", [])
    other = load_dataset("RoadScene", road, "film50")
    assert (names(other), other.label) == (film50, "RoadScene-film50")
    assert other.split_notes == [NOTE.format("the 50")]
    with pytest.raises(InputError, match=r"there are test, film50, all"):
        load_dataset("RoadScene", road, "val")
    beside.write_text("\n".join(f"{name}.jpg" for name in reversed(film50)))
    data = load_dataset("RoadScene", road)
    assert data.split_notes == [NOTE.format("the 50")]
    beside.rename(beside.with_name("train.txt"))
    assert load_dataset("RoadScene", road).split == "all"  # as it was before any list shipped
    (road / "RoadScene" / "train.txt").rename(beside.with_name("film50.txt"))
    beside.with_name("film50.txt").write_text("FLIR_00006")
    assert names(load_dataset("RoadScene", road, "film50")) == ["FLIR_00006"]
    assert load_dataset("RoadScene", road, "film50").split_notes == []


def test_a_partial_copy_says_what_is_not_there(tmp_path: Path, film50: list[str]) -> None:
    lay(tmp_path, [*OTHERS, *film50[:48]])
    with pytest.raises(InputError) as caught:
        load_dataset("RoadScene", tmp_path)
    says = str(caught.value)
    assert says.startswith("2 of 50 pairs of RoadScene at ")
    assert says.count("it is in the list of the split 'film50', but not in the folders") == 2
    assert f"{film50[48]}: " in says
    assert f"{film50[49]}: " in says
    assert says.endswith("; --split all takes whatever lies there in place of film50")
    assert len(load_dataset("RoadScene", tmp_path, on_error="skip")) == 48
    assert load_dataset("RoadScene", tmp_path, on_error="skip").skipped.keys() == set(film50[48:])
    report = check("RoadScene", tmp_path)
    assert (report.splits["film50"].present, report.splits["film50"].total) == (48, 50)
    assert len(load_dataset("RoadScene", tmp_path, "all")) == 51


def test_a_copy_with_names_of_its_own_has_no_such_split(tmp_path: Path) -> None:
    data = load_dataset("RoadScene", lay(tmp_path, ["1", "2"]))
    assert (names(data), data.split, data.label) == (["1", "2"], "all", "RoadScene")
    assert held_out_names("RoadScene", tmp_path) == set()


def test_the_50_are_not_learnt_from(road: Path, film50: list[str], tmp_path: Path) -> None:
    options = {"dataset": "RoadScene", "data_root": road}
    learnt = {pair.name.rpartition("/")[2] for pair in training_pairs(make_options(options))}
    assert learnt == set(OTHERS)
    assert held_out_names("RoadScene", road) == {name.casefold() for name in film50}
    asked = training_pairs(make_options({**options, "split": "film50"}))
    assert {pair.name.rpartition("/")[2] for pair in asked} == set(film50)
    only = lay(tmp_path / "only", film50[:3])
    with pytest.raises(InputError, match="has only test pairs: say --split film50 to learn from them"):
        training_pairs(make_options({**options, "data_root": only}))


def test_a_test_list_with_a_name_that_is_not_there_still_keeps_the_others_out(road: Path, film50: list[str]) -> None:
    (road / "RoadScene" / "test.txt").write_text("\n".join([*film50, "flir_00006", "NOT_THERE"]))
    learnt = training_pairs(make_options({"dataset": "RoadScene", "data_root": road}))
    assert {pair.name.rpartition("/")[2] for pair in learnt} == set(OTHERS[1:])


def test_results_of_two_splits_do_not_mix(road: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    rows = run("average", "RoadScene", data_root=road, out=out, metrics=["EN"], limit=2)
    assert set(rows["dataset"]) == {"RoadScene"}
    said = run_folder(out, "RoadScene", "average").manifest().notes
    assert said == [NOTE.format("2 of the 50"), DEFAULT]
    written = (out / "leaderboard.md").read_text(encoding="utf-8")
    assert all(sentence in written for sentence in said)
    known = [
        re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(text["en"])) for key, text in words().items() if key[:5] == "note_"
    ]
    assert all(any(re.fullmatch(pattern, sentence) for pattern in known) for sentence in said)  # in Chinese, too
    (road / "RoadScene" / "test.txt").write_text("\n".join(OTHERS))
    with pytest.raises(InputError, match=r"another configuration \(its dataset was .*'split': 'film50'"):
        run("average", "RoadScene", data_root=road, out=out, metrics=["EN"])
    rows = run("average", "RoadScene", data_root=road, out=out, metrics=["EN"], split="film50", limit=2)
    assert set(rows["dataset"]) == {"RoadScene-film50"}
