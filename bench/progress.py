"""How a long run tells where it is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Speed(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = f"{task.speed:.1f}" if task.speed else "–"
        return Text(f"{speed} {self._unit}/s", style="progress.data.speed")


class Reporter:
    """Counts pairs, or what else a run does; use as a context manager.

    Parameters
    ----------
    console : where to write. On a terminal a bar is drawn with pairs per second and the time left; elsewhere a line
        is printed at most every `interval` seconds, and one at the end.
    total, done : how many pairs there are, and how many of them need no work.
    interval : seconds between two lines.
    unit : what is counted.
    """

    def __init__(self, console: Console, total: int, done: int = 0, interval: float = 5.0, unit: str = "pairs") -> None:
        self._console, self._total, self._interval, self._unit = console, total, interval, unit
        self._done = self._before = done
        self._start = self._last = time.monotonic()
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(None),
                MofNCompleteColumn(),
                _Speed(unit),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=console,
                expand=True,
            )
            self._task = self._bar.add_task("", total=total, completed=done)

    def __enter__(self) -> Reporter:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        elif kind is None:
            self._line("done")

    def advance(self, count: int, text: str) -> None:
        """Say that `count` more pairs are done, the last of them `text`."""
        self._done += count
        if self._bar:
            self._bar.update(self._task, advance=count, description=text[:40])
        elif time.monotonic() - self._last >= self._interval:
            self._last = time.monotonic()
            self._line(text)

    def _line(self, text: str) -> None:
        elapsed = time.monotonic() - self._start
        speed = (self._done - self._before) / elapsed if elapsed else 0.0
        left = (self._total - self._done) / speed if speed else 0.0
        self._console.print(
            f"{self._done}/{self._total} {self._unit}, {speed:.1f} {self._unit}/s, {left:.0f} s left: {text}",
            highlight=False,
        )
