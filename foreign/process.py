"""Somebody's program: its command line, and one start of it, on a leash, with a time limit."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import string
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, RunError, SetupError
from ..files import is_file
from .leash import leash

_KEPT = 1 << 16  # bytes of what a command says
_TICK = 1.0  # seconds
_INTERPRETERS = re.compile(r"(python|pypy|perl|ruby|julia|node|octave|Rscript|bash|sh|zsh|dash)[\d.]*(\.exe)?")
_SCRIPTS = (".py", ".sh", ".m", ".pl", ".jl", ".R", ".rb", ".js")


def split_command(command: str, needed: Sequence[str], places: Sequence[str]) -> list[str]:
    """Split a command into words, and check its places."""
    try:
        words = shlex.split(command)
        named = {field for word in words for _, field, _, _ in string.Formatter().parse(word) if field is not None}
    except ValueError as error:
        raise InputError(f"cannot read the command {command!r}: {error}") from error
    wanted = [f"{{{key}}}" for key in needed]
    if missing := [place for key, place in zip(needed, wanted, strict=True) if key not in named]:
        raise InputError(
            f"the command {command!r} lacks {', '.join(missing)}: it needs {', '.join(wanted[:-1])} and {wanted[-1]}"
        )
    if strange := sorted(named.difference(places)):
        allowed = ", ".join(f"{{{key}}}" for key in places)
        raise InputError(f"the command {command!r} has {{{strange[0]}}}, which is none of {allowed}")
    return words


def check_program(words: Sequence[str]) -> None:
    """Make sure that a command can be started; a word with a place (`{a}`) is not looked at."""
    program = words[0]
    if "{" in program:
        return
    if shutil.which(program) is None:
        raise InputError(_not_there(program))
    if problem := _interpreter(Path(shutil.which(program) or program)):
        raise InputError(f"the command's program {program} cannot be started: {problem}")
    if _INTERPRETERS.fullmatch(Path(program).name):
        script = next((word for word in words[1:] if not word.startswith("-")), "")
        if script.endswith(_SCRIPTS) and "{" not in script and not is_file(script):
            raise InputError(f"the command names the script {script}, which is not in {Path.cwd()}: give its path")


def _not_there(program: str) -> str:
    path = Path(program)
    if path.is_dir():
        return f"the command's program {program} is a folder: name the program in it"
    if len(path.parts) > 1 and is_file(path):
        before = "python " if path.suffix == ".py" else ""
        return f"the command's program {program} may not be executed: chmod +x it, or write {before or 'sh '}{program}"
    if is_file(path):
        return f"the command's program {program} is not on the PATH: write ./{program}, or an interpreter before it"
    where = "there" if len(path.parts) > 1 else "on the PATH"
    return f"the command's program {program!r} is not {where}: install it, or give its path"


def _interpreter(path: Path) -> str:
    """Say what is wrong with the first line of a script; "" for what is none, or may be right."""
    if os.name != "posix":
        return ""
    try:
        with path.open("rb") as file:
            start = file.read(256)
    except OSError:  # may be executed, and not read
        return ""
    if start.startswith(b"#!"):
        named = start[2:].partition(b"\n")[0].split()
        if named and not Path(os.fsdecode(named[0])).exists():
            return f"its first line names {os.fsdecode(named[0])}, which is not there"
        return ""
    text = b"\0" not in start and bool(start.strip())
    return "it is text without a first line that names its interpreter, like #!/bin/sh" if text else ""


def run_command(
    words: Sequence[str], folder: Path, timeout: float, tick: Callable[[], None] = lambda: None, advice: str = ""
) -> str:
    """Run a command to its end, and return the last line that it wrote to standard error.

    Parameters
    ----------
    words : the program and its arguments; no shell sees them.
    folder : in which it runs.
    timeout : seconds; then it is killed, with all its children.
    tick : called every second.
    advice : what to do where it takes too long.

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
            more = f"; {advice}" if advice else ""
            raise RunError(f"the command took longer than {timeout:g} s{more}") from None
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
