"""Which pairs a method is fusing just now; those of a process that died are known to the next one."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from ..files import writing

_FOLDER = ".fusing"


@contextlib.contextmanager
def fusing(run: Path, pair: str) -> Iterator[None]:
    """Leave a mark in the folder of a run while a pair is fused; it stays where the process ends in between."""
    mark = run / _FOLDER / hashlib.sha256(pair.encode()).hexdigest()[:16]
    with writing(mark):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_bytes(pair.encode())
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def unfinished(run: Path) -> set[str]:
    """Name the pairs at which a process ended that wrote to the folder, and which nobody has fused since."""
    marks = sorted((run / _FOLDER).glob("*"))
    names = set()
    for mark in marks:
        with contextlib.suppress(OSError):
            names.add(mark.read_bytes().decode(errors="replace"))
    return names


def clear(run: Path) -> None:
    """Remove the folder of the marks where there is none."""
    with contextlib.suppress(OSError):
        (run / _FOLDER).rmdir()
