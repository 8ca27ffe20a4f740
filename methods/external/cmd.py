"""A command line that fuses one pair of files."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import string
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ...datasets.images import write
from ...datasets.pair import Pair
from ...errors import InputError, RunError
from ...files import is_file
from ..method import Gray, Image, Method, Quantise
from ._fused import read_fused
from ._process import run_command

_INTERPRETERS = re.compile(r"(python|pypy|perl|ruby|julia|node|octave|Rscript|bash|sh|zsh|dash)[\d.]*(\.exe)?")
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
    needed: ClassVar[Sequence[str]] = ("a", "b", "out")
    places: ClassVar[Sequence[str]] = ("a", "b", "out", "name", "task")

    def __init__(self, command: str, timeout: float = 600.0) -> None:
        self.command, self.timeout = command, timeout
        self._words, self._start = _split(command, self.needed, self.places), Path.cwd()
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
            files = {key: Path(folder) / f"{key}.png" for key in self.needed}
            write(files["a"], a)
            write(files["b"], b)
            places = {**{key: str(path) for key, path in files.items()}, "name": pair.name, "task": pair.task}
            said = run_command([word.format(**places) for word in self._words], self._start, self.timeout)
            if not files["out"].is_file():
                raise RunError(f"the command wrote no image to {{out}}: {said or 'and nothing to standard error'}")
            return read_fused(files["out"])


def _split(command: str, needed: Sequence[str], places: Sequence[str]) -> list[str]:
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
