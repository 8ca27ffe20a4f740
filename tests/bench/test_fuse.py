"""Images from images: what `fuse` writes is what a run stores, and a pair that fails costs itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench.bench.fuse import fuse_to, pairs_of
from fusionbench.datasets import read, write
from fusionbench.errors import InputError, RunError
from fusionbench.methods import get_method

MakeFolder = Callable[..., Path]


@pytest.mark.parametrize("gray", [True, False])
def test_the_images_are_those_of_a_run(gray: bool, tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(3)
    fusionbench.run("laplacian", source, out=tmp_path / "runs", metrics=["EN"])
    files = fuse_to(get_method("laplacian"), pairs_of(source / "ir", source / "vi"), tmp_path / "out", gray=gray)
    stored = tmp_path / "runs" / "scenes" / "laplacian" / ("fused" if gray else "colour")
    assert [file.name for file in files] == ["p000.png", "p001.png", "p002.png"]
    assert all(np.array_equal(read(file), read(stored / file.name)) for file in files)


def test_two_files(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(1)
    pairs = pairs_of(source / "ir" / "p000.png", source / "vi" / "p000.png")
    (file,) = fuse_to(get_method("average"), pairs, tmp_path / "one.png")
    (other,) = fuse_to(get_method("average"), pairs_of(source / "ir", source / "vi"), tmp_path / "out")
    assert np.array_equal(read(file), read(other))
    with pytest.raises(InputError, match="would lose pixels"):
        fuse_to(get_method("average"), pairs, tmp_path / "one.jpg")


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [("ir", "none", "there is no"), ("ir", "vi/p000.png", "give two folders, or two files")],
)
def test_what_does_not_belong_together(a: str, b: str, sentence: str, make_folder: MakeFolder) -> None:
    source = make_folder(1)
    with pytest.raises(InputError, match=sentence):
        pairs_of(source / a, source / b)


def test_a_pair_that_fails_leaves_the_others(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(3)
    pairs = pairs_of(source / "ir", source / "vi")
    write(source / "vi" / "p001.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(RunError, match=r"1 of 3 pairs failed, the first of them p001 \("):
        fuse_to(get_method("average"), pairs, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["p000.png", "p002.png"]
