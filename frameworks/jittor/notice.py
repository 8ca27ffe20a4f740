"""What the user is told while Jittor starts or compiles, which takes minutes where it is new."""

from __future__ import annotations

import re
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

PATIENCE = 5.0  # seconds before anything is said
_COUNT = re.compile(r"Compiling Operators\((\d+)/(\d+)\)")


class Notice(AbstractContextManager["Notice"]):
    """One sentence, and on a terminal a line that moves; nothing where the wait is short.

    Parameters
    ----------
    what : is going on.
    log : that the compiler writes to.
    compiling : speak only if the log says that something is compiled, and draw no line: this is in the midst of a run,
        which may have a bar of its own.

    Attributes
    ----------
    announced : whether the sentence has been said.
    """

    def __init__(self, what: str, log: Path, compiling: bool = False) -> None:
        self.what, self.log, self.compiling = what, log, compiling
        self._from, self._start = _size(log), time.monotonic()
        self._bar: Any = None
        self.announced = False

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tick(self) -> None:
        """Say where it is, if it is time."""
        if time.monotonic() - self._start < PATIENCE or (self.compiling and not self._count()):
            return
        if not self.announced:
            self.announced = True
            self._begin()
        if self._bar is not None:
            self._bar.update(0, description=f"{self.what}{self._count()}")

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        say(f"{self.what}; where it is new this takes minutes, once on this machine (the log is {self.log})")
        console = Console(stderr=True)
        if console.is_terminal and not self.compiling:
            bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console,
                           transient=True)  # fmt: skip
            bar.add_task(self.what)
            bar.start()
            self._bar = bar

    def _count(self) -> str:
        """Return what the log has said since the start: "" or " (12 of 83)"."""
        with self.log.open("rb") as file:
            file.seek(max(self._from, _size(self.log) - 300))
            counts = _COUNT.findall(file.read().decode(errors="replace"))
        return f" ({counts[-1][0]} of {counts[-1][1]})" if counts else ""


def say(sentence: str) -> None:
    """Say a sentence to whoever sits there."""
    from rich.console import Console

    Console(stderr=True).print(f"fusionbench: {sentence}", highlight=False, soft_wrap=True, markup=False)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
