"""Pairs in an H5 file of FILM are pairs like any others, by the paths of their images."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import fusionbench
from fusionbench.cli import app
from fusionbench.datasets import load_dataset, read, read_pair, write
from fusionbench.datasets.h5pairs import image_at
from fusionbench.datasets.images import content_of, is_there, probe
from fusionbench.errors import InputError

DRAW = np.random.default_rng(3)
NAMES = ("00001D", "00002N")
IMAGES = {side: {name: DRAW.integers(0, 256, (24, 32), dtype=np.uint8) for name in NAMES} for side in ("A", "B")}


def make(path: Path, changes: dict[str, object] | None = None) -> Path:
    """Write a file as the published script does."""
    content: dict[str, object] = {f"text/{name}": np.ones((1, 4, 768), np.float32) for name in NAMES}
    for side, images in IMAGES.items():
        content |= {f"image{side}/{name}": (image / 255.0).astype(np.float32)[None] for name, image in images.items()}
    with h5py.File(path, "w") as file:
        for name, values in {**content, **(changes or {})}.items():
            file[name] = values
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make(tmp_path / "MSRS_test.h5")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same pairs as files."""
    for side, place in (("A", "ir"), ("B", "vi")):
        for name, image in IMAGES[side].items():
            write(tmp_path / "files" / place / f"{name}.png", image)
    return tmp_path / "files"


def test_the_images_are_those_that_were_put_in(file: Path) -> None:
    data = load_dataset(file)
    assert (data.name, data.label, data.task, data.root) == ("MSRS_test", "MSRS_test", "IVF", file)
    assert [pair.name for pair in data] == list(NAMES)
    for pair in data:
        assert all(np.array_equal(image, IMAGES[s][pair.name]) for s, image in zip("AB", data.read(pair), strict=True))
        header = probe(pair.a)  # type: ignore[arg-type]
        assert (header.height, header.width, header.channels, header.deep) == (24, 32, 1, False)


def test_values_of_images_that_were_resized_are_rounded(tmp_path: Path) -> None:
    values = np.array([[-0.004, 0.4 / 255, 0.6 / 255], [0.5, 1, 1.004]], np.float32)
    pair = load_dataset(make(tmp_path / "x.h5", {f"image{s}/{NAMES[0]}": values[None] for s in "AB"}), limit=1)[0]
    assert np.array_equal(read_pair(pair)[0], [[0, 0, 1], [128, 255, 255]])


def test_the_name_or_the_option_or_the_file_tells_the_task(tmp_path: Path) -> None:
    assert {p.task for p in load_dataset(make(tmp_path / "Lytro_test.h5"))} == {"MFF"}
    assert {p.task for p in load_dataset(make(tmp_path / "mine.h5"))} == {"IVF"}
    assert {p.task for p in load_dataset(tmp_path / "mine.h5", task="MEF")} == {"MEF"}
    with h5py.File(tmp_path / "mine.h5", "a") as content:
        content[f"imageA/{NAMES[1]}"].attrs["task"] = np.bytes_("MIF")
    data = load_dataset(tmp_path / "mine.h5", task="MEF")
    assert (data.task, [pair.task for pair in data]) == ("mixed", ["MEF", "MIF"])


def test_a_run_gives_what_it_gives_of_files(file: Path, folder: Path, tmp_path: Path) -> None:
    options = {"metrics": ["EN", "Qabf"], "out": tmp_path / "runs"}
    rows = [fusionbench.run("laplacian", source, **options) for source in (file, folder)]  # type: ignore[arg-type]
    for metric in ("EN", "Qabf"):
        key = next(name for name in rows[0].columns if name.startswith(f"{metric}@"))
        assert rows[0][key].tolist() == rows[1][key].tolist()
    stored = [tmp_path / "runs" / name / "laplacian" / "fused" / f"{NAMES[0]}.png" for name in ("MSRS_test", "files")]
    assert np.array_equal(*map(read, stored))
    before = stored[0].stat().st_mtime_ns
    fusionbench.run("laplacian", file, **options)  # type: ignore[arg-type]
    assert stored[0].stat().st_mtime_ns == before  # nothing is done again
    with h5py.File(file, "a") as content:
        content[f"imageA/{NAMES[0]}"][0, 0, 0] = 1 - content[f"imageA/{NAMES[0]}"][0, 0, 0]
    fusionbench.run("laplacian", file, **options)  # type: ignore[arg-type]
    assert stored[0].stat().st_mtime_ns != before


def test_fuse(file: Path, folder: Path, tmp_path: Path) -> None:
    def fuse(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["fuse", "-m", "average", *arguments])
        return "" if result.exit_code == 0 else str(result.exception)

    assert not fuse("--data", str(file), "--out", str(tmp_path / "one"))
    assert not fuse("--a", str(folder / "ir"), "--b", str(folder / "vi"), "--gray", "--out", str(tmp_path / "two"))
    for name in NAMES:
        assert np.array_equal(read(tmp_path / "one" / f"{name}.png"), read(tmp_path / "two" / f"{name}.png"))
    assert "say what to fuse" in fuse("--data", str(file), "--a", str(folder), "--out", str(tmp_path / "three"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({f"imageB/{NAMES[0]}": np.zeros((1, 9, 8), np.float32)}, "differ in size: 1x24x32 and 1x9x8"),
        ({f"image{side}/{NAMES[0]}": np.zeros((3, 9, 8), np.float32) for side in "AB"}, "are 3x9x8, not 1xHxW"),
        ({"imageA/extra": np.zeros((1, 9, 8), np.float32)}, "no imageB of pair 'extra'"),
    ],
)
def test_files_that_are_wrong(changes: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        load_dataset(make(tmp_path / "x.h5", changes))


def test_what_is_no_such_file(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no H5 file"):
        load_dataset(tmp_path / "none.h5")
    with pytest.raises(InputError, match="leave --a, --b and --rgbt out"):
        load_dataset(file, a="x", b="y")
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(InputError, match="no HDF5 file"):
        load_dataset(tmp_path / "text.h5")


@pytest.mark.parametrize("value", [2.0, -1.0, np.nan])
def test_values_that_are_no_image_fail_their_pair(value: float, tmp_path: Path) -> None:
    bad = np.full((1, 24, 32), 0.5, np.float32)
    bad[0, 3, 4] = value
    path = make(tmp_path / "x.h5", {f"imageA/{NAMES[0]}": bad})
    rows = fusionbench.run("average", path, metrics=["EN"], out=tmp_path / "runs")
    assert rows["status"].tolist() == ["failed", "ok"]
    assert "its values are not in [0, 1]" in rows["reason"][0]


def test_a_file_that_is_gone(file: Path) -> None:
    path = file / "imageA" / NAMES[0]
    assert is_there(path)
    assert image_at(path) == (file, "imageA", NAMES[0])
    stored = content_of(path)
    assert stored == (IMAGES["A"][NAMES[0]] / 255.0).astype(np.float32).tobytes()
    file.unlink()
    assert not is_there(path)
    with pytest.raises(InputError, match="is no file any more"):
        content_of(path)


def test_a_scene_is_one_by_whatever_link_it_is_reached(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from fusionbench.training.scenes import file_keys

    os.link(file, tmp_path / "hard.h5")
    (tmp_path / "soft.h5").symlink_to(file)
    keys = [set(file_keys(tmp_path / f / "imageA" / NAMES[0])) for f in (file.name, "hard.h5", "soft.h5")]
    assert all(keys[0] & other for other in keys[1:])
    assert not keys[0] & set(file_keys(file / "imageA" / NAMES[1]))
