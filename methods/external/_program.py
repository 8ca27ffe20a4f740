"""Whether the program of a command, and the script that it is given, are there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError

_INTERPRETERS = re.compile(r"(python|pypy|perl|ruby|julia|node|octave|Rscript|bash|sh|zsh|dash)[\d.]*(\.exe)?")
_SCRIPTS = (".py", ".sh", ".m", ".pl", ".jl", ".R", ".rb", ".js")


def check_program(words: Sequence[str]) -> None:
    """Make sure that a command can be started.

    Parameters
    ----------
    words : of the command; a word with a place (`{a}`) is not looked at.

    Raises
    ------
    InputError
        There is no such program, it may not be executed, or the script that an interpreter is given is not there.
    """
    program = words[0]
    if "{" in program:
        return
    if shutil.which(program) is None:
        raise InputError(_not_there(program))
    if problem := _interpreter(Path(shutil.which(program) or program)):
        raise InputError(f"the command's program {program} cannot be started: {problem}")
    if _INTERPRETERS.fullmatch(Path(program).name):
        script = next((word for word in words[1:] if not word.startswith("-")), "")
        if script.endswith(_SCRIPTS) and "{" not in script and not Path(script).is_file():
            raise InputError(f"the command names the script {script}, which is not in {Path.cwd()}: give its path")


def _not_there(program: str) -> str:
    path = Path(program)
    if path.is_dir():
        return f"the command's program {program} is a folder: name the program in it"
    if len(path.parts) > 1 and path.is_file():
        before = "python " if path.suffix == ".py" else ""
        return f"the command's program {program} may not be executed: chmod +x it, or write {before or 'sh '}{program}"
    if path.is_file():
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
