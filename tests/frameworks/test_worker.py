"""What holds without Jittor: what is said where it is missing, and the process around it, played by small scripts."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fusionbench.errors import InputError, RunError
from fusionbench.frameworks.jittor import environment, waiting, worker
from fusionbench.frameworks.jittor.messages import Answer, Config, Hello, Took
from fusionbench.frameworks.jittor.remote import JittorModel
from fusionbench.frameworks.jittor.worker import Worker
from fusionbench.methods import get_method
from fusionbench.training import train

NONE = Took(0.0, 0.0, 0.0)
HELLO = Hello("1.3.11.0", "1.26.4", "3.11", onednn=True, device="cpu", threads=1, sound=True, took=NONE)
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
def without_jittor(monkeypatch: pytest.MonkeyPatch) -> None:
    found = metadata.version

    def version(name: str) -> str:
        if name == "jittor":
            raise metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setitem(sys.modules, "jittor", None)  # an import of it fails


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Make a worker whose process is a script."""
    monkeypatch.setenv("JITTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(environment, "require", lambda: "1.3.11.0")

    def make(script: str, hello: Hello = HELLO, answers: tuple[Any, ...] = (), **options: Any) -> Worker:
        (tmp_path / "hello").write_bytes(pickle.dumps(hello))
        (tmp_path / "answers").write_bytes(pickle.dumps(answers))

        def spawn(log: Path, surroundings: dict[str, str]) -> subprocess.Popen[bytes]:
            with log.open("ab") as file:
                return subprocess.Popen(
                    [sys.executable, "-c", START + script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file,
                    env=surroundings, cwd=tmp_path, start_new_session=True,
                )  # fmt: skip

        monkeypatch.setattr(worker, "_spawn", spawn)
        return Worker(**options)

    return make


def test_without_jittor_it_says_what_to_install(without_jittor: None, tmp_path: Path) -> None:
    told = r"Jittor is not installed: .*pip install 'fusionbench\[jittor\]'"
    with pytest.raises(InputError, match=told):
        get_method("film[backend=jittor]")
    with pytest.raises(InputError, match=told):
        _ = Worker().hello
    path = tmp_path / "toy.h5"
    with h5py.File(path, "w") as file:
        for name in "ab":
            file[f"imageA/{name}"] = file[f"imageB/{name}"] = np.zeros((1, 16, 16), np.float32)
            file[f"text/{name}"] = np.zeros((1, 2, 768), np.float32)
    with pytest.raises(InputError, match=told):
        train(method="film", backend="jittor", dataset=path, validation=0.0, settings={"grid": "16x16"}, out=tmp_path)
    assert not (tmp_path / "film").exists()
    assert get_method("film").options["backend"] == "torch"


def test_what_goes_with_jittor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "require", lambda: "1.3.11.0")
    with pytest.raises(InputError, match="mathematics=native is for backend=jittor"):
        get_method("film[mathematics=native]")
    for given, told in (
        ({"mathematics": "native"}, "--jittor-native needs --backend jittor"),
        ({"backend": "jitter"}, "did you mean 'jittor'"),
        ({"backend": "jittor", "devices": 2}, "one device"),
        ({"backend": "jittor", "precision": "bf16-mixed"}, "in 32-true"),
        ({"backend": "jittor", "device": "mps"}, "the devices cpu and cuda here, not on 'mps'"),
    ):
        with pytest.raises(InputError, match=told):
            train(method="film", dataset="sample", validation=0.0, out=tmp_path, **given)
    with pytest.raises(InputError, match="u2fusion is trained with torch only: leave --backend jittor out"):
        train(method="u2fusion", backend="jittor", dataset="sample", out=tmp_path)


def test_calls_and_answers(play: Play) -> None:
    took = Took(1.5, 1.0, 0.5)
    state = {"x": np.ones(3, np.float32)}
    made = play(SERVE, answers=(Answer(None, NONE), Answer([np.zeros((2, 2), np.float32)], took)))
    with made:
        assert made.hello == HELLO
        model = JittorModel(made, state, Config((16, 16)))
        assert model.forward([])[0].shape == (2, 2)
        assert model.took == {"make": [NONE], "forward": [took]}
        process = made._process
        assert process is not None
    assert process.poll() is not None


def test_it_is_started_again_as_often_as_it_asks_for(play: Play, tmp_path: Path) -> None:
    """Jittor ends with code 0 when it has compiled a part of itself."""
    with play("if times() < 3: sys.exit(0)\n" + SERVE) as made:
        assert made.hello == HELLO
    assert (tmp_path / "starts").read_text() == "xxx"


def test_it_is_not_started_for_ever(play: Play, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"Jittor does not start; `fusionbench doctor jittor` .* its log is"):
        _ = play("times()").hello
    assert len((tmp_path / "starts").read_text()) == worker.STARTS
    (tmp_path / "starts").unlink()
    made = play("times(); print('no g++', file=sys.stderr); sys.exit(1)")
    with pytest.raises(RunError, match="Jittor does not start"):
        _ = made.hello
    assert len((tmp_path / "starts").read_text()) == 1
    assert made.log is not None
    assert made.log.read_text() == "no g++\n"


def test_a_wrong_numpy_is_refused(play: Play) -> None:
    with pytest.raises(InputError, match=r"does not get the arrays of numpy 2.1.0: install both"):
        _ = play(SERVE, replace(HELLO, sound=False, numpy="2.1.0")).hello
    with pytest.raises(InputError, match="finds no CUDA here; leave --device cuda out"):
        _ = play(SERVE, device="cuda").hello


def test_the_slow_way_is_announced(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    with play(SERVE, replace(HELLO, onednn=False)) as made:
        assert not made.hello.onednn
    assert "without oneDNN here, which takes 14 to 50 times as long: `fusionbench doctor" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("sys.exit(3)", "ended with code 3 doing 'make'"),
        ("os.kill(os.getpid(), 11)", "ended by SIGSEGV doing 'make'"),
        ("os.kill(os.getpid(), 9)", r"ended by SIGKILL \(the memory may be full\) doing"),
        ("say(pickle.dumps(answers)[:-9])", "ended with code 0"),
    ],
)
def test_a_death_is_told_with_the_log(play: Play, script: str, told: str) -> None:
    with (
        play(f"say(hello)\npickle.load(requests)\n{script}", answers=("a message that is cut off",)) as made,
        pytest.raises(RunError, match=f"{told}.*; its log is .*logs/.*log"),
    ):
        JittorModel(made, {}, Config((16, 16)))


