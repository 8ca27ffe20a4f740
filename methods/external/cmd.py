"""A command line that fuses one pair of files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ...datasets.images import write
from ...datasets.pair import Pair
from ...errors import InputError, RunError
from ...files import is_file
from ...foreign.process import check_program, run_command, split_command
from ..method import Gray, Image, Method, Quantise
from ._fused import read_fused

ADVICE = "[timeout=…] allows more"


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
        self._words, self._start = split_command(command, self.needed, self.places), Path.cwd()
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
        check_program(self._words)

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
            words = [word.format(**places) for word in self._words]
            said = run_command(words, self._start, self.timeout, advice=ADVICE)
            if not files["out"].is_file():
                raise RunError(f"the command wrote no image to {{out}}: {said or 'and nothing to standard error'}")
            return read_fused(files["out"])
