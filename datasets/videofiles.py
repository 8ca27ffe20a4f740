"""Videos in a folder: which two belong together."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .finding.names import natural
from .finding.search import files, find_in_tree
from .finding.sources import DatasetFiles, SourceFiles, join
from .pair import Pair, Task
from .spec import TASKS, Layout
from .videos import ENDINGS, is_video_name, pairs_of_videos


def find_videos(path: Path, a: str | None, b: str | None, task: Task | None) -> list[Pair]:
    """List the frames of the videos in a folder; nothing where there are none.

    Parameters
    ----------
    a, b : two videos, or two folders of them with equal names; None where the words of the sources in their names and
        folders tell, as in ir.mp4 with vi.mp4, or ir/street.mp4 with vi/street.mp4.
    task : infrared and visible, where nobody says another, and no word tells one.

    Raises
    ------
    InputError
        A video has no partner, cannot be read, or differs from its partner in the number or the rate of frames.
    """
    if a is None or b is None:
        found, there = find_in_tree(path, [task] if task else TASKS, ENDINGS)
        return _pairs(there, found) if found and there else []
    if is_video_name(a) and is_video_name(b):
        return pairs_of_videos(path / a, path / b, task or "IVF")
    first, second = (files(path, f"{place}/{{name}}", ENDINGS) for place in (a, b))
    if not first.paths or not second.paths:
        return []
    return _pairs(join(path, Layout(a, b), first, second, SourceFiles()), task or "IVF")


def _pairs(there: DatasetFiles, task: Task) -> list[Pair]:
    """List the pairs of all videos, one sequence after the other."""
    names = sorted({*there.a.paths, *there.b.paths}, key=natural)
    pairs: list[Pair] = []
    for name in names:
        a, b = (side.paths.get(name, []) for side in (there.a, there.b))
        if len(a) != 1 or len(b) != 1:
            counts = f"{len(a)} videos of source a and {len(b)} of source b"
            raise InputError(f"{there.root} has {counts} called {name!r}: there has to be one of each")
        pairs += pairs_of_videos(a[0], b[0], task, name if len(names) > 1 else "")
    return pairs
