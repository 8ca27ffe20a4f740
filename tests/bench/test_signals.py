"""A run that is interrupted says what is kept, leaves no process behind, and goes on when it is given again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fusionbench.bench.executors import stream
from fusionbench.results import RunFolder

psutil = pytest.importorskip("psutil")
MakeFolder = Callable[..., Path]
MakeMethod = Callable[..., str]
Start = Callable[..., subprocess.Popen[str]]
EXECUTORS = ["threads", "processes"]


@pytest.fixture
def start(tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod) -> Iterator[Start]:
    """Start a run of a method that notes when it begins a pair, and takes a while for it."""
    runs: list[subprocess.Popen[str]] = []

    def begin(executor: str, body: str = "time.sleep(0.3)") -> subprocess.Popen[str]:
        note = f"with open({str(tmp_path / 'log')!r}, 'a') as log:\n    log.write(f'{{os.getpid()}} ')\n"
        spec = make_method(f"{note}{body}\nreturn a", head="import os, signal, time")
        source = make_folder(8) if not (tmp_path / "scenes").exists() else tmp_path / "scenes"
        command = [sys.executable, "-m", "fusionbench", "run", "-m", spec, "-d", str(source), "--workers", "2"]
        command += ["-o", str(tmp_path / "out"), "--executor", executor, "--metrics", "EN"]
        # a shell that puts the tests into the background lets their children ignore Ctrl-C, and nohup a hang-up
        usual = {"preexec_fn": lambda: [signal.signal(number, signal.SIG_DFL) for number in (1, 2)]}
        runs.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **usual))  # type: ignore[call-overload]
        return runs[-1]

    yield begin
    for run in runs:
        run.kill()
        run.communicate()


def _wait_for(log: Path, pairs: int) -> list[int]:
    """Wait until so many pairs were begun, and return the processes that did."""
    for _ in range(1200):
        words = log.read_text().split() if log.exists() else []
        if len(words) >= pairs:
            return sorted({int(word) for word in words})
        time.sleep(0.05)
    raise AssertionError("the run did not get so far")


def _gone(pids: list[int]) -> bool:
    for _ in range(100):
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_one_sentence_and_the_run_goes_on(executor: str, number: int, tmp_path: Path, start: Start) -> None:
    run = start(executor)
    workers = _wait_for(tmp_path / "log", 3)
    run.send_signal(number)
    _, said = run.communicate(timeout=300)
    assert run.returncode == 128 + number
    assert "Traceback" not in said
    kept = [row for row in RunFolder(tmp_path / "out" / "scenes" / "mine").rows().values() if row.status == "ok"]
    assert 0 < len(kept) < 8
    sentence = f"{len(kept)} of 8 images are kept in {tmp_path / 'out'}, and the same command goes on from there"
    assert said.splitlines()[-1].endswith(sentence)
    assert _gone([pid for pid in workers if pid != run.pid])
    again = start(executor)
    assert again.wait(300) == 0
    assert len((tmp_path / "log").read_text().split()) == 8 + (executor == "processes") * 0


def test_a_signal_that_comes_while_a_result_is_taken_loses_none() -> None:
    """Wherever it comes: the result is taken to its end, and so are those that are being worked on."""
    taken = []

    def take(pool: ThreadPoolExecutor) -> None:
        for result in stream(((pool, str, number) for number in range(9)), ahead=2):
            if not taken:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.05)  # in which it would be raised
            taken.append(result)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
    try:
        with ThreadPoolExecutor(2) as pool, pytest.raises(KeyboardInterrupt):
            take(pool)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert taken in (["0", "1"], ["1", "0"])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_second_signal_ends_at_once(executor: str, tmp_path: Path, start: Start) -> None:
    run = start(executor, "time.sleep(1000)")
    workers = _wait_for(tmp_path / "log", 2)
    run.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=120)
    assert run.returncode == 128 + signal.SIGTERM
    assert "once more ends at once" in said
    assert _gone([pid for pid in workers if pid != run.pid])


@pytest.mark.parametrize("body", ["time.sleep(1000)", "sum(range(10 ** 12))", "while True: pass"])
def test_workers_end_when_their_parent_is_killed(body: str, tmp_path: Path, start: Start) -> None:
    run = start("processes", body)
    workers = _wait_for(tmp_path / "log", 2)
    run.kill()
    run.communicate(timeout=120)  # which would wait for ever for a worker that holds the pipes open
    assert len(workers) == 2
    assert _gone(workers)


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, start: Start) -> None:
    run = start("processes")
    workers = _wait_for(tmp_path / "log", 2)
    os.kill(workers[0], signal.SIGKILL)
    assert run.wait(300) == 0
    rows = RunFolder(tmp_path / "out" / "scenes" / "mine").rows()
    assert [row.status for row in rows.values()] == ["ok"] * 8


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_one_sentence(tmp_path: Path, start: Start) -> None:
    pytest.importorskip("distributed")
    code = (
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None,\n"
        "        scheduler_kwargs={'dashboard_address': ':0'})\n"
        "    print(cluster.scheduler_address, flush=True)\n    input()\n"
    )
    (tmp_path / "cluster.py").write_text(code)
    command = [sys.executable, str(tmp_path / "cluster.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdout is not None
        run = start(f"dask:{cluster.stdout.readline().strip()}", "time.sleep(1)")
        _wait_for(tmp_path / "log", 5)
        cluster.kill()
        _, said = run.communicate(timeout=600)
    assert run.returncode == 1
    assert "Traceback" not in said
    assert "finished pairs are kept" in said.splitlines()[-1]
    rows = RunFolder(tmp_path / "out" / "scenes" / "mine").rows()
    assert 1 <= len(rows) < 8
    assert {row.status for row in rows.values()} == {"ok"}
    assert start("threads", "time.sleep(1)").wait(300) == 0
