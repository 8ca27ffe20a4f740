"""Scenes of more than two sources: folders for each source, lists with further columns, folders of sequences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.datasets import Pair, check, load_dataset, read_pair, write
from fusionbench.errors import InputError

SIZE = (20, 24)


def put(root: Path, files: Mapping[str, int], size: tuple[int, int] = SIZE) -> Path:
    """Write gray images of one level each."""
    for name, level in files.items():
        write(root / name, np.full(size, level, np.uint8))
    return root


def levels(data: Any) -> dict[str, list[int]]:
    return {pair.name: [int(image[0, 0]) for image in data.read(pair)] for pair in data}


def test_further_folders_follow_the_names_of_a(tmp_path: Path) -> None:
    put(tmp_path, {f"over/{n}.png": n for n in (1, 2)} | {f"mid/mid_0{n}.png": 10 + n for n in (1, 2)})
    put(tmp_path, {f"under/u{n}.png": 20 + n for n in (1, 2)} | {f"dark/{n}.png": 30 + n for n in (1, 2)})
    places: dict[str, Any] = {"a": "over", "b": "mid/mid_{name}", "further": ["under/u{name}", "dark"]}
    data = load_dataset(tmp_path, **places, task="MEF")
    assert levels(data) == {"1": [1, 11, 21, 31], "2": [2, 12, 22, 32]}
    assert data[0].sources == (data[0].a, data[0].b, *data[0].further)
    report = check(tmp_path, **places, task="MEF")
    assert report.ok
    assert "a: over, b: mid, c: under, d: dark" in str(report)


def test_splits_hold_for_further_folders(tmp_path: Path) -> None:
    folders = {side: f"{side}/{{}}/{{}}.png" for side in ("near", "mid", "far")}
    put(tmp_path, {text.format(*place): 1 for text in folders.values() for place in (("test", 1), ("train", 2))})
    data = load_dataset(tmp_path, a="near", b="mid", further=["far"], task="MFF")
    assert [(data.split, pair.name, len(pair.sources)) for pair in data] == [("test", "1", 3)]


@pytest.mark.parametrize(
    ("missing", "options", "sentence"),
    [
        ("c/2.png", {}, "2: a/2.png has no partner in c"),
        ("a/2.png", {}, "2: b/2.png has no partner in a"),
        (None, {"further": ["d"]}, "has no folder d; the folders there are: a, b, c"),
        (None, {"further": ["a/"]}, "--further 'a/' says once more where another source lies"),
        (None, {"a": None, "b": None}, "--further adds a source to two others: give --a and --b, too"),
        (None, {"further": ["c"], "sequences": True}, "with --sequences the images of a folder are its sources"),
    ],
)
def test_what_lacks_is_one_sentence(
    tmp_path: Path, missing: str | None, options: dict[str, Any], sentence: str
) -> None:
    put(tmp_path, {f"{side}/{n}.png": 9 for side in "abc" for n in (1, 2)})
    if missing is not None:
        (tmp_path / missing).unlink()
    with pytest.raises(InputError) as failure:
        load_dataset(tmp_path, **{"a": "a", "b": "b", "further": ["c"], "task": "MFF", **options})
    assert sentence in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(("policy", "size"), [("crop", (18, 22)), ("resize", (20, 24))])
def test_a_third_source_of_another_size(tmp_path: Path, policy: str, size: tuple[int, int]) -> None:
    put(tmp_path, {"a/1.png": 1, "b/1.png": 2, "d/1.png": 4})
    put(tmp_path, {"c/1.png": 3}, (18, 22))
    places: dict[str, Any] = {"a": "a", "b": "b", "further": ["c", "d"], "task": "MEF"}
    with pytest.raises(InputError, match="a is 20x24, c is 18x22; say what to do with --size-policy crop or resize"):
        load_dataset(tmp_path, **places)
    data = load_dataset(tmp_path, **places, size_policy=policy)
    assert [image.shape for image in data.read(data[0])] == [size] * 4
    assert data.uneven == ("1",)


def test_names_of_a_further_folder_that_never_fit(tmp_path: Path) -> None:
    put(tmp_path, {f"{side}/{n}.png": 9 for side in "ab" for n in (1, 2)} | {f"c/x{n}y.png": 9 for n in (3, 4)})
    with pytest.raises(InputError, match=r"no image of a has a partner in c: .* --further"):
        load_dataset(tmp_path, a="a", b="b", further=["c"], task="MEF")


def test_a_list_may_have_further_columns(tmp_path: Path) -> None:
    put(tmp_path, {f"{n}.png": n for n in range(8)})
    path = tmp_path / "list.csv"
    path.write_text("name,a,b,c,d,e\nx,0.png,1.png,2.png,3.png,low\ny,4.png,5.png,6.png,,high\nz,6.png,7.png,,,mid\n")
    data = load_dataset(f"pairs:{path}", task="MEF")
    assert levels(data) == {"x": [0, 1, 2, 3], "y": [4, 5, 6], "z": [6, 7]}  # e holds no images
    path.write_text("source_1;source_2;source_3\n0.png;1.png;2.png\n")
    assert levels(load_dataset(f"pairs:{path}", task="MEF")) == {"0": [0, 1, 2]}
    path.write_text("a,b,c,d\n0.png,1.png,,3.png\n")
    with pytest.raises(InputError, match=r"line 2 of .* has no source c"):
        load_dataset(f"pairs:{path}", task="MEF")
    path.write_text("a,b,c\n0.png,1.png,9.png\n")
    with pytest.raises(InputError, match=r"c \(.*9.png\)"):
        load_dataset(f"pairs:{path}", task="MEF")


def test_a_folder_for_each_scene(tmp_path: Path) -> None:
    put(tmp_path, {f"room/{n}.png": n for n in (10, 2, 1)} | {"indoor/chair/a.png": 5, "indoor/chair/b.png": 6})
    data = load_dataset(tmp_path, sequences=True, task="MEF")
    assert levels(data) == {"indoor/chair": [5, 6], "room": [1, 2, 10]}  # 2 before 10
    assert {pair.colour for pair in data} == {"both"}
    assert [pair.truth for pair in data] == [None, None]
    report = check(tmp_path, sequences=True, task="MEF")
    assert report.ok
    assert "a to c: indoor/chair, room" in str(report)
    (tmp_path / "list.txt").write_text("room\n")
    assert [pair.name for pair in load_dataset(tmp_path, split=tmp_path / "list.txt", sequences=True, task="MEF")] == [
        "room"
    ]


def test_ideal_images_and_splits_of_sequences(tmp_path: Path) -> None:
    put(tmp_path, {f"{split}/{n}/{k}.png": k for split in ("test", "train") for n in (1, 2) for k in (1, 2, 3)})
    put(tmp_path, {"test/Label/1.png": 7, "test/2/gt.png": 8})
    data = load_dataset(tmp_path, sequences=True, task="MEF")
    assert data.split == "test"
    assert levels(data) == {"1": [1, 2, 3], "2": [1, 2, 3]}
    assert [int(data.read_truth(pair)[0, 0]) for pair in data] == [7, 8]  # type: ignore[index]


def test_one_folder_is_one_scene(tmp_path: Path) -> None:
    root = put(tmp_path / "chair", {f"{n}.png": n for n in range(1, 6)})
    assert levels(load_dataset(root, sequences=True, task="MEF")) == {"chair": [1, 2, 3, 4, 5]}


def test_sequences_that_are_none(tmp_path: Path) -> None:
    put(tmp_path, {"one/1.png": 1, "two/1.png": 1, "two/2.png": 2})
    with pytest.raises(InputError, match="one has 1 image: a sequence has two or more"):
        load_dataset(tmp_path, sequences=True, task="MEF")
    with pytest.raises(InputError, match="do not tell the task: say --task"):
        load_dataset(tmp_path, sequences=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="--sequences wants a folder for each scene"):
        load_dataset(tmp_path / "empty", sequences=True, task="MEF")
    with pytest.raises(InputError, match="a list of pairs says itself where the sources lie: leave --sequences out"):
        load_dataset("pairs:list.csv", sequences=True)


def test_who_forgets_to_say_so_is_told(tmp_path: Path) -> None:
    put(tmp_path, {f"{scene}/{n}.png": n for scene in ("x1", "y2", "z3") for n in (1, 2, 3)})
    with pytest.raises(InputError, match="its images are the sources, say --sequences"):
        load_dataset(tmp_path, task="MEF")
    put(tmp_path, {f"x1/{n}.png": 9 for n in range(20)})
    with pytest.raises(InputError, match="say which are the sources with --a and --b") as failure:
        load_dataset(tmp_path, task="MEF")
    assert "--sequences" not in str(failure.value)


def test_deep_further_sources_follow_the_rule_of_b(tmp_path: Path) -> None:
    write(tmp_path / "s/1.png", np.full(SIZE, 9, np.uint8))
    for n in (2, 3):
        write(tmp_path / f"s/{n}.png", np.arange(480, dtype=np.uint16).reshape(SIZE) * n)
    data = load_dataset(tmp_path, sequences=True, task="MEF", range="b=minmax")
    assert [int(image.max()) for image in data.read(data[0])] == [9, 255, 255]


def test_arrays(tmp_path: Path) -> None:
    images = [np.full(SIZE, level, np.uint8) for level in (1, 2, 3)]
    pair = Pair("p", images[0], images[1], "MEF", further=(images[2],))
    assert all(one is other for one, other in zip(read_pair(pair), images, strict=True))


def test_training_takes_pairs_only(tmp_path: Path) -> None:
    from fusionbench.datasets.dataset import require_pairs

    put(tmp_path, {f"s/{n}.png": n for n in (1, 2, 3)})
    with pytest.raises(InputError, match=r"s of .* has 3 sources: training learns from pairs of two"):
        require_pairs(load_dataset(tmp_path, sequences=True, task="MEF"))
