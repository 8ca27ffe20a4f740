"""A command line that fuses one pair of files."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import string
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...datasets.images import write
from ...datasets.pair import Pair
from ...errors import InputError, RunError, SetupError
from ...files import is_file
from ...leash import leash
from ..method import Gray, Image, Method, Quantise
from ._fused import read_fused

_PLACES = ("a", "b", "out", "name", "task")
_NEEDED = ("a", "b", "out")
_INTERPRETERS = re.compile(r"(python|pypy|perl|ruby|julia|node|octave|Rscript|bash|sh|zsh|dash)[\d.]*(\.exe)?")
_KEPT = 1 << 16  # bytes of what a command says
_SCRIPTS = (".py", ".sh", ".m", ".pl", ".jl", ".R", ".rb", ".js")


class Command(Method):
    """A command line, run once for each pair: it reads two PNG files and writes one; all of that is in its time.

    The words `{a}`, `{b}` and `{out}` in the command become the paths of the sources and of the fused image to write,
    `{name}` and `{task}` those of the pair. The command is split as a shell would, but no shell runs it, so that no
    file name is ever taken for a command. It runs in the folder in which fusionbench was started.

    Parameters
    ----------
    command : for instance `python fuse.py --ir {a} --vi {b} --out {out}`.
    timeout : seconds for one pair; then it is killed, with all its children.
    """

    name = "cmd"
    reference = "as the origin of the command states"
    quantise: Quantise = "none"

    def __init__(self, command: str, timeout: float = 600.0) -> None:
        self.command, self.timeout = command, timeout
        self._words, self._start = _split(command), Path.cwd()
        if not timeout > 0:
            raise InputError(f"option 'timeout' must be more than 0 seconds, not {timeout}")

    def _default_label(self) -> str:
        scripts = [word for word in self._words if word.endswith((".py", ".sh", ".m", ".pl", ".jl", ".R"))]
        return f"cmd:{Path((scripts or self._words)[0]).stem}"

    def files(self, pair: Pair) -> list[Path]:
        """Name the words of the command that are files: programs, scripts, weights."""
        return [self._start / word for word in self._words if is_file(self._start / word)]

    def check(self, pairs: Sequence[Pair]) -> None:
        """Make sure that there is the program, and its script."""
        _check_program(self._words)

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fail: the command wants files, see `fuse_images`."""
        raise RunError("a command works on whole pairs")

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image:
        """Write the sources as PNG, run the command, and read what it wrote."""
        with tempfile.TemporaryDirectory(prefix="fusionbench-") as folder:
            files = {key: Path(folder) / f"{key}.png" for key in _NEEDED}
            write(files["a"], a)
            write(files["b"], b)
            places = {**{key: str(path) for key, path in files.items()}, "name": pair.name, "task": pair.task}
            said = self._run([word.format(**places) for word in self._words])
            if not files["out"].is_file():
                raise RunError(f"the command wrote no image to {{out}}: {said or 'and nothing to standard error'}")
            return read_fused(files["out"])

    def _run(self, words: list[str]) -> str:
        """Run the command to its end, and return the last line that it wrote to standard error."""
        with leash() as environment:
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    env=environment,
                    cwd=self._start,
                )
            except (OSError, ValueError) as error:
                sentence = f"the command {words[0]!r} cannot be started: {getattr(error, 'strerror', None) or error}"
                raise RunError(sentence) from SetupError(sentence)  # no pair will do better
            output = _Tail(process.stderr)
            try:
                code = process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                raise RunError(f"the command took longer than {self.timeout:g} s; [timeout=…] allows more") from None
            finally:
                _kill(process)
        said = output.last_line()
        if code:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            missing = ImportError(said) if said.startswith(("ModuleNotFoundError:", "ImportError:")) else None
            raise RunError(f"the command ended with {how}: {said or 'it wrote nothing to standard error'}") from missing
        return said


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


def _split(command: str) -> list[str]:
    """Split a command into words, and check its places."""
    try:
        words = shlex.split(command)
        places = {field for word in words for _, field, _, _ in string.Formatter().parse(word) if field is not None}
    except ValueError as error:
        raise InputError(f"cannot read the command {command!r}: {error}") from error
    missing = [f"{{{key}}}" for key in _NEEDED if key not in places]
    if missing:
        raise InputError(f"the command {command!r} lacks {', '.join(missing)}: it needs {{a}}, {{b}} and {{out}}")
    strange = sorted(places.difference(_PLACES))
    if strange:
        allowed = ", ".join(f"{{{key}}}" for key in _PLACES)
        raise InputError(f"the command {command!r} has {{{strange[0]}}}, which is none of {allowed}")
    return words


def _check_program(words: Sequence[str]) -> None:
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


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it started: they share a process group of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
