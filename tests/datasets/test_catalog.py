"""The catalogue, and data sets of other packages."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import DatasetSpec, Pair, catalog, get_spec, list_datasets, load_dataset
from fusionbench.errors import InputError

NAMES = ["sample", "RoadScene", "TNO", "MSRS", "MSRS-detection", "M3FD", "M3FD-detection", "LLVIP", "FMB", "MFNet"]
NAMES += ["MVSeg", "FLIR-aligned", "VIFB"]
NAMES += ["Harvard-MRI-CT", "Harvard-MRI-PET", "Harvard-MRI-SPECT"]
NAMES += ["Lytro", "RealMFF", "MFI-WHU", "SICE", "MEFB", "MEF"]


def test_every_entry_is_complete() -> None:
    specs = list_datasets()
    assert [spec.name for spec in specs] == NAMES
    for spec in specs:
        assert all((spec.title, spec.citation, spec.obtain, spec.licence, spec.pairs or spec.task == "MIF")), spec.name
        assert len(spec.modalities) == 2
        assert spec.home.startswith("https://") or spec.name in ("sample", "MEF")
        assert not spec.doi or spec.doi.startswith("10.")
        assert "\n" not in spec.obtain


@pytest.mark.parametrize("name", ["harvard mri pet", "HARVARD_MRI_PET", "Harvard-MRI-PET"])
def test_names_regardless_of_case_and_dashes(name: str) -> None:
    assert get_spec(name).name == "Harvard-MRI-PET"


def test_unknown_name() -> None:
    with pytest.raises(InputError, match=r"unknown data set 'Lytros': did you mean 'Lytro'\?"):
        get_spec("Lytros")


def test_only_made_data_sets_can_mix_tasks() -> None:
    with pytest.raises(ValueError, match="only a data set that is made"):
        DatasetSpec("x", "mixed", "", ("a", "b"), "none")


def extra() -> DatasetSpec:
    return DatasetSpec("extra", "MEF", "made elsewhere", ("over", "under"), "none", make=_pairs)


def _pairs() -> list[Pair]:
    return [Pair("only", np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint8), "MEF")]


def broken() -> int:
    return 3


@pytest.fixture
def _plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[__name__]
    monkeypatch.setitem(sys.modules, "an_extra_package", module)
    points = [
        EntryPoint("extra", "an_extra_package:extra", catalog.GROUP),
        EntryPoint("broken", "an_extra_package:broken", catalog.GROUP),
        EntryPoint("gone", "a_package_that_is_gone", catalog.GROUP),
    ]
    monkeypatch.setattr(catalog, "entry_points", lambda group: points if group == catalog.GROUP else [])


@pytest.mark.usefixtures("_plugins")
def test_data_sets_of_other_packages() -> None:
    with pytest.warns(UserWarning, match="cannot be loaded"):
        names = [spec.name for spec in list_datasets()]
    assert names == [*NAMES, "extra"]
    data = load_dataset("Extra")
    assert [pair.name for pair in data] == ["only"]
    assert data.read(data[0])[1].max() == 1
    with pytest.raises(
        InputError, match=r"the data set 'broken' .* cannot be loaded: it gives a int, not a DatasetSpec"
    ):
        load_dataset("broken")
    with pytest.raises(InputError, match=r"the data set 'gone' .* cannot be loaded: ModuleNotFoundError"):
        load_dataset("gone")
    with pytest.raises(InputError, match="did you mean 'extra'"):
        load_dataset("extraa")


def test_listing_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from fusionbench.datasets import list_datasets; list_datasets();"
        "print([m for m in ('torch', 'jittor', 'cv2', 'skimage', 'scipy', 'PIL', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
