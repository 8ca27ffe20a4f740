"""Worker processes: each does what it is handed; one that ends costs what it was doing, and nothing else."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from types import ModuleType
from typing import Any, TypeVar

from ..errors import one_line
from ..foreign.leash import mark

R = TypeVar("R")
_STARTING = threading.Lock()


def ending(code: int) -> str:
    """Say how a process ended.

    Examples
    --------
    >>> ending(3), ending(-11)
    ('exit code 3', 'signal 11, SIGSEGV')
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        name = f", {signal.Signals(-code).name}"
    except ValueError:
        name = ""
    return f"signal {-code}{name}" + (", as happens where memory runs out" if code == -signal.SIGKILL else "")


class WorkerEndedError(Exception):
    """The process that did something ended before it was done.

    Attributes
    ----------
    code : its exit code; what ended by a signal has the signal's number, and a minus before it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"a process ended ({ending(code)})")
        self.code = code


class Worker:
    """A process of its own that calls functions, one after the other; started when it is first needed.

    Parameters
    ----------
    initializer : called in the process before anything else.
    """

    def __init__(self, initializer: Callable[[], None]) -> None:
        self._initializer = initializer
        self._process: Any = None
        self._pipe: Connection | None = None
        self._main = False  # whether the user's script is in the process

    def call(self, function: Callable[..., R], *arguments: Any) -> R:
        """Call a function in the process, and wait for what it returns or raises.

        Raises
        ------
        WorkerEndedError
            The process ended; the next call starts another one.
        """
        work = bytes(ForkingPickler.dumps((function, arguments)))  # what cannot be pickled is no fault of the process
        main = b"__main__" in work
        if self._pipe is None or not self._process.is_alive() or (main and not self._main):
            self._start(main)
        assert self._pipe is not None
        try:
            self._pipe.send_bytes(work)
            result, error = self._answer()
        except (EOFError, ConnectionError) as gone:
            self._process.join()
            code = self._process.exitcode
            self.close()
            raise WorkerEndedError(code) from gone
        if error is not None:
            raise error
        returned: R = result
        return returned

    def _answer(self) -> tuple[Any, BaseException | None]:
        """Wait for the answer; what the process started may hold its pipes open when it is gone."""
        assert self._pipe is not None
        while not self._pipe.poll(1.0):
            if not self._process.is_alive() and not self._pipe.poll():
                raise EOFError
        answer: tuple[Any, BaseException | None] = self._pipe.recv()
        return answer

    def close(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _start(self, main: bool) -> None:
        """Start the process, with the user's script in it only where something of it is needed.

        The script would run again there, and start what it starts, unless that stands below `if __name__ == ...`.
        """
        self.close()
        # fork would copy the threads' locks of OpenCV and torch in whatever state they are
        spawn = multiprocessing.get_context("spawn")
        self._pipe, other = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(other, self._initializer))
        import cv2  # noqa: F401 - its import changes sys.path for a moment, which a process would take along

        mark()
        with contextlib.nullcontext() if main else _without_main():
            self._process.start()
        self._main = main
        other.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """Let a process that starts know no script: it takes what stands in its place as the main module."""
    with _STARTING:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _serve(pipe: Connection, initializer: Callable[[], None]) -> None:
    """Do what comes through the pipe until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, all processes get it: the parent sees to the rest
    initializer()
    while True:
        try:
            work = pipe.recv_bytes()
        except EOFError:
            return
        answer: tuple[Any, BaseException | None]
        try:
            function, arguments = pickle.loads(work)
            answer = function(*arguments), None
        except BaseException as error:  # whatever it is, the parent has to hear of it
            answer = None, error
        try:
            pipe.send(answer)
        except BrokenPipeError:
            return
        except Exception as error:  # it cannot be pickled
            pipe.send((None, RuntimeError(one_line(answer[1] or error))))


class WorkerPool(ThreadPoolExecutor):
    """An executor of worker processes, each with a thread here that hands it work and sees when it ends.

    Parameters
    ----------
    workers : how many.
    initializer : called in each process before anything else.
    """

    def __init__(self, workers: int, initializer: Callable[[], None]) -> None:
        super().__init__(workers, thread_name_prefix="worker")
        self._initializer_of_workers = initializer
        self._of_thread = threading.local()
        self._all: list[Worker] = []

    def submit(self, function: Callable[..., R], /, *arguments: Any, **named: Any) -> Future[R]:
        """Hand a function to the next process that is free."""
        assert not named
        return super().submit(self._call, function, *arguments)

    def _call(self, function: Callable[..., R], *arguments: Any) -> R:
        worker = getattr(self._of_thread, "worker", None)
        if worker is None:
            worker = self._of_thread.worker = Worker(self._initializer_of_workers)
            self._all.append(worker)
        return worker.call(function, *arguments)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what is being done, and end the processes."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        while self._all:
            self._all.pop().close()
