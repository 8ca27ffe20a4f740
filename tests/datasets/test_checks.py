"""`check` says what was found where, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from fusionbench.datasets import check, write
from fusionbench.datasets.check_report import SplitReport
from fusionbench.errors import InputError

RNG = np.random.default_rng(3)


def picture(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in "abcde":
        write(tmp_path / "TNO" / "ir" / f"{name}.png", picture(20, 30))
        write(tmp_path / "TNO" / "vi" / f"{name}.png", picture(20, 30, 3) if name < "c" else picture(20, 30))
    return tmp_path


def test_a_good_data_set(root: Path) -> None:
    (root / "TNO" / "test.txt").write_text("a\nb\nz\n")
    Pillow.fromarray(picture(20, 30)).save(root / "TNO" / "vi" / "d.png", "JPEG")
    report = check("TNO", root)
    assert report.ok
    assert (report.pairs, report.root, report.folders) == (5, root / "TNO", ("ir", "vi"))
    assert report.splits == {"test": SplitReport(2, 3), "all": SplitReport(5, 5)}
    assert report.image_sizes == {(20, 30): 5}
    assert report.bits == {"a": {"8 bit gray": 5}, "b": {"8 bit RGB": 2, "8 bit gray": 3}}
    assert report.colour == {"a": 0, "b": 2}
    assert report.formats == {"PNG": 9, "JPEG": 1}
    assert report.misnamed == ["vi/d.png is JPEG"]
    text = str(report)
    lines = (
        "sources  a: ir, b: vi",
        "split    test: 2 of 3 names",
        "sizes    20x30 (5)",
        "vi/d.png is JPEG",
        "10.1016",
    )
    assert all(line in text for line in lines)
    assert "WRONG" not in text


def test_a_bad_data_set(root: Path) -> None:
    data = (root / "TNO" / "ir" / "a.png").read_bytes()
    (root / "TNO" / "ir" / "a.png").write_bytes(data[:-5])
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF  # header and end are fine: only decoding finds it
    (root / "TNO" / "ir" / "b.png").write_bytes(damaged)
    (root / "TNO" / "vi" / "c.png").unlink()
    write(root / "TNO" / "vi" / "d.png", picture(9, 9))
    write(root / "TNO" / "vi" / "e.png", np.asarray(Pillow.open(root / "TNO" / "ir" / "e.png")))
    report = check("TNO", root)
    assert not report.ok
    assert report.pairs == 1
    assert report.problems.keys() == set("abcd")
    assert report.problems["a"].startswith("ir/a.png: the file is truncated or damaged")
    assert report.problems["b"].startswith("ir/b.png: the PNG data are damaged")
    assert report.problems["c"] == "ir/c.png has no partner in vi"
    assert report.problems["d"].startswith("the sources differ in size: a is 20x30, b is 9x9")
    assert report.identical == ["e"]
    assert "WRONG: 4" in str(report)


def test_one_split(root: Path) -> None:
    (root / "TNO" / "test.txt").write_text("a\nz\n")
    report = check("TNO", root, split="test")
    assert (report.split, report.pairs, list(report.problems)) == ("test", 1, ["z"])


def test_not_found_is_reported_not_raised(tmp_path: Path) -> None:
    report = check("MSRS", tmp_path)
    assert not report.ok
    assert report.lines() == [report.problems[""]]
    assert report.problems[""].startswith("the data set MSRS is not found")
    with pytest.raises(InputError, match="did you mean 'MSRS'"):
        check("MSRSS")


def test_any_folder(root: Path) -> None:
    report = check(root / "TNO", a="vi", b="ir", task="IVF")
    assert (report.pairs, report.colour) == (5, {"a": 2, "b": 0})


def test_real_data(shared_data: Path) -> None:
    report = check("VIFB", shared_data)
    assert report.ok
    assert (report.pairs, report.colour["a"], report.formats) == (21, 0, {"JPEG": 42})
    assert report.splits == {"21": SplitReport(21, 21), "all": SplitReport(21, 21)}
