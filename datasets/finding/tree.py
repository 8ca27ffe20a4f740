"""Data sets in arrangements of no fixed form: both sources in one folder, or in many folders below one another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ..pair import Task
from .layouts import SPLITS, Files, Found, Layout, below, images_in, join
from .names import alike, cores
from .words import TRUTH, WORDS

_MOST = 5000  # folders; who has more says where the sources lie
_SIDES = ("a", "b", "truth")


def find_in_tree(root: Path, tasks: Sequence[Task]) -> tuple[Task | None, Found | None]:
    """Look for sources by the words in the names of folders and of images, anywhere below a folder.

    `x_rgb.png` with `x_th.png`, `x.png` with `x_th.png`, `set00/V000/lwir/1.png` with `set00/V000/visible/1.png`,
    `car/ir.png` with `car/vi.png`: without the word of its source, and without the split, a path is the name of the
    pair. The task is that of which most names have both sources.

    Returns
    -------
    task, found
        None, where nothing has a partner.
    """
    paths = [path for folder in islice(below(root), _MOST) for path in images_in(folder)]
    best: tuple[int, Task | None, Found | None] = (0, None, None)
    for task in tasks if paths else ():
        sides = _sort(root, paths, task)
        if not (sides["a"].paths and sides["b"].paths):
            continue
        words = {
            side: sorted({path.parent for files in sides[side].paths.values() for path in files})[0] for side in "ab"
        }
        found = join(root, Layout(str(words["a"]), str(words["b"])), sides["a"], sides["b"], sides["truth"])
        count = len(found.a.paths.keys() & found.b.paths.keys())
        if count > best[0]:
            best = (count, task, found)
    return best[1], best[2]


def _sort(root: Path, paths: Sequence[Path], task: Task) -> dict[str, Files]:
    """Sort images by the source that they are of; those that tell none are left out."""
    words = dict(zip(_SIDES, (*WORDS[task], TRUTH if task in ("MEF", "MFF") else ()), strict=True))
    sides, plain = {side: Files() for side in _SIDES}, Files()
    for path in paths:
        *folders, _ = path.relative_to(root).parts
        split = next((folder.casefold() for folder in folders if folder.casefold() in SPLITS), None)
        kept = [folder for folder in folders if folder.casefold() not in SPLITS]
        told = _told(kept, path.stem, words)
        if told is not None:
            sides[told[0]].add(told[1], split, path)
        else:
            plain.add("/".join([*kept, path.stem]), split, path)
    lone = [side for side in "ab" if not sides[side].paths]
    if len(lone) == 1:  # only one source's names have a word: the other's are the same without
        (side,), (other,) = lone, set("ab") - set(lone)
        plain.paths = {name: files for name, files in plain.paths.items() if name in sides[other].paths}
        sides[side] = plain
    return sides


def _told(folders: list[str], name: str, words: dict[str, tuple[str, ...]]) -> tuple[str, str] | None:
    """Say which source a path is of, and its name without the word that says so; the deepest word counts."""
    parts = [*folders, name]
    for place in range(len(parts) - 1, -1, -1):
        found = [(side, rest) for side in words for rest in _rest(parts[place], words[side])]
        if place == len(parts) - 1 and any(_rest(part, words["a"] + words["b"]) for part in folders):
            continue  # the folders say it; the word in the name comes off when the sides are joined
        if len({side for side, _ in found}) == 1:
            side, rest = found[0]
            return side, "/".join(part for part in (*parts[:place], rest, *parts[place + 1 :]) if part)
        if found:
            return None
    return None


def _rest(part: str, words: tuple[str, ...]) -> list[str]:
    """Return what is left of a part without the word of its source: nothing, where it is the word."""
    return [""] if alike(part) in words else list(cores(part, words))[:1]
