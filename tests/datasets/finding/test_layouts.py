"""Files are found in the arrangements that are met in the wild."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusionbench.datasets import Layout, get_spec, spec
from fusionbench.datasets.finding import splits
from fusionbench.datasets.finding.entry import entries
from fusionbench.datasets.finding.folders import child
from fusionbench.datasets.finding.names import natural
from fusionbench.datasets.finding.search import find
from fusionbench.datasets.finding.sources import DatasetFiles


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def files_of(root: Path, *tries: Layout) -> DatasetFiles:
    result = find(root, tries)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("name", "files", "pairs"),
    [
        ("RoadScene", ["cropinfrared/F_1.jpg", "crop_LR_visible/F_1.jpg"], ["F_1"]),
        ("TNO", ["IR1.png", "VIS1.png", "IR10.png", "VIS10.png", "IR2.png", "VIS2.png"], ["1", "2", "10"]),
        ("Lytro", ["lytro-01-A.jpg", "lytro-01-B.jpg"], ["lytro-01"]),
        ("Lytro", ["A/lytro-01.png", "B/lytro-01.png"], ["lytro-01"]),
        ("Lytro", ["NEAR/7.png", "FAR/7.png"], ["7"]),
        ("RealMFF", ["imageA/001_A.png", "imageB/001_B.png", "Fusion/001_F.png"], ["001"]),
        ("MFI-WHU", ["source_1/1.jpg", "source_2/1.jpg", "full_clear/1.jpg"], ["1"]),
        ("VIFB", ["input/IR/man.jpg", "input/VI/man.jpg"], ["man"]),
        ("MEFB", ["input/Arno/Arno_A.png", "input/Arno/Arno_B.png", "input/Arno/arno3.png"], ["Arno"]),
        ("MEFB", ["OVER/1.png", "UNDER/1.png"], ["1"]),
        ("MEF", ["over/Cave.png", "under/Cave.png"], ["Cave"]),
        ("LLVIP", ["infrared/train/1.jpg", "visible/train/1.jpg"], ["1"]),
        ("Harvard-MRI-PET", ["MRI/11.png", "PET/11.png"], ["11"]),
        ("Harvard-MRI-CT", ["MRI/11.png", "T/11.png"], ["11"]),
    ],
)
def test_layouts_of_the_catalogue(tmp_path: Path, name: str, files: list[str], pairs: list[str]) -> None:
    touch(tmp_path, *files)
    entry = get_spec(name)
    result = files_of(tmp_path, *entry.all_layouts)
    assert result.names == pairs
    assert [each.problem for each in entries(result, result.names)] == [None] * len(pairs)
    if len(files) == 3 and name != "MEFB":
        assert result.truth.paths[pairs[0]] == [tmp_path / files[2]]


def test_lists_lie_beside_the_folders(tmp_path: Path) -> None:
    touch(tmp_path, "IR/1.png", "VI/1.png", "test.txt", "Train.TXT", "IR/inside.txt")
    lists = splits.lists(files_of(tmp_path, *spec.usual_layouts("IVF")))
    assert lists == {"test": tmp_path / "test.txt", "train": tmp_path / "Train.TXT"}


def test_natural_order() -> None:
    assert sorted(["10", "b", "2", "A1", "a10", "a2", "01"], key=natural) == ["01", "2", "10", "A1", "a2", "a10", "b"]


def test_child_without_regard_to_case_and_dashes(tmp_path: Path) -> None:
    (tmp_path / "Harvard" / "MRI_CT").mkdir(parents=True)
    assert child(tmp_path, "harvard/mri-ct") == tmp_path / "Harvard" / "MRI_CT"
    assert child(tmp_path, "harvard/mri-pet") is None
