"""The process that Jittor lives in, seen from outside.

Jittor does not share a process well: what it compiles flushes small numbers to zero for numpy and torch, too, it takes
over the signals, and it prints. So it gets one of its own, for a whole run, and arrays go there and back over pipes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from ...errors import InputError, RunError
from . import environment
from .notice import Notice, say
from .pipe import Answer, Hello, Request, Seconds, send

LOGS = 20  # of earlier workers, that stay
STARTS = 6  # how often Jittor may ask to be started again
COMMAND = (sys.executable, "-P", "-m", f"{__package__}.inside")
SLOW = (
    "Jittor computes without oneDNN here, which takes 14 to 50 times as long: "
    "`fusionbench doctor jittor --fix` sets it up"
)


class Worker:
    """A process with Jittor in it; started at the first call, and again after `close`. Calls come one at a time.

    Parameters
    ----------
    onednn : compute with oneDNN; None does where it is there.
    threads : of OpenMP; None takes OMP_NUM_THREADS, or all cores.
    device : "cpu", which "auto" means as well, or "cuda".

    Attributes
    ----------
    log : where the running worker's compiler, and its errors, are written.

    Raises
    ------
    InputError
        Jittor computes on no such device.
    """

    def __init__(self, onednn: bool | None = None, threads: int | None = None, device: str = "cpu") -> None:
        if device not in ("cpu", "auto", "cuda"):
            raise InputError(f"Jittor computes on the devices cpu and cuda here, not on {device!r}: leave --device out")
        self.device = "cuda" if device == "cuda" else "cpu"
        self._settings = (onednn, threads, self.device == "cuda")
        self._announced = False
        self._lock = threading.RLock()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._hello: Hello | None = None
        self._finish: Callable[[], object] = lambda: None
        self.log: Path | None = None

    @property
    def hello(self) -> Hello:
        """What the worker is; starts it if need be.

        Raises
        ------
        InputError
            Jittor is not installed, or does not fit numpy.
        RunError
            It does not start.
        """
        with self._lock:
            if self._hello is None:
                self._start()
            assert self._hello is not None
            return self._hello

    def call(self, model: int, method: str, *arguments: Any) -> tuple[Any, Seconds]:
        """Have something done; see `Request`.

        Raises
        ------
        RunError
            It failed, or the process ended.
        """
        with self._lock:
            hello = self.hello
            assert self._process is not None
            try:
                answer = self._exchange(self._process, Request(model, method, arguments), f"doing {method!r}")
            except BaseException:  # an answer that nobody has taken would be the next call's
                self.close(kill=True)
                raise
            if answer.error is not None:
                raise RunError(f"Jittor {hello.version} failed at {method!r}: {answer.error}; its log is {self.log}")
            return answer.value, answer.seconds

    def new_number(self) -> int:
        """Give a number to a model that is to be made."""
        return next(self._numbers)

    def close(self, kill: bool = False) -> None:
        """End the process, and the compilers that it may have started."""
        with self._lock:
            process, self._process, self._hello = self._process, None, None
            if process is not None:
                _end(process, kill)
                self._finish()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        version = environment.require()
        onednn, threads, cuda = self._settings
        surroundings = environment.environment(onednn, threads, cuda)
        if cuda:
            surroundings["FUSIONBENCH_JITTOR_CUDA"] = "1"
        folder = environment.home()
        folder.mkdir(parents=True, exist_ok=True)
        self.log = _new_log(folder)
        with Notice(f"Jittor {version} starts", self.log) as notice, _alone(folder, notice):
            for _ in range(STARTS):
                self._process = _spawn(self.log, surroundings)
                self._finish = weakref.finalize(self, _end, self._process, True)
                try:
                    self._hello = _receive(self._process, notice)
                except EOFError:
                    if _code(self._process) != 0:  # else: "jit_utils updated, please rerun your command."
                        break
                except BaseException:
                    self.close(kill=True)
                    raise
                else:
                    return self._check(self._hello, cuda)
        self.close(kill=True)
        raise RunError(
            f"Jittor does not start; `fusionbench doctor jittor` says what is wrong, and its log is {self.log}"
        )

    def _check(self, hello: Hello, cuda: bool) -> None:
        if not hello.sound:
            self.close()
            raise InputError(
                f"Jittor {hello.version} does not get the arrays of numpy {hello.numpy}: install both with "
                f"{environment.INSTALL}"
            )
        if cuda and hello.device != "cuda":
            self.close()
            raise InputError("Jittor finds no CUDA here; leave --device cuda out")
        if not hello.onednn and hello.device == "cpu":
            say(SLOW)

    def _exchange(self, process: subprocess.Popen[bytes], request: Request, doing: str) -> Answer:
        assert process.stdin is not None
        assert self.log is not None
        try:
            send(process.stdin, request)
            with Notice("Jittor compiles what it has not met before", self.log, compiling=True) as notice:
                notice.announced = self._announced
                answer: Answer = _receive(process, notice)
                self._announced = notice.announced
        except (EOFError, BrokenPipeError) as error:
            raise RunError(f"Jittor's process ended {_how(_code(process))} {doing}; its log is {self.log}") from error
        return answer


@contextlib.contextmanager
def _alone(folder: Path, notice: Notice) -> Iterator[None]:
    """Let one process of this Python start at a time: two that compile Jittor's core are in each other's way."""
    python = hashlib.sha256(sys.prefix.encode()).hexdigest()[:8]  # each has a part of the folder to itself
    lock = FileLock(folder / f"start-{python}.lock")
    while not lock.is_locked:
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0.5)
        notice.tick()
    try:
        yield
    finally:
        lock.release()


def _spawn(log: Path, surroundings: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C is for this process, which then ends that one and all of its compilers.
    with log.open("ab") as file:
        return subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, env=surroundings,
            start_new_session=True,
        )  # fmt: skip


def _receive(process: subprocess.Popen[bytes], notice: Notice) -> Any:
    """Wait for a message; EOFError where the process ends without one."""
    assert process.stdout is not None
    while not _ready(process.stdout):
        if process.poll() is not None and not _ready(process.stdout, 0.0):
            raise EOFError
        notice.tick()
    try:
        return pickle.load(process.stdout)
    except pickle.UnpicklingError as error:  # half of a message
        raise EOFError from error


def _ready(pipe: IO[bytes], seconds: float = 0.5) -> bool:
    return bool(select.select([pipe], [], [], seconds)[0])


def _code(process: subprocess.Popen[bytes]) -> int:
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(10)
    return -signal.SIGKILL


def _how(code: int) -> str:
    if code >= 0:
        return f"with code {code}"
    name = signal.Signals(-code).name
    return f"by {name} (the memory may be full)" if name == "SIGKILL" else f"by {name}"


def _end(process: subprocess.Popen[bytes], kill: bool) -> None:
    """End a worker: by telling it that nothing more comes, or at once with all that it has started."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    if not kill:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def _new_log(folder: Path) -> Path:
    """Choose a new log, and remove the oldest."""
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    for old in sorted(logs.glob("*.log"))[:-LOGS]:
        old.unlink(missing_ok=True)
    return logs / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{os.getpid()}.log"
