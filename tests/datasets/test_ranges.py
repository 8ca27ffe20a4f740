"""Values deeper than 8 bits become 0..255 by a stated rule, once, for everybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusionbench
from fusionbench.datasets import Pair, check, load_dataset, parse_ranges, read_pair, write
from fusionbench.errors import InputError
from fusionbench.results import run_folder

from .image_files import tiff

RNG = np.random.default_rng(5)
COUNTS = RNG.integers(7000, 8761, (64, 64)).astype(np.uint16)
COUNTS[0, :2] = 7000, 8760
GRAY = RNG.integers(0, 256, (64, 64), np.uint8)


def folder(path: Path, a: np.ndarray, b: np.ndarray = GRAY, names: str = "12") -> Path:
    for name in names:
        write(path / "ir" / f"{name}.png", a)
        write(path / "vi" / f"{name}.png", b)
    return path


def plain(values: np.ndarray, rule: str, top: float) -> np.ndarray:
    """Read the rule as the documentation has it."""
    values = values.astype(float)
    kind, _, numbers = rule.rpartition(":")
    if rule == "full":
        low, high = 0.0, top
    elif rule == "minmax":
        low, high = values.min(), values.max()
    else:
        low, high = map(float, numbers.split(","))
        if kind == "percentile":
            low, high = np.percentile(values, [low, high])
    if high == low:
        return np.where(values > low, 255, 0)
    return np.round(np.clip((values - low) * 255 / (high - low), 0, 255))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["u1", "u2", "i2", "i4", "f4", "f8"]),
    rule=st.sampled_from(["full", "minmax", "percentile:1,99", "percentile:0,50", "100,200", "-1e3,1000.5"]),
    colour=st.booleans(),
    seed=st.integers(0, 999),
)
def test_every_type_by_every_rule(kind: str, rule: str, colour: bool, seed: int) -> None:
    values = np.random.default_rng(seed).normal(150, 400, (9, 7, 3) if colour else (9, 7))
    limits = (-1e9, 1e9) if kind[0] == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    image = np.clip(values, *limits).astype(kind)
    pair = Pair("p", image, image, "IVF")
    if kind == "u1":
        wanted = image
    elif rule == "full" and kind != "u2":
        with pytest.raises(InputError, match="no range that is known beforehand"):
            read_pair(pair, ranges=parse_ranges(rule))
        return
    else:
        wanted = plain(image, rule, 65535)
    for read in read_pair(pair, ranges=parse_ranges(rule)):
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, wanted)


WORDS = ["", "half", "percentile:1", "percentile:50,150", "9,3", "5,5", "1,2,3", "c=full", "a="]
NOT_COMPUTABLE = ["0,1e999", "-1e999,5", "-1e308,1e308", 5, {"a": None}, b"full"]


@pytest.mark.parametrize("rule", [*WORDS, *NOT_COMPUTABLE])
def test_what_is_no_rule(rule: Any) -> None:
    with pytest.raises(InputError, match="range"):
        parse_ranges(rule)


def test_the_later_rule_counts_and_reads_back() -> None:
    for b, a in (("percentile:0.5,99.5", "7000, 8760"), ("percentile:0.1,99.9", "7000,7000.000000001")):
        ranges = parse_ranges(["minmax", f"b={b}", f"a={a}"])
        assert ranges.record == {"a": a.replace(" ", ""), "b": b}
        again = parse_ranges(ranges.record)
        assert (again.a, again.b) == (ranges.a, ranges.b)


def test_16_bit_and_8_bit_of_one_picture_have_the_same_values(tmp_path: Path) -> None:
    wide = folder(tmp_path / "wide", GRAY.astype(np.uint16) * 257, GRAY, "1")
    narrow = folder(tmp_path / "narrow", GRAY, GRAY, "1")
    one, other = (
        fusionbench.run(["average", "laplacian"], data, out=tmp_path / "o" / data.name) for data in (wide, narrow)
    )
    values = [column for column in one if "@" in column]
    assert len(values) > 5
    assert set(one["status"]) == {"ok"}
    np.testing.assert_array_equal(one[values], other[values])


@pytest.mark.parametrize("maximum", [1023, 4095, 16383])
def test_full_is_what_the_file_says(tmp_path: Path, maximum: int) -> None:
    values = RNG.integers(0, maximum + 1, (64, 64))
    for side in ("ir", "vi"):
        (tmp_path / side).mkdir()
        data = b"P5 64 64 %d\n" % maximum + values.astype(">u2").tobytes()
        (tmp_path / side / "1.pgm").write_bytes(data)
    dataset = load_dataset(tmp_path)
    np.testing.assert_array_equal(dataset.read(dataset["1"])[0], np.round(values * 255 / maximum))


def test_a_small_part_of_the_range_is_said(tmp_path: Path) -> None:
    data = folder(tmp_path / "raw", COUNTS)
    report = check(data)
    assert report.ok
    said = "\n".join(report.lines())
    assert "ir/1.png: 7000 to 8760, 8 gray levels" in said
    assert "--range a=7000,8760" in said
    assert load_dataset(data).remarks == report.remarks
    assert not check(data, range="a=minmax").remarks
    assert not check(folder(tmp_path / "same", GRAY.astype(np.uint16) * 257)).remarks


def test_a_rule_is_part_of_a_result(tmp_path: Path) -> None:
    data, out = folder(tmp_path / "raw", COUNTS), tmp_path / "out"
    first = fusionbench.run("average", data, out=out, metrics=["EN"])
    with pytest.raises(InputError, match="another configuration"):
        fusionbench.run("average", data, out=out, metrics=["EN"], range="a=minmax")
    other = fusionbench.run("average", data, out=tmp_path / "other", metrics=["EN"], range="a=minmax")
    assert other["EN@film"].mean() > first["EN@film"].mean()
    manifest = run_folder(tmp_path / "other", "raw", "average").manifest()
    assert manifest.range == {"a": "minmax", "b": "full"}
    with pytest.raises(InputError, match="another configuration"):
        fusionbench.run("average", data, out=tmp_path / "other", metrics=["EN"])


def test_a_manifest_of_before_still_holds(tmp_path: Path) -> None:
    data = folder(tmp_path / "raw", COUNTS)
    fusionbench.run("average", data, out=tmp_path / "out", metrics=["EN"])
    stored = run_folder(tmp_path / "out", "raw", "average")
    manifest = stored.manifest()
    stored.write_manifest(replace(manifest, absent=manifest.absent | {"range", "rgbt"}))
    assert set(fusionbench.run("average", data, out=tmp_path / "out", metrics=["EN"])["status"]) == {"ok"}


@pytest.mark.parametrize("rule", ["minmax", "full", "a=minmax", "b=1,2"])
def test_a_rule_without_effect_is_refused(tmp_path: Path, rule: str) -> None:
    data = folder(tmp_path / "data", GRAY)
    for ask in (load_dataset, lambda path, **options: fusionbench.run("average", path, out=tmp_path / "o", **options)):
        with pytest.raises(InputError, match="--range has no effect: no source"):
            ask(data, range=rule)  # type: ignore[operator]
    assert not (tmp_path / "o").exists()
    assert "--range has no effect" in check(data, range=rule).problems[""]


def test_one_deep_data_set_of_two_is_enough(tmp_path: Path) -> None:
    both = [folder(tmp_path / "deep", COUNTS), folder(tmp_path / "usual", GRAY)]
    rows = fusionbench.run("average", both, out=tmp_path / "o", metrics=["EN"], range="a=minmax")
    assert set(rows["status"]) == {"ok"}


def test_floats_name_the_rule_to_give(tmp_path: Path) -> None:
    data = folder(tmp_path / "hot", GRAY, names="1")
    (data / "ir" / "1.png").unlink()
    degrees = (COUNTS / 10).astype(np.float32)
    (data / "ir" / "1.tiff").write_bytes(tiff(degrees, photometric="minisblack"))
    with pytest.raises(InputError, match=r"ir/1\.tiff.*--range minmax, percentile:1,99 or two values"):
        load_dataset(data)
    dataset = load_dataset(data, range="a=700,876")
    np.testing.assert_array_equal(dataset.read(dataset[0])[0], plain(degrees, "700,876", 0))
