"""Lists of pairs as people have them, and what is said of those that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import FusionDataset, load_dataset, write
from fusionbench.errors import InputError

FILES = ("ir/1.png", "ir/2.png", "vi/1.png", "vi/2.png", "vi/3.png", "红外/夜.png", "left/x.png", "right/x.png")
FILES += ("set/car/ir.png", "set/car/vi.png", "set/man/ir.png", "set/man/vi.png", "my ir/a, b.png", "gt/1.png")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write the files; the level of each is its number."""
    for number, file in enumerate(FILES):
        write(tmp_path / "mine" / file, np.full((6, 8), number, np.uint8))
    return tmp_path / "mine"


def load(root: Path, text: str | bytes, name: str = "pairs.csv", **options: object) -> FusionDataset:
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_dataset(f"pairs:{root / name}", **options)  # type: ignore[arg-type]


def content(data: FusionDataset) -> list[tuple[str, str, str]]:
    return [(pair.name, *(FILES[int(data.read(pair)[side][0, 0])] for side in (0, 1))) for pair in data]


TWO = [("2", "ir/2.png", "vi/2.png"), ("1", "ir/1.png", "vi/1.png")]
NAMED = [("B", "ir/2.png", "vi/2.png"), ("A", "ir/1.png", "vi/1.png")]
UNDERSTOOD = {
    "two columns": ("ir/2.png,vi/2.png\nir/1.png,vi/1.png\n", TWO),
    "three columns": ("B,ir/2.png,vi/2.png\nA,ir/1.png,vi/1.png", NAMED),
    "a head": ("name,a,b\nB,ir/2.png,vi/2.png\nA,ir/1.png,vi/1.png", NAMED),
    "other order, other columns": (
        "label;vi_path;IR path;id\n7;vi/2.png;ir/2.png;B\n8;vi/1.png;ir/1.png;A", NAMED),
    "tabs": ("B\tir/2.png\tvi/2.png\r\nA\tir/1.png\tvi/1.png\r\n", NAMED),
    "blanks": ("ir/2.png   vi/2.png\nir/1.png vi/1.png", TWO),
    "bars": ("ir/2.png | vi/2.png\nir/1.png|vi/1.png", TWO),
    "blank lines and comments": ("# mine\n\nir/2.png,vi/2.png\n\n  # more\nir/1.png,vi/1.png\n\n", TWO),
    "Windows": ("B,ir\\2.png,vi\\2.png\r\nA,.\\ir\\1.png,vi\\1.png\r\n", NAMED),
    "quotes and commas": ('name,a,b\nq,"my ir/a, b.png","vi/3.png"', [("q", "my ir/a, b.png", "vi/3.png")]),
    "stems that repeat": ("set/man/ir.png,set/man/vi.png\nset/car/ir.png,set/car/vi.png",
                          [("set/man/ir", "set/man/ir.png", "set/man/vi.png"),
                           ("set/car/ir", "set/car/ir.png", "set/car/vi.png")]),
    "one source in two pairs": ("name,a,b\nx,ir/1.png,vi/1.png\ny,ir/1.png,vi/3.png",
                                [("x", "ir/1.png", "vi/1.png"), ("y", "ir/1.png", "vi/3.png")]),
}  # fmt: skip


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_lists_are_understood(root: Path, case: str) -> None:
    text, pairs = UNDERSTOOD[case]
    data = load(root, text)
    assert content(data) == pairs
    assert (data.name, data.label, data.task, data.root) == ("mine-pairs", "mine-pairs", "IVF", root)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_files_tell_the_encoding(root: Path, encoding: str) -> None:
    data = load(root, "name,ir,vi\n夜,红外/夜.png,vi/3.png\n".encode(encoding))
    assert content(data) == [("夜", "红外/夜.png", "vi/3.png")]