def test_an_error_is_told_and_the_worker_goes_on(play: Play) -> None:
    answers = (Answer(None, NONE, "KeyError: 'x'"), Answer(None, NONE))
    with play(SERVE, answers=answers) as made:
        with pytest.raises(RunError, match=r"Jittor 1.3.11.0 failed at 'make': KeyError: 'x'; its log is"):
            JittorModel(made, {}, Config((16, 16)))
        JittorModel(made, {}, Config((16, 16)))


def test_an_interrupted_call_ends_the_process(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    made = play("say(hello)\ntime.sleep(60)")
    _ = made.hello
    process = made._process
    assert process is not None

    def interrupt(self: waiting.Waiting) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting.Waiting, "tick", interrupt)
    with pytest.raises(KeyboardInterrupt):
        JittorModel(made, {}, Config((16, 16)))
    assert process.poll() is not None
    assert not Path(f"/proc/{process.pid}").exists() or process.returncode == -9


def test_a_long_wait_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    log.write_text("Compiling Operators(3/3) of an earlier call")
    with waiting.Waiting("Jittor compiles", log, compiling=True) as short:
        short.tick()
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    with waiting.Waiting("Jittor compiles", log, compiling=True) as silent:
        silent.tick()
    assert capsys.readouterr().err == ""
    with waiting.Waiting("Jittor compiles", log, compiling=True) as told:
        with log.open("a") as file:
            file.write("\rCompiling Operators(12/83) used: 5s")
        told.tick()
        told.tick()
        assert told._counted() == " (12 of 83)"
    assert capsys.readouterr().err.count(f"the log is {log}") == 1


def test_old_logs_go(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for i in range(30):
        (folder / f"2020-01-01_00-00-{i:02}_1.log").touch()
    new = worker._new_log(tmp_path)
    assert new.parent == folder
    assert str(os.getpid()) in new.name
    assert new.name.startswith(time.strftime("%Y"))
    assert len(list(folder.iterdir())) == worker.KEPT
    assert (folder / "2020-01-01_00-00-29_1.log").exists()
