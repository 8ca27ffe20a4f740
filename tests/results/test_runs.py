"""The folder of a run: rows and manifests survive whatever happens to the process."""

from __future__ import annotations

import errno
import math
import os
from pathlib import Path
from typing import Any

import pytest

from fusionbench.errors import InputError, RunError
from fusionbench.results import Manifest, Row, RunFolder
from fusionbench.results.paths import folder_name
from fusionbench.results.rows import FACTS, TEXTS

KEYS = ["EN@film", "SD@film"]


def _row(pair: str, value: float = 0.1) -> Row:
    return Row(pair, seconds=0.25, sources="abc", metrics={"EN@film": value, "SD@film": 1 / 3})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """One that is open."""
    folder = RunFolder(tmp_path)
    assert folder.open(KEYS) == {}
    return folder


def test_rows_come_back_as_they_were(folder: RunFolder) -> None:
    rows = [_row("b"), Row("a", "failed", 'a "reason", with commas'), _row("c", math.inf)]
    for row in rows:
        folder.append(row)
    folder.close(["a", "b", "c"])
    read = folder.rows()
    assert list(read) == ["a", "b", "c"]
    assert read["b"] == rows[0]  # to the last bit
    assert read["a"].reason == rows[1].reason
    assert math.isnan(read["a"].seconds)
    assert read["a"].metrics == {}
    assert read["c"].metrics["EN@film"] == math.inf


def test_nan_is_kept_apart_from_not_scored(folder: RunFolder) -> None:
    folder.append(Row("a", metrics={"EN@film": math.nan}))
    folder.close([])
    assert list(folder.rows()["a"].metrics) == ["EN@film"]


def test_torn_last_line_does_not_count(folder: RunFolder, tmp_path: Path) -> None:
    folder.append(_row("a"))
    folder.append(_row("b"))
    folder.close()
    folder.table.write_bytes(folder.table.read_bytes()[:-5])
    again = RunFolder(tmp_path)
    assert list(again.open(KEYS)) == ["a"]
    again.append(_row("c"))
    again.close(["a", "b", "c"])
    assert list(again.rows()) == ["a", "c"]


def test_later_row_of_a_pair_counts(folder: RunFolder) -> None:
    folder.append(Row("a", "failed", "first"))
    folder.append(_row("a"))
    assert folder.rows()["a"].status == "ok"
    folder.close(["a"])
    assert folder.table.read_text().count("\n") == 2


def test_columns_grow_and_stay(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.open(["EN@film"])
    folder.append(Row("a", metrics={"EN@film": 1.0}))
    folder.close(["a"])
    folder.open(["SD@film"])
    folder.close(["a"])
    assert folder.rows()["a"].metrics == {"EN@film": 1.0}
    assert folder.table.read_text().splitlines()[0].endswith(",".join(["SD@film,EN@film", *FACTS, *TEXTS]))


def test_second_writer_is_refused(tmp_path: Path) -> None:
    first, second = RunFolder(tmp_path / "x"), RunFolder(tmp_path / "x")
    first.open(KEYS)
    with pytest.raises(InputError, match=r"another run is writing to .*: wait for it"):
        second.open(KEYS)
    first.close()
    second.open(KEYS)
    second.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_leaves_no_part_of_a_row(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    folder.append(_row("a"))
    before = folder.table.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fusionbench.results.runs._FLUSHED", 0)  # seconds
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="the disk is full; make room"):
        folder.append(_row("b"))
    with pytest.raises(RunError, match="the disk is full; make room"):
        folder.write_manifest(Manifest.parse({"method": {"label": "m"}, "dataset": {"label": "d"}}))
    assert folder.table.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "metrics.csv"]
    folder.close()


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    stray = tmp_path / "fused" / ".p.png.abc.tmp"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    folder = RunFolder(tmp_path)
    folder.open(KEYS)
    folder.close()
    assert not stray.exists()


@pytest.mark.parametrize("label", ["a/b", "..", "", "a b", "名", "x" * 300, "cmd:python f.py {a}", "a\nb", "'; rm"])
def test_a_label_becomes_a_harmless_folder_name(label: str) -> None:
    name = folder_name(label)
    assert Path(name).name == name
    assert name not in (".", "..", "")
    assert len(name.encode()) < 200
    assert not set(name) & set("/\\:*?\"<>|\n';")


def test_folders_of_different_labels_differ() -> None:
    labels = ["a b", "a-b", "a/b", "a:b", "", "unnamed", ".a", "a"]
    assert len({folder_name(label) for label in labels}) == len(labels)
