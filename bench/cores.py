"""How many pairs are worked on at once, and how many threads each may start: together they take the cores there are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..methods import Method

_PACKAGE = __name__.split(".", maxsplit=1)[0]
_GROUPS = Path("/sys/fs/cgroup")
_OF_A_NETWORK = 2 * 2**30  # bytes that a network may take for a pair, with the libraries' own
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # what libraries ask for that are loaded later


def cores(groups: Path = _GROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Count the cores that this process may use: those of its affinity, and not more than its control group has."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([here, *map(int, _quotas(groups, own))]))


def _quotas(groups: Path, own: Path) -> Iterable[float]:
    """List the processor time a second of a process's control group and of those above it, of either version."""
    for name, folder in _folders(groups, own):
        try:
            if name == "cpu.max":
                quota, period = (folder / name).read_text(encoding="ascii").split()
            else:
                quota = (folder / name).read_text(encoding="ascii").strip()
                period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
            if quota.isdigit():  # neither "max" nor "-1", which are no limit
                yield int(quota) / int(period)
        except (OSError, ValueError):
            continue


def _folders(groups: Path, own: Path) -> Iterable[tuple[str, Path]]:
    """List the folders of the process's control group and of those above it, each with the name of the limit there."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top, name = (groups / "cpu", "cpu.cfs_quota_us") if controllers else (groups, "cpu.max")
        folder = Path(place.lstrip("/"))
        for each in (folder, *folder.parents):  # a container may see its own group as the top
            yield name, top / each


def default_workers(methods: Iterable[Method], executor: str) -> int:
    """Choose how many pairs to work on at once: as many as there are cores; of networks, as many as memory takes.

    Somebody's own code works on one, for nothing tells whether it bears company; a cluster has its own number.
    """
    chosen = list(methods)
    if executor not in ("threads", "processes") or not all(map(is_ours, chosen)):
        return 1
    number = cores()
    if number > 1 and any(method.learned and method.computes for method in chosen):
        import psutil

        number = min(number, int(psutil.virtual_memory().available // _OF_A_NETWORK))
    return max(1, number)


def is_ours(method: Method) -> bool:
    """Whether the code of a method is this package's, and no command."""
    return type(method).__module__.startswith(f"{_PACKAGE}.") and method.name != "cmd"


def wished_threads() -> int | None:
    """How many threads OMP_NUM_THREADS asks for; None where it asks for none."""
    wish = os.environ.get("OMP_NUM_THREADS", "")
    return int(wish) or None if wish.isdecimal() else None


def share(workers: int, process: bool = False) -> None:
    """Leave the cores to the workers: libraries that start threads of their own would fight over them.

    BLAS has one thread, which also fixes the order of its sums, and OpenCV one; torch has what its worker's share is,
    or fewer where OMP_NUM_THREADS says so.

    Parameters
    ----------
    workers : how many of them share the cores.
    process : whether this process is a worker's own, in which torch may be loaded later.
    """
    import cv2
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
    cv2.setNumThreads(1)
    threads = max(1, cores() // workers)
    threads = min(threads, wished_threads() or threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
    elif process:
        os.environ.update(dict.fromkeys(_THREADS, str(threads)))
