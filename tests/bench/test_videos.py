"""Runs on videos: measures of frames in a row, resumed within a sequence, and fused videos."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fusionbench import load_dataset, run
from fusionbench.bench.fuse import fuse_to, pairs_of
from fusionbench.datasets.images import read
from fusionbench.datasets.videos import film_of, writing_video
from fusionbench.errors import InputError, RunError
from fusionbench.methods import Method, get_method
from fusionbench.metrics.temporal import temporal
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import make_boards


class Flicker(Method):
    """Every other frame brighter."""

    name = "flicker"
    reference = "none"
    broken = ""

    def fuse(self, a: Any, b: Any, *, pairs: Any, **context: Any) -> Any:
        """Return a, brighter in odd frames."""
        if pairs[0].name == self.broken:
            raise ValueError("broken")
        return np.clip(a * 0.5 + 0.3 * (int(pairs[0].name[-1]) % 2), 0, 1).astype(np.float32)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for side in ("ir", "vi"):
        with writing_video(tmp_path / "clip" / f"{side}.mkv", 12.5) as put:
            for frame in rng.integers(0, 256, (8, 16, 24)).astype(np.uint8):
                put(frame)
    return tmp_path / "clip"


def rows(out: Path, method: str) -> dict[str, dict[str, str]]:
    with (out / "clip" / method / "metrics.csv").open() as file:
        return {row["pair"]: row for row in csv.DictReader(file)}


def measures(table: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["flicker@temporal"], row["IFD_MI@temporal"]) for row in table.values()]


def test_each_frame_is_measured_against_the_one_before(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run([Flicker(), "average"], clip, metrics=["EN"], out=out)
    dataset, table = load_dataset(clip), rows(out, "flicker")
    assert measures(table)[0] == ("", "")
    for before, pair in pairwise(dataset):
        fused = [read(out / f"clip/flicker/fused/{each.name}.png") for each in (before, pair)]
        values = temporal(fused[1], dataset.read(pair), fused[0], dataset.read(before))
        for key, value in values.items():
            assert float(table[pair.name][key]) == pytest.approx(value, abs=1e-12)
    (board,) = make_boards(Results(out))
    assert [(c.key, c.arrow) for c in board.columns][1:] == [("flicker@temporal", "→0"), ("IFD_MI@temporal", "↑")]
    for entry in board.entries:
        assert (entry.undefined, entry.complete, entry.scored) == ({}, True, 8)
    assert board.ranking(board.column("flicker"))  # the first frame does not keep methods from it
    assert board.entries[0].run.manifest.protocols["temporal"] == "1"  # type: ignore[union-attr]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_run_goes_on_within_a_video(clip: Path, tmp_path: Path, workers: int) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(Flicker(), clip, metrics=["EN"], out=whole, workers=workers)
    run(Flicker(), clip, metrics=["EN"], out=parts, limit=3)
    run(Flicker(), clip, metrics=["EN"], out=parts, workers=workers)
    assert measures(rows(parts, "flicker")) == measures(rows(whole, "flicker"))
    # a frame is fused anew: it and the one after it are measured again, or by the next run if this one is killed
    image = parts / "clip/flicker/fused/000003.png"
    cv2.imwrite(str(image), 255 - cv2.imread(str(image), cv2.IMREAD_GRAYSCALE))
    broken = Flicker()
    broken.broken = "000003"
    run(broken, clip, metrics=["EN"], out=parts)
    table = measures(rows(parts, "flicker"))
    assert [pair == ("", "") for pair in table] == [number in (0, 3, 4) for number in range(8)]
    run(Flicker(), clip, metrics=["EN"], out=parts)
    assert measures(rows(parts, "flicker")) == measures(rows(whole, "flicker"))


def test_fused_videos(clip: Path, tmp_path: Path) -> None:
    run(["average", "max"], clip, metrics=["EN"], out=tmp_path / "out", layout="video")
    for method in ("average", "max"):
        file = tmp_path / "out/clip" / method / "video/clip.mkv"
        assert film_of(file)[:2] == (8, 12.5)
        for i in range(8):
            image = read(tmp_path / f"out/clip/{method}/fused/{i:06d}.png")
            np.testing.assert_array_equal(read(file / f"{i:06d}"), image)
    with pytest.raises(InputError, match="--layout video writes the frames of a video, and sample is none"):
        run("average", "sample", out=tmp_path / "still", layout="video")


def test_two_videos_are_fused_to_one(clip: Path, tmp_path: Path) -> None:
    pairs, out = pairs_of(clip / "ir.mkv", clip / "vi.mkv"), tmp_path / "fused.mkv"
    assert fuse_to(get_method("average"), pairs, out) == [out]
    assert film_of(out)[:2] == (8, 12.5)
    first, second = load_dataset(clip).read(pairs[6])
    np.testing.assert_array_equal(read(out / "000006"), (first.astype(int) + second + 1) // 2)
    files = fuse_to(get_method("average"), pairs, tmp_path / "frames")
    np.testing.assert_array_equal(read(files[6]), read(out / "000006"))
    before, broken = out.read_bytes(), Flicker()
    broken.broken = "000004"
    with pytest.raises(RunError, match=r"fused.mkv was not written: 000004"):
        fuse_to(broken, pairs, out)
    assert out.read_bytes() == before
