"""How the commands print."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(width: int = 200) -> Console:
    """Standard output; a file or a pipe gets lines of `width`, not those of a narrow terminal."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=width)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows of text under their heads."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(heads))
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    console().print(shown)
