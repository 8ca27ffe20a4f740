"""The comparison itself: it must see a difference where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import write

from .agree import agree, fault

IMAGE = np.arange(32 * 40, dtype=np.uint16).reshape(32, 40).astype(np.uint8)


def folder(path: Path) -> Path:
    for side in ("ir", "vi"):
        for name in ("good", "bad"):
            write(path / side / f"{name}.png", IMAGE)
    return path


def test_all_pairs_bad(tmp_path: Path) -> None:
    data = folder(tmp_path / "data")
    (data / "vi" / "bad.png").unlink()
    (data / "ir" / "good.png").write_bytes(b"")
    verdict = agree(data, tmp_path / "out")
    assert not verdict.good
    assert fault(verdict.faults["bad"]) == "has no partner in"
    assert fault(verdict.faults["good"]) == "the file is empty"


def test_a_difference_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = folder(tmp_path / "data")
    monkeypatch.setattr("fusionbench.datasets.checks._look", lambda *_: ("something else", True))
    with pytest.raises(AssertionError, match="do not agree on the good pairs"):
        agree(data, tmp_path / "out")
