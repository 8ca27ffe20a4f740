"""Data sets are found, matched and checked before anything runs; what is wrong is said by name."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import DatasetSpec, FusionDataset, Pair, images, load_dataset, problems, write
from fusionbench.datasets.finding.names import natural
from fusionbench.errors import InputError

Make = Callable[..., Path]


def picture(seed: int, height: int = 24, width: int = 32, colour: bool = False) -> np.ndarray:
    shape = (height, width, 3) if colour else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a data set of infrared and visible pairs."""

    def write_all(folder: str = "set", names: tuple[str, ...] = ("1", "2", "10"), a: str = "ir", b: str = "vi") -> Path:
        for number, name in enumerate(names):
            write(tmp_path / folder / a / f"{name}.png", picture(number))
            write(tmp_path / folder / b / f"{name}.png", picture(100 + number, colour=True))
        return tmp_path / folder

    return write_all


def test_any_folder(make: Make) -> None:
    root = make()
    data = load_dataset(root)
    assert (data.name, data.task, data.split, data.label, data.root) == ("set", "IVF", "all", "set", root)
    assert [pair.name for pair in data] == ["1", "2", "10"]
    assert (data[0], data["10"], list(data[1:])) == (data.pairs[0], data.pairs[2], list(data.pairs[1:]))
    assert data[0] == Pair("1", root / "ir" / "1.png", root / "vi" / "1.png", "IVF", "b") or data[0].colour == "b"
    a, b = data.read(data[1])
    np.testing.assert_array_equal(a, picture(1))
    np.testing.assert_array_equal(b, picture(101, colour=True))
    with pytest.raises(KeyError):
        data["3"]
    assert [pair.name for pair in pickle.loads(pickle.dumps(data))] == ["1", "2", "10"]


@pytest.mark.parametrize("folders", ["IR VI IVF", "infrared visible IVF", "MRI CT MIF", "over under MEF", "A B MFF"])
def test_task_follows_from_the_names_of_the_folders(make: Make, folders: str) -> None:
    a, b, task = folders.split()
    assert load_dataset(make(a=a, b=b)).task == task
    assert load_dataset(make(a=a, b=b), a=a, b=b).task == task


def test_given_folders(make: Make, tmp_path: Path) -> None:
    make(a="thermal camera", b="left+right")
    root = tmp_path / "set"
    assert len(load_dataset(root, a="Thermal Camera", b="left+right/", task="IVF")) == 3
    assert len(load_dataset(str(tmp_path), a="set/thermal camera", b="set/left+right", task="MEF")) == 3
    with pytest.raises(InputError, match=r"do not tell the task: say --task IVF, MIF, MEF, MFF"):
        load_dataset(root, a="thermal camera", b="left+right")
    with pytest.raises(InputError, match="say which are the sources with --a and --b"):
        load_dataset(root)


def spoil(root: Path) -> dict[str, str]:
    """Spoil five pairs in different ways; say what is to be said of them."""
    (root / "vi" / "missing.png").unlink()
    (root / "ir" / "text.png").write_text("oops, the server sent an error page")
    cut = root / "vi" / "cut.png"
    cut.write_bytes(cut.read_bytes()[:-100])
    (root / "ir" / "empty.png").write_bytes(b"")
    write(root / "vi" / "size.png", picture(3, 24, 40))
    return {
        "cut": "b (vi/cut.png): the file is truncated or damaged",
        "empty": "a (ir/empty.png): the file is empty",
        "missing": "ir/missing.png has no partner in vi",
        "size": "the sources differ in size: a is 24x32, b is 24x40",
        "text": "a (ir/text.png): it is text, not an image",
    }


def test_every_problem_is_named_in_one_error_or_recorded(make: Make) -> None:
    root = make(names=("cut", "empty", "good", "missing", "size", "text"))
    reasons = spoil(root)
    with pytest.raises(InputError) as caught:
        load_dataset(root)
    text = str(caught.value)
    assert text.startswith(f"5 of 6 pairs of set at {root} cannot be used: cut: b (vi/cut.png)")
    assert all(f"{name}: {reason}" in text for name, reason in reasons.items())
    assert text.endswith("(mend these files, or leave these pairs out with --on-error skip)")
    assert "\n" not in text
    assert caught.value.exit_code == 2
    data = load_dataset(root, on_error="skip")
    assert [pair.name for pair in data] == ["good"]
    assert data.skipped.keys() == reasons.keys()
    assert all(data.skipped[name].startswith(reason) for name, reason in reasons.items())


