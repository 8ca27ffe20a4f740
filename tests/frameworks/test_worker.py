"""The worker's process: played by small scripts where Jittor need not be there; what is said where it is missing."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.errors import InputError, RunError
from fusionbench.frameworks.jittor import environment, notice, worker
from fusionbench.frameworks.jittor.pipe import Answer, Config, Hello, Seconds
from fusionbench.frameworks.jittor.proxy import JittorModel
from fusionbench.frameworks.jittor.worker import Worker
from fusionbench.methods import get_method
from fusionbench.training import train

NONE = Seconds(0.0, 0.0, 0.0)
HELLO = Hello("1.3.11.0", "1.26.4", onednn=True, device="cpu", threads=1, sound=True, seconds=NONE)
START = """
import os, pickle, sys, time
def say(message): os.write(1, message if isinstance(message, bytes) else pickle.dumps(message))
def times():
    with open("starts", "a") as file: file.write("x")
    return os.path.getsize("starts")
hello = pickle.load(open("hello", "rb"))
answers = pickle.load(open("answers", "rb"))
requests = os.fdopen(0, "rb")
"""
SERVE = """
say(hello)
for answer in answers:
    pickle.load(requests)
    say(answer)
"""
Play = Callable[..., Worker]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Make a worker whose process is a script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JITTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(environment, "require", lambda: "1.3.11.0")

    def make(script: str, hello: Hello = HELLO, answers: tuple[Any, ...] = (), **options: Any) -> Worker:
        (tmp_path / "hello").write_bytes(pickle.dumps(hello))
        (tmp_path / "answers").write_bytes(pickle.dumps(answers))
        monkeypatch.setattr(worker, "COMMAND", (sys.executable, "-c", START + script))
        return Worker(**options)

    return make


def test_without_jittor_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "installed", lambda: None)
    monkeypatch.setitem(sys.modules, "jittor", None)  # an import of it fails
    message = r"Jittor is not installed: .*pip install 'fusionbench-suite\[jittor\]'"
    with pytest.raises(InputError, match=message):
        get_method("film[backend=jittor]")
    with pytest.raises(InputError, match=message):
        _ = Worker().hello
    with pytest.raises(InputError, match=message):
        train(method="film", backend="jittor", dataset="sample", validation=0.0, out=tmp_path)
    assert not (tmp_path / "film").exists()
    assert get_method("film").options["backend"] == "torch"


def test_what_goes_with_jittor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "require", lambda: "1.3.11.0")
    with pytest.raises(InputError, match="mathematics=native is for backend=jittor"):
        get_method("film[mathematics=native]")
    for options, message in (
        ({"backend": "jitter"}, "did you mean 'jittor'"),
        ({"backend": "jittor", "devices": 2}, "one device"),
        ({"backend": "jittor", "precision": "bf16-mixed"}, "in 32-true"),
        ({"backend": "jittor", "device": "mps"}, "the devices cpu and cuda here, not on 'mps'"),
    ):
        with pytest.raises(InputError, match=message):
            train(method="film", dataset="sample", validation=0.0, out=tmp_path, **options)


def test_calls_and_answers(play: Play, tmp_path: Path) -> None:
    """Jittor ends with code 0 when it has compiled a part of itself, and wants to be started again."""
    seconds = Seconds(1.5, 1.0, 0.5)
    answers = (Answer(None, NONE, "KeyError: 'x'"), Answer(None, NONE), Answer([np.zeros((2, 2))], seconds))
    with play("if times() < 3: sys.exit(0)\n" + SERVE, answers=answers) as played:
        assert played.hello == HELLO
        assert (tmp_path / "starts").read_text() == "xxx"
        with pytest.raises(RunError, match=r"Jittor 1.3.11.0 failed at 'make': KeyError: 'x'; its log is"):
            JittorModel(played, {}, Config((16, 16)))
        model = JittorModel(played, {"x": np.ones(3, np.float32)}, Config((16, 16)))
        assert model.forward([])[0].shape == (2, 2)
        assert model.seconds == {"make": [NONE], "forward": [seconds]}
        process = played._process
        assert process is not None
    assert process.poll() is not None


@pytest.mark.parametrize(("code", "starts"), [(0, worker.STARTS), (1, 1)])
def test_it_is_not_started_for_ever(play: Play, tmp_path: Path, code: int, starts: int) -> None:
    played = play(f"times(); print('no g++', file=sys.stderr); sys.exit({code})")
    with pytest.raises(RunError, match=r"Jittor does not start; `fusionbench doctor jittor` .* its log is"):
        _ = played.hello
    assert (tmp_path / "starts").read_text() == starts * "x"
    assert played.log is not None
    assert played.log.read_text() == starts * "no g++\n"


def test_what_comes_up_is_looked_at(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"does not get the arrays of numpy 2.1.0: install both"):
        _ = play(SERVE, replace(HELLO, sound=False, numpy="2.1.0")).hello
    with pytest.raises(InputError, match="finds no CUDA here; leave --device cuda out"):
        _ = play(SERVE, device="cuda").hello
    with play(SERVE, replace(HELLO, onednn=False)) as played:
        assert not played.hello.onednn
    assert "without oneDNN here, which takes 14 to 50 times as long: `fusionbench doctor" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("sys.exit(3)", "ended with code 3 doing 'make'"),
        ("os.kill(os.getpid(), 11)", "ended by SIGSEGV doing 'make'"),
        ("os.kill(os.getpid(), 9)", r"ended by SIGKILL \(the memory may be full\) doing"),
        ("say(pickle.dumps(answers)[:-9])", "ended with code 0"),
    ],
)
def test_a_death_is_reported_with_the_log(play: Play, script: str, message: str) -> None:
    with (
        play(f"say(hello)\npickle.load(requests)\n{script}", answers=("a message that is cut off",)) as played,
        pytest.raises(RunError, match=f"{message}.*; its log is .*logs/.*log"),
    ):
        JittorModel(played, {}, Config((16, 16)))


def test_an_interrupted_call_ends_the_process(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    played = play("say(hello)\ntime.sleep(60)")
    _ = played.hello
    process = played._process
    assert process is not None

    def interrupt(self: notice.Notice) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(notice.Notice, "tick", interrupt)
    with pytest.raises(KeyboardInterrupt):
        JittorModel(played, {}, Config((16, 16)))
    assert process.poll() is not None
    assert not Path(f"/proc/{process.pid}").exists() or process.returncode == -9


def test_a_long_wait_is_announced_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    log.write_text("Compiling Operators(3/3) of an earlier call")
    with notice.Notice("Jittor compiles", log, compiling=True) as short:
        short.tick()
    monkeypatch.setattr(notice, "PATIENCE", 0.0)
    with notice.Notice("Jittor compiles", log, compiling=True) as message:
        message.tick()
        assert capsys.readouterr().err == ""
        with log.open("a") as file:
            file.write("\rCompiling Operators(12/83) used: 5s")
        message.tick()
        message.tick()
        assert message._count() == " (12 of 83)"
    assert capsys.readouterr().err.count(f"the log is {log}") == 1


def test_old_logs_go(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for i in range(30):
        (folder / f"2020-01-01_00-00-{i:02}_1.log").touch()
    new = worker._new_log(tmp_path)
    assert new.match(f"logs/{time.strftime('%Y')}-*{os.getpid()}.log")
    assert len(list(folder.iterdir())) == worker.LOGS
    assert (folder / "2020-01-01_00-00-29_1.log").exists()


@pytest.mark.jittor
def test_a_worker_that_dies() -> None:
    """Its death is told with the log; the next model gets a new process."""
    from fusionbench.methods.film.network import FilmNetwork

    network, pair = FilmNetwork((16, 32)), (*np.zeros((2, 16, 32), np.float32), np.zeros((1, 768), np.float32))
    with Worker(threads=1) as worker:
        model = JittorModel(worker, network, Config((16, 32)))
        assert worker._process is not None
        os.kill(worker._process.pid, signal.SIGKILL)
        with pytest.raises(RunError, match=r"ended by SIGKILL .*; its log is .*\.log"):
            model.forward([pair])
        with pytest.raises(RunError, match="failed at 'forward'"):  # the new process does not know the old one's
            model.forward([pair])
        assert JittorModel(worker, network, Config((16, 32))).forward([pair])[0].shape == (16, 32)


INTERRUPTED = """
import os, signal, sys, time
from fusionbench.frameworks.jittor.worker import Worker
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell has put the tests into the background
with Worker(threads=1) as worker:
    worker.hello
    print(worker._process.pid, flush=True)
    if len(sys.argv) > 1:
        os.kill(worker._process.pid, signal.SIGSTOP)
    time.sleep(60)
"""


@pytest.mark.jittor
@pytest.mark.parametrize(("kind", "state"), [(signal.SIGINT, []), (signal.SIGTERM, []), (signal.SIGKILL, ["stopped"])])
def test_no_orphan(kind: signal.Signals, state: list[str]) -> None:
    """However the process ends that had started it, the worker ends as well, even if it cannot notice that itself."""
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *state], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            process.send_signal(kind)
            process.wait(60)
        finally:
            process.kill()  # else, after a failure, the test of somebody else would be told of it
    limit = time.monotonic() + 30
    while (alive := Path(f"/proc/{pid}/stat").exists()) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not alive
