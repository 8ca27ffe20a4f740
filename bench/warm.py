"""Getting ready what a learned method does once, so that it is not in the seconds of the first pair."""

from __future__ import annotations

import contextlib
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..errors import FusionBenchError
from .measure import SMALL, scene

if TYPE_CHECKING:
    from ..methods import Method

_done: WeakKeyDictionary[Method, set[str]] = WeakKeyDictionary()
_one_at_a_time = Lock()


def warm_up(method: Method, task: str) -> None:
    """Fuse a small pair of a task, once for each method here: it imports libraries and loads weights.

    A method without weights needs none of this. What goes wrong is left for the pairs to say.
    """
    if not (method.learned and method.computes):
        return
    with _one_at_a_time:
        known = _done.setdefault(method, set())
        if task not in known:
            known.add(task)
            _fuse(method, task)


def _fuse(method: Method, task: str) -> None:
    from ..methods import fuse_pair

    small = scene((SMALL, SMALL), task)
    with contextlib.suppress(FusionBenchError):
        fuse_pair(method, small.a, small.b, small)  # type: ignore[arg-type]
