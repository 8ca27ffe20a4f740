"""One start of somebody's program: on a leash, with a time limit, and what it said at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...errors import RunError, SetupError
from ...leash import leash

_KEPT = 1 << 16  # bytes of what a command says
_TICK = 1.0  # seconds


def run_command(words: Sequence[str], folder: Path, timeout: float, tick: Callable[[], None] = lambda: None) -> str:
    """Run a command to its end, and return the last line that it wrote to standard error.

    Parameters
    ----------
    words : the program and its arguments; no shell sees them.
    folder : in which it runs.
    timeout : seconds; then it is killed, with all its children.
    tick : called every second.

    Raises
    ------
    RunError
        It cannot be started (from a `SetupError`), took too long, or ended with another exit code than 0.
    """
    end = time.monotonic() + timeout
    with leash() as environment:
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env=environment,
                cwd=folder,
            )
        except (OSError, ValueError) as error:
            sentence = f"the command {words[0]!r} cannot be started: {getattr(error, 'strerror', None) or error}"
            raise RunError(sentence) from SetupError(sentence)  # no pair will do better
        output = _Tail(process.stderr)
        try:
            code = _wait(process, end, tick)
        except subprocess.TimeoutExpired:
            raise RunError(f"the command took longer than {timeout:g} s; [timeout=…] allows more") from None
        finally:
            _kill(process)
    said = output.last_line()
    if code:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        missing = ImportError(said) if said.startswith(("ModuleNotFoundError:", "ImportError:")) else None
        raise RunError(f"the command ended with {how}: {said or 'it wrote nothing to standard error'}") from missing
    return said


def _wait(process: subprocess.Popen[bytes], end: float, tick: Callable[[], None]) -> int:
    while (left := end - time.monotonic()) > _TICK:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(_TICK)
        tick()
    return process.wait(max(left, 0.0))


class _Tail(threading.Thread):
    """Reads what a command writes, however much, and keeps the end of it."""

    def __init__(self, stream: Any) -> None:
        super().__init__(daemon=True)
        self._stream, self._end = stream, b""
        self.start()

    def run(self) -> None:
        """Read until nobody holds the other end any more."""
        with self._stream:
            while block := self._stream.read1(_KEPT):
                self._end = (self._end + block)[-_KEPT:]

    def last_line(self) -> str:
        """Give the last line that is not empty; not later than a second after the command's end."""
        self.join(1.0)
        lines = [line.strip() for line in self._end.decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it started: they share a process group of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
