"""Methods that fuse all pairs at once, before the pairs are scored one by one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from .progress import Reporter
from .ready import ask
from .task import PairTask, to_fuse

if TYPE_CHECKING:
    from ..methods import Method
    from .plan import Trial


def is_whole(method: Method) -> bool:
    """Whether a method fuses all pairs at once."""
    from ..methods import Method

    return type(method).fuse_all is not Method.fuse_all


def fuse_at_once(trials: Sequence[Trial], tasks: Sequence[PairTask], console: Console) -> bool:
    """Let such methods fuse what is left of their data sets; say whether there was one."""
    chosen = [trial for trial in trials if is_whole(trial.method)]
    left = to_fuse(tasks) if chosen else {}
    for trial in chosen:
        mine = {id(task.pair): task for task in left.get(trial.folder.path, ())}
        if not mine:
            continue
        console.print(f"{trial.method.label} on {trial.dataset.label}: {len(mine)} pairs at once", highlight=False)
        with Reporter(console, len(mine)) as reporter:
            ask(
                trial.method, trial.method.fuse_all, [task.pair for task in mine.values()],
                lambda pair, mine=mine: mine[id(pair)].read(), _place(trial), reporter.advance,
            )  # fmt: skip
    return bool(chosen)


def forget(trial: Trial) -> None:
    """Remove what was kept for a run that is stopped; its images are stored."""
    shutil.rmtree(_place(trial), ignore_errors=True)


def _place(trial: Trial) -> Path:
    return trial.folder.path / "at-once"
