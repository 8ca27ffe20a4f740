"""Lists of pairs that can be cited, and pairs that are picked by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import check, get_spec, list_datasets, load_dataset, write
from fusionbench.datasets.catalog import find_spec, parse_name
from fusionbench.errors import InputError
from fusionbench.files import sha256_of_names

LISTS = [(spec, split) for spec in list_datasets() for split in spec.splits]


def lay(folder: Path, names: list[str]) -> None:
    random = np.random.default_rng(5)
    for name in names:
        for side in ("ir", "vi"):
            write(folder / side / f"{name}.png", random.integers(0, 256, (16, 20), np.uint8))


@pytest.fixture
def tno(tmp_path: Path) -> Path:
    lay(tmp_path / "TNO", [f"{number:02}" for number in range(1, 46)])
    return tmp_path


@pytest.mark.parametrize(("spec", "split"), LISTS, ids=[f"{spec.name}/{split.name}" for spec, split in LISTS])
def test_a_list_that_ships_is_known_by_source_and_hash(spec, split) -> None:  # type: ignore[no-untyped-def]
    names = split.names.read_text(encoding="utf-8").split()
    assert len(names) == len(set(names))
    assert split.digest == sha256_of_names(names)
    assert split.source.startswith("https://")
    assert str(len(names)) in split.name


@pytest.mark.parametrize("cited", ["TNO/tang42", "VIFB/21", "RoadScene/film50"])
def test_the_lists_are_those_of_the_published_folders(cited: str, shared_data: Path) -> None:
    data = load_dataset(cited, shared_data)
    assert len(data) == int("".join(filter(str.isdigit, cited.partition("/")[2])))
    assert data.pair_list is not None
    assert data.pair_list.startswith(f"{cited} (")
    assert sha256_of_names(pair.name for pair in data).startswith(data.pair_list[-9:-1])


def test_a_list_is_named_with_its_data_set(tno: Path) -> None:
    data = load_dataset("tno/TANG42", tno)
    assert (data.name, data.split, data.label, len(data)) == ("TNO", "tang42", "TNO-tang42", 42)
    everything = load_dataset("TNO", tno)
    assert (everything.split, len(everything), everything.pair_list) == ("all", 45, None)
    assert load_dataset("TNO/all", tno).split == "all"
    with pytest.raises(InputError, match=r"^TNO/tang42 names its list of pairs: leave --split all out$"):
        load_dataset("TNO/tang42", tno, "all")
    with pytest.raises(InputError, match=r"^unknown list of pairs of TNO 'tang40': did you mean 'tang42'\?$"):
        load_dataset("TNO/tang40", tno)
    assert check("TNO", tno).splits["tang42"].present == 42


def test_the_whole_folder_is_cited_where_it_is_the_list(tmp_path: Path) -> None:
    lay(tmp_path / "TNO", [f"{number:02}" for number in range(1, 43)])
    data = load_dataset("TNO", tmp_path)
    assert (data.split, data.label, data.pair_list) == ("all", "TNO", "TNO/tang42 (3e9b2502)")
    assert load_dataset("TNO", tmp_path, limit=3).pair_list is None  # the first three are no list


def test_a_folder_is_not_taken_for_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lay(tmp_path / "TNO/tang42", ["x"])
    assert parse_name("TNO/tang42") == ("TNO/tang42", None)
    assert [pair.name for pair in load_dataset("TNO/tang42", task="IVF")] == ["x"]
    assert find_spec("VIFB/21") is get_spec("VIFB")
    assert find_spec("elsewhere/21") is None


def test_pairs_by_name(tno: Path) -> None:
    data = load_dataset("TNO", tno, pairs=["07", "3.png", "ir/12.png"])
    assert [pair.name for pair in data] == ["07", "03", "12"]
    listed = tno / "mine.txt"
    listed.write_text("05\n01\n")
    assert [pair.name for pair in load_dataset("TNO", tno, pairs=listed)] == ["05", "01"]
    assert [pair.name for pair in load_dataset("TNO", tno, pairs="05")] == ["05"]
    with pytest.raises(InputError, match="99: there is no pair of this name"):
        load_dataset("TNO", tno, pairs=["01", "99"])
    with pytest.raises(InputError, match="44: it is not in the split 'tang42'; --split all has every pair"):
        load_dataset("TNO/tang42", tno, pairs=["44"])


def test_pairs_of_a_computed_data_set() -> None:
    names = [pair.name for pair in load_dataset("sample")]
    assert [pair.name for pair in load_dataset("sample", pairs=[names[5], names[2]])] == [names[5], names[2]]
    with pytest.raises(InputError, match="nowhere: there is no pair of this name"):
        load_dataset("sample", pairs=["nowhere"])
