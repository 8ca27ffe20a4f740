"""`datasets check`, `run` and `score` agree on every odd file, and say the right thing of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fusionbench.datasets import write

from ..datasets.image_files import GRAY, RGB
from .agree import agree
from .files import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_all_agree(tmp_path: Path, case: Case) -> None:
    verdict = agree(case.build(tmp_path / "data"), tmp_path / "out", **case.options)
    if not case.fault:
        assert verdict.good == {"good", "odd"}, str(verdict)
    elif verdict.refused:
        assert case.fault in verdict.refused
    else:
        assert verdict.good == {"good"}, str(verdict)
        assert case.fault in verdict.faults["odd"], str(verdict)


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    for side, image in (("ir", GRAY), ("vi", RGB)):
        write(tmp_path / "data" / side / "good.png", image)
        written = tmp_path / "data" / side / "other.png"
        write(written, image)
        try:
            written.rename(written.with_name(os.fsdecode(b"caf\xe9.png")))
        except OSError:
            pytest.skip("the file system takes no such name")
    verdict = agree(tmp_path / "data", tmp_path / "out")
    assert verdict.good == {"good"}
    assert "is not UTF-8, or has a line break or a control character: rename" in next(iter(verdict.faults.values()))
