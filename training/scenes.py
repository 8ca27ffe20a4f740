"""What shows the same scene stays together: a pair is never measured on that shares a file with one learnt from."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..datasets.h5pairs import image_at
from .patches import TrainingPair

_Pair = TypeVar("_Pair", bound=TrainingPair[Any])


def hold_out(pairs: Sequence[_Pair], part: float, seed: int) -> tuple[list[_Pair], list[_Pair]]:
    """Split pairs into those to learn from and those to measure on; which ones depends on the seed alone.

    Whole scenes are dealt out, those of each task (or tasks, of which several pairs were made) apart, so that no file
    is in both parts, and what is held out shows every task. Split before pairs are sorted into stages.

    Parameters
    ----------
    pairs : of all data sets.
    part : how much of the scenes of each task is held out: unless it is 0, one at least, and never all.

    Examples
    --------
    >>> pairs = [TrainingPair(str(i), "IVF", lambda rng: None) for i in range(10)]
    >>> [len(half) for half in hold_out(pairs, 0.2, seed=0)]
    [8, 2]
    """
    kinds: dict[frozenset[str], list[list[int]]] = defaultdict(list)
    for scene in _scenes(pairs):
        kinds[frozenset(pairs[i].task for i in scene)].append(scene)
    chosen: set[int] = set()
    for scenes in kinds.values():
        count = min(max(round(part * len(scenes)), 1 if part else 0), len(scenes) - 1)
        for place in np.random.default_rng([seed, 99]).permutation(len(scenes))[:count]:
            chosen.update(scenes[place])
    return [pair for i, pair in enumerate(pairs) if i not in chosen], [pairs[i] for i in sorted(chosen)]


def _scenes(pairs: Sequence[_Pair]) -> list[list[int]]:
    """Group the places of pairs that share anything, directly or through others, in the order of the first of each."""
    parent = list(range(len(pairs)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    first: dict[str, int] = {}
    for i, pair in enumerate(pairs):
        for key in pair.scenes or (pair.name,):
            one, other = root(first.setdefault(key, i)), root(i)
            parent[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = defaultdict(list)
    for i in range(len(pairs)):
        groups[root(i)].append(i)
    return list(groups.values())


def file_keys(*files: Path) -> tuple[str, ...]:
    """Name files so that one file has one name: symbolic links are followed, and hard links have one more name."""
    keys = []
    for file in files:
        stored = image_at(file)
        place, rest = (stored.file, f"/{stored.group}/{stored.name}") if stored else (file, "")
        keys.append(f"{os.path.realpath(place)}{rest}")
        status = place.stat()
        if status.st_nlink > 1:
            keys.append(f"{status.st_dev}:{status.st_ino}{rest}")
    return tuple(keys)
