"""Data sets with ideal images: what their leaderboard says beyond that of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

import fusionbench
from fusionbench.datasets import read, write
from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import make_boards
from fusionbench.results.rows import header_line, parse_rows, row_line

KEYS = ["PSNR@reference", "SSIM@reference", "MSE@reference"]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a copy of MFI-WHU's layout: a picture, once blurred on the left and once on the right."""

    def make(ideal: int = 3, colour: bool = False, pairs: int = 3, size: tuple[int, int] = (44, 52)) -> Path:
        random = np.random.default_rng(7)
        root = tmp_path / "MFI-WHU"
        for index in range(pairs):
            sharp = random.integers(0, 256, (*size, 3) if colour else size).astype(np.uint8)
            soft = ((sharp.astype(float) + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1)) / 3).astype(np.uint8)
            left = (np.arange(size[1]) < size[1] // 2).reshape(1, -1, *[1] * colour)
            write(root / "source_1" / f"{index}.png", np.where(left, soft, sharp))
            write(root / "source_2" / f"{index}.png", np.where(left, sharp, soft))
            if index < ideal:
                write(root / "full_clear" / f"{index}.png", sharp)
        return root

    return make


def plain(fused: np.ndarray, ideal: np.ndarray) -> list[float]:
    """scikit-image's values, in the order of KEYS."""
    channels = {"channel_axis": 2} if fused.ndim == 3 else {}
    return [
        peak_signal_noise_ratio(ideal, fused, data_range=255),
        structural_similarity(ideal, fused, data_range=255, **channels),
        mean_squared_error(ideal, fused),
    ]


@pytest.mark.parametrize("colour", [False, True])
def test_the_leaderboard_has_scikit_images_values(make: Make, tmp_path: Path, colour: bool) -> None:
    root, out = make(colour=colour), tmp_path / "out"
    rows = fusionbench.run(["average", "laplacian"], root, out=out)
    for _, row in rows.iterrows():
        fused = read(out / "MFI-WHU" / row["method"] / ("colour" if colour else "fused") / f"{row['pair']}.png")
        wanted = plain(fused, read(root / "full_clear" / f"{row['pair']}.png"))
        assert row[KEYS].tolist() == pytest.approx(wanted, rel=1e-10)
    (board,) = make_boards(Results(out))
    assert [column.key for column in board.columns if column.protocol == "reference"] == KEYS
    assert [column.better for column in board.columns][-3:] == ["higher", "higher", "lower"]
    for entry in board.entries:
        mine = rows[rows["method"] == entry.method]
        assert [entry.means[key] for key in KEYS] == pytest.approx(mine[KEYS].mean().tolist(), rel=1e-12)
    assert all(key in (out / "leaderboard.csv").read_text() for key in KEYS)


def test_an_image_that_is_the_ideal_one(make: Make, tmp_path: Path) -> None:
    root = make()
    rows = fusionbench.run(f"folder:{root / 'full_clear'}", root, out=tmp_path / "out")
    assert rows[KEYS].to_numpy().tolist() == [[inf, 1.0, 0.0]] * 3


def test_a_data_set_without_ideal_images_has_no_such_columns(make: Make, tmp_path: Path) -> None:
    root = make(ideal=0)
    rows = fusionbench.run("average", root, out=tmp_path / "out", protocol=["film", "reference"])
    assert not {*KEYS} & {*rows.columns}
    with pytest.raises(InputError, match="MFI-WHU has no ideal images, with which PSNR@reference, SSIM@reference"):
        fusionbench.run("average", root, out=tmp_path / "other", protocol="reference")
    assert not (tmp_path / "other").exists()


def test_pairs_without_an_ideal_image_have_no_value(make: Make, tmp_path: Path) -> None:
    root = make(ideal=2)
    assert not {*KEYS} & {*fusionbench.run("average", root, out=tmp_path / "out").columns}
    rows = fusionbench.run("average", root, out=tmp_path / "out", protocol=["film", "reference"])
    assert list(rows["status"]) == ["ok"] * 3
    assert rows[KEYS].isna().all(axis=1).tolist() == [False, False, True]
    assert rows["reason"][2] == "; ".join(f"{key}: there is no ideal image" for key in KEYS)
    assert make_boards(Results(tmp_path / "out"))[0].entries[0].undefined == dict.fromkeys(KEYS, 1)


def test_metrics_by_name(make: Make, tmp_path: Path) -> None:
    root = make()
    rows = fusionbench.run("average", root, out=tmp_path / "out", metrics=["EN", "SSIM@reference"])
    assert [name for name in rows.columns if "@" in name] == ["EN@film", "SSIM@reference"]
    fused, ideal = (read(path / "0.png") for path in (tmp_path / "out/MFI-WHU/average/fused", root / "full_clear"))
    assert rows["SSIM@reference"][0] == pytest.approx(plain(fused, ideal)[1], rel=1e-10)


def test_results_of_before_get_what_they_lack_and_a_replaced_ideal_image_is_noticed(make: Make, tmp_path: Path) -> None:
    root, out = make(), tmp_path / "out"
    before = fusionbench.run("average", root, out=out, metrics=["EN"])
    (file,) = out.rglob("metrics.csv")
    stored = parse_rows(file.read_bytes()).rows
    of_before = [replace(row, sources=row.sources.partition("~")[0]) for row in stored.values()]
    assert [row.sources for row in of_before] != [row.sources for row in stored.values()]
    file.write_text(header_line(["EN@film"]) + "".join(row_line(row, ["EN@film"]) for row in of_before))
    rows = fusionbench.run("average", root, out=out)
    assert rows["seconds"].tolist() == before["seconds"].round(6).tolist()  # the stored images were scored
    assert rows[KEYS].notna().all(axis=None)
    write(root / "full_clear" / "1.png", read(root / "source_1" / "1.png"))
    again = fusionbench.run("average", root, out=out)
    assert (again["MSE@reference"] != rows["MSE@reference"]).tolist() == [False, True, False]
    assert again["EN@film"].tolist() == rows["EN@film"].tolist()


@pytest.mark.parametrize("policy", ["crop", "resize"])
def test_size_policies(make: Make, tmp_path: Path, policy: str) -> None:
    root = make(pairs=1)
    for side in ("source_2", "full_clear"):
        image = read(root / side / "0.png")
        write(root / side / "0.png", np.pad(image, ((0, 6), (0, 8)), mode="edge"))
    rows = fusionbench.run("average", root, out=tmp_path / "out", size_policy=policy)
    data = fusionbench.load_dataset(root, size_policy=policy)
    fused, ideal = read(tmp_path / "out/MFI-WHU/average/fused/0.png"), data.read_truth(data[0])
    assert rows.loc[0, KEYS].tolist() == pytest.approx(plain(fused, ideal), rel=1e-10)


def test_an_ideal_image_that_is_smaller_than_what_was_cropped(make: Make, tmp_path: Path) -> None:
    root = make(pairs=1)
    write(root / "full_clear" / "0.png", read(root / "full_clear" / "0.png")[:30])
    rows = fusionbench.run("average", root, out=tmp_path / "out", size_policy="crop")
    assert rows["status"].tolist() == ["ok"]
    assert rows["reason"][0].startswith("PSNR@reference: the ideal image has another size than the sources")
    assert rows[KEYS].isna().all(axis=None)


def test_the_ideal_image_is_cropped_to_a_fused_image_that_is_smaller(make: Make, tmp_path: Path) -> None:
    root = make(pairs=1)
    write(tmp_path / "theirs" / "0.png", read(root / "full_clear" / "0.png")[:40, :50])
    rows = fusionbench.run(f"folder:{tmp_path / 'theirs'}", root, out=tmp_path / "out", size_policy="crop")
    assert rows["status"].tolist() == ["ok"]
    assert rows.loc[0, KEYS].tolist() == [inf, 1.0, 0.0]


def test_processes_score_alike(make: Make, tmp_path: Path) -> None:
    root = make()
    here, there = (
        fusionbench.run("average", root, out=tmp_path / executor, executor=executor, workers=2)
        for executor in ("threads", "processes")
    )
    assert here[KEYS].equals(there[KEYS])