def test_task_truth_limit_and_split(root: Path) -> None:
    text = "near,far,gt,name\nleft/x.png,right/x.png,gt/1.png,x\nvi/1.png,vi/3.png,,y"
    data = load(root, text, "foci.tsv")
    assert (data.name, data.task, len(data)) == ("foci", "MFF", 2)
    assert [pair.truth for pair in data] == [root / "gt/1.png", None]
    assert load(root, text, limit=1)[0].name == "x"
    assert load(root, text, task="MEF").task == "MEF"
    (root / "few.txt").write_text("y\n")
    chosen = load(root, text, split=root / "few.txt")
    assert ([pair.name for pair in chosen], chosen.split) == (["y"], "few")


def test_lists_side_by_side_are_no_splits(root: Path) -> None:
    (root / "test.csv").write_text("ir/2.png,vi/2.png")
    assert content(load(root, "ir/1.png,vi/1.png", "train.csv")) == [("1", "ir/1.png", "vi/1.png")]


def test_missing_files_are_pairs_that_cannot_be_used(root: Path) -> None:
    text = "ir/1.png,vi/1.png\nir/2.png,vi/9.png"
    with pytest.raises(InputError, match=r"1 of 2 pairs.* 2: b \(vi/9.png\): there is no such file"):
        load(root, text)
    data = load(root, text, on_error="skip")
    assert [pair.name for pair in data] == ["1"]
    assert list(data.skipped) == ["2"]
    with pytest.raises(
        InputError, match=r"C:\\ir\\2.png is a path of Windows: write it as seen from the list's folder"
    ):
        load(root, "ir/1.png,vi/1.png\nC:\\ir\\2.png,C:\\vi\\2.png")


WRONG = {
    "empty": ("", "lists no pairs: write a line for each"),
    "comments": ("# a\n#b,c\n", "lists no pairs: it holds comments only"),
    "a head alone": ("name,a,b\n", "lists no pairs below its head"),
    "one column": ("ir/1.png\nir/2.png", "line 1 of .* has 1 columns, and no head says which is what"),
    "no b": (
        "name,ir,image\n1,ir/1.png,vi/1.png",
        "has no column b: its columns are name, ir, image; head",
    ),
    "neither": ("x,y\nir/1.png,vi/1.png", "has no column a and no column b"),
    "twice": ("a,b,id,name\nir/1.png,vi/1.png,1,1", "has the columns id and name, of which only one can be meant"),
    "four": ("ir/1.png,vi/1.png,1,2", "line 1 of .* has 4 columns, and no head"),
    "lacking": ("name,a,b\n1,ir/1.png,vi/1.png\n\n2,ir/2.png\n", "line 4 of .* has no source b"),
    "too many": ("ir/1.png,vi/1.png\nir/2.png,vi/2.png,vi/3.png", "line 2 of .* has 3 columns, not 2"),
    "names": ("name,a,b\nX,ir/1.png,vi/1.png\nx,ir/2.png,vi/2.png", "lines 2 and 3 of .* name two pairs x"),
    "same a": ("ir/1.png,vi/1.png\nir/1.png,vi/3.png", "lines 1 and 2 of .* name two pairs ir/1"),
    "outside": ("name,a,b\n../1,ir/1.png,vi/1.png", "line 2 of .* has '../1' for a name, which no file can have"),
    "no name": ("name,a,b\n,ir/1.png,vi/1.png", "line 2 of .* has no name"),
    "no task": ("left/x.png,right/x.png", "does not tell the task: say --task IVF, MIF, MEF, MFF"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "is an image"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_list_is_one_sentence(root: Path, case: str) -> None:
    text, sentence = WRONG[case]
    with pytest.raises(InputError, match=sentence) as caught:
        load(root, text)
    assert "\n" not in str(caught.value)


def test_no_list_and_options_without_effect(root: Path) -> None:
    with pytest.raises(InputError, match=r"there is no list of pairs .*none.csv"):
        load_dataset(f"pairs:{root / 'none.csv'}")
    for options in ({"a": "ir", "b": "vi"}, {"rgbt": True}):
        with pytest.raises(InputError, match="leave --a, --b and --rgbt out"):
            load(root, "ir/1.png,vi/1.png", **options)
    with pytest.raises(InputError, match="has no split 'train'"):
        load(root, "ir/1.png,vi/1.png", split="train")