def test_many_problems_are_counted(make: Make) -> None:
    names = tuple(f"{number:02}" for number in range(15))
    root = make(names=names)
    for name in names:
        (root / "vi" / f"{name}.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"15 of 15 pairs .* 09: b .* and 5 more"):
        load_dataset(root)
    with pytest.raises(InputError, match=r"has no pair that can be used in the split 'all': 00: b"):
        load_dataset(root, on_error="skip")


def test_size_policies(make: Make) -> None:
    root = make()
    write(root / "vi" / "2.png", picture(7, 30, 28))
    with pytest.raises(InputError, match=r"a is 24x32, b is 30x28; say what to do with --size-policy crop or resize"):
        load_dataset(root)
    cropped = load_dataset(root, size_policy="crop")
    a, b = cropped.read(cropped["2"])
    np.testing.assert_array_equal(a, picture(1)[:24, :28])
    np.testing.assert_array_equal(b, picture(7, 30, 28)[:24, :28])
    resized = load_dataset(root, size_policy="resize")
    a, b = resized.read(resized["2"])
    np.testing.assert_array_equal(a, picture(1))
    assert b.shape == (24, 32)
    a, b = resized.read(resized["1"])
    np.testing.assert_array_equal(b, picture(100, colour=True))  # nothing is done where nothing is wrong


def test_a_file_that_changes_after_loading(make: Make) -> None:
    root = make()
    data = load_dataset(root)
    write(root / "vi" / "1.png", picture(9, 8, 8))
    with pytest.raises(InputError, match="the sources of 1 differ in size"):
        data.read(data["1"])


def test_limit_looks_no_further(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(names=tuple("abcdef"))
    (root / "ir" / "e.png").write_bytes(b"")
    names: list[str] = []

    def count(path: Path) -> images.Header:
        names.append(path.stem)
        return images.probe(path)

    monkeypatch.setattr(problems, "probe", count)
    assert [pair.name for pair in load_dataset(root, limit=2)] == ["a", "b"]
    assert sorted(set(names)) == ["a", "b"]
    (root / "vi" / "a.png").write_bytes(b"")
    assert [pair.name for pair in load_dataset(root, limit=2, on_error="skip")] == ["b", "c"]
    assert len(load_dataset(root, limit=99, on_error="skip")) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"limit": 0}, "the limit is a number of pairs, 1 or more, not 0"),
        ({"on_error": "skipp"}, "unknown on error 'skipp': did you mean 'skip'"),
        ({"size_policy": "krop"}, "unknown size policy 'krop': did you mean 'crop'"),
        ({"task": "ivf"}, "unknown task 'ivf': did you mean 'IVF'"),
        ({"split": "tset"}, "has no split 'tset': there are all"),
    ],
)
def test_wrong_options(make: Make, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        load_dataset(make(), **options)  # type: ignore[arg-type]


def test_splits_from_lists(make: Make, tmp_path: Path) -> None:
    root = make(names=("1", "2", "3", "4"))
    (root / "test.txt").write_text("2.png\n4\n")
    (root / "train.txt").write_text("1\n3\n")
    (root / "readme.txt").write_text("hello")
    test, everything = load_dataset(root), load_dataset(root, split="all")
    assert ([pair.name for pair in test], test.split, test.label) == (["2", "4"], "test", "set")
    assert (len(everything), everything.split, everything.label) == (4, "all", "set-all")
    assert [pair.name for pair in load_dataset(root, split="train")] == ["1", "3"]
    mine = tmp_path / "mine.txt"
    mine.write_text("4\n1\n")
    chosen = load_dataset(root, split=mine)
    assert ([pair.name for pair in chosen], chosen.label) == (["4", "1"], "set-mine")
    with pytest.raises(InputError, match=r"has no split 'dev': there are test, train, all"):
        load_dataset(root, split="dev")
    (root / "test.txt").write_text("2\n7\n")
    with pytest.raises(InputError, match=r"1 of 2 pairs .* 7: it is in the list of the split 'test', but not in the"):
        load_dataset(root)


def test_splits_from_folders(make: Make) -> None:
    root = make(a="test/ir", b="test/vi", names=("1", "2"))
    make(a="train/ir", b="train/vi", names=("3", "4", "5"))
    assert [pair.name for pair in load_dataset(root)] == ["1", "2"]
    assert [pair.name for pair in load_dataset(root, split="train")] == ["3", "4", "5"]
    assert len(load_dataset(root, split="all")) == 5
    make(a="train/ir", b="train/vi", names=("1",))
    assert len(load_dataset(root, split="test")) == 2  # the other 1 is another split's
    with pytest.raises(InputError, match=r"1: more than one file has this name: test/vi/1.png, train/vi/1.png"):
        load_dataset(root, split="all")


@pytest.mark.parametrize(
    "place", ["RoadScene", "roadscene", "Road-Scene", "Image/IVF/RoadScene", "VLFDataset/Image/IVF/RoadScene"]
)
def test_data_root(make: Make, tmp_path: Path, place: str) -> None:
    folder = make(place, a="IR", b="VI")
    (folder / "test.txt").write_text("1.png\n")
    data = load_dataset("roadscene", tmp_path)
    assert (data.name, len(data), data.root, data[0].colour) == ("RoadScene", 1, folder, "b")
    assert load_dataset("RoadScene", folder).root == folder


def test_root_from_environment_and_default(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("data/TNO")
    monkeypatch.chdir(tmp_path)
    assert len(load_dataset("TNO")) == 3
    monkeypatch.chdir(folder.parent)
    assert len(load_dataset("TNO")) == 3  # a folder of this name right here
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match="there is no folder data; say where it lies with --data-root, or get it: "):
        load_dataset("TNO")
    monkeypatch.setenv("FUSIONBENCH_DATA", str(tmp_path / "data"))
    assert len(load_dataset("TNO")) == 3


def test_a_folder_named_as_a_data_set_is_that_data_set(make: Make) -> None:
    data = load_dataset(make("TNO"))
    assert (data.name, data[0].colour) == ("TNO", "none")


def test_the_folder_of_one_data_set_does_not_pass_for_another(make: Make) -> None:
    with pytest.raises(InputError, match="the data set RoadScene is not found: neither"):
        load_dataset("RoadScene", make("TNO"))


def test_not_found(make: Make, tmp_path: Path) -> None:
    make("other")
    with pytest.raises(InputError) as caught:
        load_dataset("LLVIP", tmp_path)
    assert str(caught.value) == (
        f"the data set LLVIP is not found: neither {tmp_path} nor {tmp_path / 'LLVIP'} has ir/* with vi/* or "
        "test/ir/* with test/vi/* or ir/test/* with vi/test/*; say where it lies with --data-root, or get it: download "
        "it by the links on https://bupt-ai-cz.github.io/LLVIP/ (folders infrared and visible)"
    )
    with pytest.raises(InputError, match=r"unknown data set 'RoadScne': did you mean 'RoadScene'\?"):
        load_dataset("RoadScne")
    with pytest.raises(InputError, match=r"there is no folder .*absent: give a folder of images"):
        load_dataset(tmp_path / "absent")
    with pytest.raises(InputError, match="there is no folder absent: give a folder of images"):
        load_dataset("./absent")
    with pytest.raises(InputError, match="RoadScene is a data set for IVF, not for MEF"):
        load_dataset("RoadScene", tmp_path, task="MEF")


def test_truth(make: Make) -> None:
    root = make("RealMFF", a="imageA", b="imageB", names=("001_X",))
    for side, letter in (("imageA", "A"), ("imageB", "B")):
        (root / side / "001_X.png").rename(root / side / f"001_{letter}.png")
    write(root / "Fusion" / "001_F.png", picture(5))
    data = load_dataset("RealMFF", root)
    assert data[0].name == "001"
    truth = data.read_truth(data[0])
    assert truth is not None
    np.testing.assert_array_equal(truth, picture(5))
    write(root / "Fusion" / "001_F.png", picture(5, 9, 9))
    with pytest.raises(InputError, match="the ideal fused image has another size than the sources"):
        load_dataset("RealMFF", root)


def test_pairs_of_arrays() -> None:
    entry = DatasetSpec("arrays", "IVF", "", ("infrared", "visible"), "none")
    pair = Pair("x", picture(1), picture(2), "IVF")
    data = FusionDataset("arrays", "IVF", "all", entry, Path(), (pair,))
    assert data.read(pair)[0] is pair.a
    assert data.read_truth(pair) is None
    assert problems.problem_of(pair) is None


# Name, split, how many pairs there are, and the folder of a where these are all its images.
REAL = [
    ("RoadScene", None, 50, None), ("RoadScene", "all", 221, "RoadScene/cropinfrared"), ("TNO", None, 42, "TNO/ir"),
    ("MSRS", None, 32, "MSRS/test/ir"), ("M3FD", None, 10, "M3FD/Ir"), ("VIFB", None, 21, "VIFB/IR"),
    ("Harvard-MRI-CT", None, 21, "Harvard/MRI_CT/MRI"), ("Harvard-MRI-PET", None, 42, "Harvard/MRI_PET/MRI"),
    ("Harvard-MRI-SPECT", None, 73, "Harvard/MRI_SPECT/MRI"), ("Lytro", None, 20, "Lytro/A"),
    ("MEF", None, 24, "MEF/over"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "split", "count", "folder"), REAL)
def test_real_data(shared_data: Path, name: str, split: str | None, count: int, folder: str | None) -> None:
    data = load_dataset(name, shared_data, split)
    assert len(data) == count
    assert not data.skipped
    a, b = data.read(data[0])
    assert a.shape[:2] == b.shape[:2]
    assert {"none": (2, 2), "b": (2, 3), "both": (3, 3)}[data[0].colour] == (a.ndim, b.ndim)
    assert data.split == split or (split is None and data.split in ("all", "test"))
    for pair in data:
        assert isinstance(pair.a, Path)
        assert isinstance(pair.b, Path)
        assert (pair.a.stem, pair.b.stem.casefold()) == (pair.name, pair.name.casefold())
    if folder is not None:  # a plain look into it
        files = [path for path in (shared_data / folder).iterdir() if path.suffix not in (".db", ".txt")]
        assert [pair.name for pair in data] == sorted((path.stem for path in files), key=natural)
