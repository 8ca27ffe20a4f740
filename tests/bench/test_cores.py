"""The number of workers that is taken where none is given, and the threads of each."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import pytest
import torch
from threadpoolctl import threadpool_info

from fusionbench.bench import cores as module
from fusionbench.bench.cores import cores, default_workers, share
from fusionbench.methods import get_method


@pytest.mark.parametrize(
    ("line", "files", "wanted"),
    [
        ("0::/", {"cpu.max": "200000 100000"}, 2),
        ("0::/a/b", {"cpu.max": "max 100000", "a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, 1),
        ("0::/a", {"a/cpu.max": "50000 100000"}, 1),  # half a core is one
        ("0::/a", {"a/cpu.max": "max 100000"}, 4),
        ("4:cpu,cpuacct:/a", {"cpu/a/cpu.cfs_quota_us": "300000", "cpu/a/cpu.cfs_period_us": "100000"}, 3),
        ("4:cpu:/a", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, 4),
        ("4:memory:/a", {"cpu/a/cpu.cfs_quota_us": "100000", "cpu/a/cpu.cfs_period_us": "100000"}, 4),
        ("0::/a", {"a/cpu.max": "nonsense"}, 4),
        (None, {}, 4),
    ],
)
def test_cores(
    line: str | None, files: dict[str, str], wanted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 5}, raising=False)
    if line is not None:
        (tmp_path / "own").write_text(f"{line}\n")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cores(tmp_path, tmp_path / "own") == wanted


def test_workers_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 64)
    classical, learned = get_method("max"), get_method("u2fusion")
    assert default_workers([classical], "threads") == 64
    assert default_workers([classical], "dask:tcp://here:1") == 1
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 7 * 2**30}))
    assert default_workers([classical, learned], "processes") == 3
    (tmp_path / "own.py").write_text(
        "from fusionbench.methods.classical.average import Average\nclass Own(Average):\n    name = 'own'\n"
    )
    for theirs in (f"{tmp_path / 'own.py'}:Own", "cmd:own {a} {b} {out}"):
        assert default_workers([classical, get_method(theirs)], "threads") == 1


@pytest.mark.parametrize(("wish", "workers", "threads"), [("", 3, 2), ("1", 3, 1), ("8", 2, 3), ("", 9, 1)])
def test_threads_of_a_worker(wish: str, workers: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 6)
    monkeypatch.setenv("OMP_NUM_THREADS", wish)
    before = torch.get_num_threads(), cv2.getNumThreads()
    try:
        share(workers)
        assert torch.get_num_threads() == threads
        assert cv2.getNumThreads() == 1
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
