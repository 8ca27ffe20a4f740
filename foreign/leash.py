"""Processes on a leash: whatever a command or a worker has started ends with it, and with this process.

Each finds a word of its own in its environment, which its children inherit, also those that leave its session; by that
they are found. Beside this process another one waits for its end, however that comes, and then ends what is left. It is
this file, run as a script: it imports nothing of the package.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator

import psutil

NAME = "FUSIONBENCH_COMMAND"
_ROUNDS = 5  # of looking for what was started while others were ended
_lock = threading.Lock()
_guards: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}  # by process: a fork has none of its own yet


@contextlib.contextmanager
def leash() -> Iterator[dict[str, str]]:
    """Give the environment for a command; at the end, every process that has it is killed."""
    word = f"{_guarded_word()}-{uuid.uuid4().hex[:12]}"
    try:
        yield {**os.environ, NAME: word}
    finally:
        kill(word)


def mark() -> None:
    """Put a word into the environment of this process, so that a worker that is started from now on ends with it.

    It stays there: threads that come and go with it would meet.
    """
    os.environ[NAME] = f"{_guarded_word()}-worker"


def kill(word: str) -> None:
    """Kill the processes of this user whose word begins so."""
    for _ in range(_ROUNDS):
        alive = [process for process in psutil.process_iter() if _has(process, word)]
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not alive:
            return


def _has(process: psutil.Process, word: str) -> bool:
    try:
        return process.environ().get(NAME, "").startswith(word) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):  # another user's, or gone
        return False


def _guarded_word() -> str:
    """Return what the words of this process begin with, with a process that waits for its end."""
    with _lock:
        if os.getpid() not in _guards:
            word = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
            guard = subprocess.Popen(
                [sys.executable, "-I", __file__, word],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            _guards[os.getpid()] = word, guard
            atexit.register(guard.communicate)
        return _guards[os.getpid()][0]


if __name__ == "__main__":
    sys.stdin.buffer.read()  # to the end of the process that holds the other end
    kill(sys.argv[1])
