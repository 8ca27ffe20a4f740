"""Measuring one method, in a process of its own: time, memory, parameters and operations."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from ..datasets import Pair
from ..errors import FusionBenchError, RunError, one_line
from ..results import Latency
from .cores import cores, wished_threads

if TYPE_CHECKING:
    from torch import nn

    from ..methods import Method

SMALL = 64  # pixels of a side: enough to load every library, too little to count
_LOOK = 0.02  # seconds between two looks at the child processes


@dataclass(frozen=True)
class Job:
    """What to measure: a specification that `get_method` understands or a method, and on what."""

    method: str | Method
    device: str
    size: tuple[int, int]
    task: str
    runs: int
    warmup: int
    threads: int


def measure(job: Job) -> dict[str, Any]:
    """Fuse one pair again and again; nothing else may have been measured in this process.

    Returns
    -------
    dict
        `seconds` of each run after the warm-up, inside the method; `peak_memory` in bytes, None where the system does
        not tell; `parameters` and `flops`, None where there is no network of torch.

    Raises
    ------
    RunError, InputError
        The method failed.
    """
    from ..methods import fuse_pair

    with contextlib.suppress(FusionBenchError):  # a method may refuse small images
        small = scene((min(SMALL, job.size[0]), min(SMALL, job.size[1])), job.task)
        fuse_pair(_make(job), small.a, small.b, small)  # type: ignore[arg-type]
    _use_threads(job.threads)
    pair = scene(job.size, job.task)
    memory = Memory(job.device)
    method = _make(job)
    images: tuple[Any, Any] = (pair.a, pair.b)
    seconds = [fuse_pair(method, *images, pair).seconds for _ in range(job.warmup + job.runs)][job.warmup :]
    method.close()  # a worker process counts once it has ended
    peak = memory.peak()
    parameters, flops = count(method, pair)
    return {"seconds": seconds, "peak_memory": peak, "parameters": parameters, "flops": flops}


def scene(size: tuple[int, int], task: str) -> Pair:
    """Draw a pair of smooth, noisy gray images, (H, W) uint8, always the same ones."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]]
    waves = (np.sin(x / 31 + y / 57), np.cos(x / 23 - y / 41))
    a, b = ((127 + 90 * wave + random.normal(0, 12, size)).clip(0, 255).astype(np.uint8) for wave in waves)
    return Pair("profile", a, b, task)  # type: ignore[arg-type]


def _make(job: Job) -> Method:
    from ..methods import get_method

    return get_method(job.method, device=job.device) if isinstance(job.method, str) else deepcopy(job.method)


def _use_threads(number: int) -> None:
    """Give every library that is loaded by now so many threads."""
    import cv2
    from threadpoolctl import threadpool_limits

    threadpool_limits(number)
    cv2.setNumThreads(number)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(number)


class Memory:
    """The peak of the memory that is taken from now on.

    Of a CUDA device it is what torch allocated for tensors, of the CPU the growth of the process's resident memory,
    with what the largest of its child processes took (a command line is one). What the system says of a child that has
    ended is not less than this process had when it started it, so children are looked at while they run, too.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.before: int | None
        self.children = _children()  # NumPy asks lscpu, when it is imported
        gc.collect()
        if device.startswith("cuda"):
            import torch

            torch.cuda.init()
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
            self.before = torch.cuda.memory_allocated(device)
            return
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)  # what was freed shall not be taken again unseen
        self.forgotten = _forget_peak()
        self.before, self.highest = _status("VmRSS"), _status("VmHWM")
        self.watch = _Watch()

    def peak(self) -> int | None:
        """Bytes at the peak; None where the system does not tell."""
        if self.device.startswith("cuda"):
            import torch

            return int(torch.cuda.max_memory_allocated(self.device)) - (self.before or 0)
        seen, now = self.watch.end(), _status("VmHWM")
        if self.before is None or now is None or not (self.forgotten or now > (self.highest or 0)):
            return None
        ended = _children()
        return max(0, now - self.before) + max(seen, ended if ended > max(self.children, now) else 0)


class _Watch:
    """A thread that looks at the processes that this one has started, again and again, for the most memory of one."""

    def __init__(self) -> None:
        self._seen, self._over = 0, threading.Event()
        self._known = {process.pid for process in psutil.Process().children(recursive=True)}
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(_LOOK):
            pids = {process.pid for process in psutil.Process().children(recursive=True)} - self._known
            self._seen = max([self._seen, *(_status("VmHWM", str(pid)) or 0 for pid in pids)])

    def end(self) -> int:
        """Stop looking; bytes of the largest."""
        self._over.set()
        self._thread.join()
        return self._seen


def _forget_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _status(name: str, process: str = "self") -> int | None:
    """Read a size of a process, in bytes; only Linux tells it."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    sizes = (int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
    return next(sizes, None)


def _children() -> int:
    """Resident memory of the largest child that has ended, in bytes; nought on Windows, which does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return int(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024


def count(method: Method, pair: Pair) -> tuple[int | None, int | None]:
    """Count the parameters of a method's networks and the operations of one pass through them.

    The networks are the torch modules that it keeps as attributes once it has gone through its `dry_run`. FLOPs are
    those of matrix products and convolutions, a multiplication and an addition counting as two, by torch's
    `FlopCounterMode`; all that works pixel by pixel (activations, norms, softmax, sums) is not counted.
    """
    if not method.learned and next(modules(vars(method).values()), None) is None:
        return None, None
    from torch.utils.flop_counter import FlopCounterMode

    from ..methods.colour import luminance

    a, b = (luminance(image)[None, None] for image in (pair.a, pair.b))  # type: ignore[arg-type]
    try:
        with FlopCounterMode(display=False) as counter:
            method.dry_run(a, b, pairs=(pair,))
    except FusionBenchError:
        raise
    except Exception as error:
        raise RunError(f"the operations of {method.label!r} cannot be counted: {one_line(error)}") from error
    parameters = {id(p): p.numel() for module in modules(vars(method).values()) for p in module.parameters()}
    return sum(parameters.values()) or None, int(counter.get_total_flops()) or None


def modules(values: Iterable[Any]) -> Iterator[nn.Module]:
    """Find torch modules among values, and in the lists and dicts among them."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    for value in values:
        if isinstance(value, torch.nn.Module):
            yield value
        elif isinstance(value, dict):
            yield from modules(value.values())
        elif isinstance(value, list | tuple):
            yield from modules(value)


def default_threads() -> int:
    """As many threads as OMP_NUM_THREADS says, or as there are processors for this process."""
    return wished_threads() or cores()


def quartiles(seconds: Sequence[float]) -> Latency:
    """Median and quartiles."""
    low, middle, high = (float(value) for value in np.quantile(seconds, (0.25, 0.5, 0.75)))
    return Latency(median=middle, low=low, high=high)
