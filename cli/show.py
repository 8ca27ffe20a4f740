"""How the commands print."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(width: int = 200) -> Console:
    """Standard output; a file or a pipe gets lines of `width`, not those of a narrow terminal."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=width)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], keep: int = 0) -> None:
    """Print rows of text under their heads; the first `keep` columns are not broken into lines."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(heads))
    for place, head in enumerate(heads):
        lines.add_column(head, no_wrap=place < keep)
    for row in rows:
        lines.add_row(*(Text(cell) for cell in row))
    console().print(lines)


@contextlib.contextmanager
def bytes_bar(console: Console, interval: float = 5.0) -> Iterator[Callable[[int, int | None], None]]:
    """Show how a download goes: a bar on a terminal, else a line at most every `interval` seconds.

    Yields
    ------
    A function to be called with the bytes that are there, and those that there will be, or None.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    if not console.is_terminal:
        last = time.monotonic()

        def line(done: int, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last >= interval:
                last = time.monotonic()
                of = f" of {total / 1e6:.1f}" if total else ""
                console.print(f"{done / 1e6:.1f}{of} MB", highlight=False)

        yield line
        return
    columns = (BarColumn(None), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, expand=True, transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
