"""Runs that are killed at random moments end as runs that are not: a few of the kills of `python -m tests.kills`."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ..kills import kill_runs, kill_workers

pytest.importorskip("psutil")


@pytest.mark.slow
def test_runs_that_are_killed(tmp_path: Path) -> None:
    kills, runs, starts = kill_runs(tmp_path, 10, Random(5))
    assert kills == 10
    assert starts >= kills + runs


@pytest.mark.slow
def test_workers_that_are_killed(tmp_path: Path) -> None:
    assert kill_workers(tmp_path / "workers", 60) >= 1
