"""A folder of very many files is looked through in a time that grows as they do, also where nothing is found."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionbench.datasets import Pair, load_dataset
from fusionbench.datasets.sequences import find_sequences
from fusionbench.methods import get_method

from ...scenes import write_noise

FEW, MANY = 400, 4000  # ten times as many: a hundred times as long, where each file is looked for among all


def _seconds(call: Callable[[], object]) -> float:
    """CPU time of a call, the least of three."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        call()
        taken.append(time.process_time() - begin)
    return min(taken)


def _grows_as_its_files_do(make: Callable[[Path, int], Callable[[], object]], tmp_path: Path) -> bool:
    few, many = (make(tmp_path / str(count), count) for count in (FEW, MANY))
    few()  # what is imported and compiled once
    return _seconds(many) < 30 * _seconds(few)


def _links(folder: Path, names: list[str]) -> None:
    """Fill a folder with links to one image of noise."""
    write_noise(folder, ["made"], (8, 8), ("of",))
    folder.joinpath("of").rename(folder.with_name(f"{folder.name}-of"))
    for name in names:
        (folder / name).hardlink_to(folder.with_name(f"{folder.name}-of") / "made.png")


def _pairs_in_one_folder(folder: Path, count: int) -> Callable[[], object]:
    _links(folder, [f"{number:06d}_{side}.png" for number in range(count) for side in ("ir", "vi")])
    return lambda: load_dataset(folder, limit=3)


def _images_without_partners(folder: Path, count: int) -> Callable[[], object]:
    _links(folder, [f"{number:06d}.png" for number in range(count)])
    return lambda: find_sequences(folder)


def _fused_images(folder: Path, count: int) -> Callable[[], object]:
    _links(folder, [f"{number:06d}.png" for number in range(count)])
    method = get_method(f"folder:{folder}")
    pairs = [Pair(f"{number:06d}", folder, folder, "IVF") for number in range(count)]
    method.assign(pairs, ())  # type: ignore[attr-defined]
    return lambda: [method.files(pair) for pair in pairs]


def _pairs_by_name(folder: Path, count: int) -> Callable[[], object]:
    _links(folder, [f"{number:06d}_{side}.png" for number in range(count) for side in ("ir", "vi")])
    dataset = load_dataset(folder)
    return lambda: [dataset[pair.name] for pair in dataset]


@pytest.mark.parametrize("make", [_pairs_in_one_folder, _images_without_partners, _fused_images, _pairs_by_name])
def test_ten_times_as_many_files_take_ten_times_as_long(
    make: Callable[[Path, int], Callable[[], object]], tmp_path: Path
) -> None:
    assert _grows_as_its_files_do(make, tmp_path)
