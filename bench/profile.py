"""What methods cost: parameters, operations, time and memory, measured and stored for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from pickle import PicklingError
from typing import TYPE_CHECKING, Any

from ..devices.names import check_device
from ..environment import environment
from ..errors import InputError, RunError, one_line
from ..files import check_writable
from ..results import Profile
from ..results.paths import profile_path
from ..results.records import now, read_record, write_record
from ..sizes import parse_size
from .measure import Job, default_threads, measure, quartiles, scene
from .plan import describe_method
from .ready import check_method
from .workers import Worker, WorkerEndedError, ending

if TYPE_CHECKING:
    from ..methods import Method

_SAME = ("method", "size", "device", "machine", "threads", "task", "runs", "warmup")
_VERSIONS = ("fusionbench", "torch", "opencv-python-headless", "numpy")


def profile(
    methods: Sequence[str | Method] | str,
    size: str | tuple[int, int] = (480, 640),
    *,
    device: str = "cpu",
    runs: int = 20,
    warmup: int = 3,
    threads: int | None = None,
    task: str = "IVF",
    out: str | Path = "runs",
    again: bool = False,
    advance: Callable[[str], None] | None = None,
) -> list[Profile]:
    """Measure methods, each in a process of its own, and store a file for each; what is stored is not measured again.

    Parameters
    ----------
    methods : specifications such as "laplacian[levels=5]", or `Method` objects.
    size : (height, width) of the images, or "480x640".
    device : where learned methods compute; others stay on the CPU.
    runs, warmup : how many pairs are fused and timed, and how many before without being timed.
    threads : for the libraries; None takes OMP_NUM_THREADS, or as many as there are processors.
    task : of the pair, for methods that have weights for each.
    out : the folder of the results; see `results`.
    again : measure also what is stored.
    advance : called with the label of each method before it is measured.

    Returns
    -------
    list of Profile
        What is stored, in the order of the methods.

    Raises
    ------
    InputError
        No such method or device, or a size that is none; nothing was measured.
    RunError
        A method failed; those before it are stored.
    """
    height, width = parse_size(size, "--size") if isinstance(size, str) else size
    if min(height, width, runs) < 1 or warmup < 0:
        raise InputError(f"size {height}x{width}, {runs} runs and {warmup} warm-ups: give at least 1, 1 and 0")
    check_device(device)
    from ..methods import get_method

    specs = [methods] if isinstance(methods, str) else list(methods)
    pairs = [(m, get_method(m, device=device) if isinstance(m, str) else m) for m in specs]
    for _, method in pairs:
        if not method.computes:
            raise InputError(f"{method.label} holds images that were fused before: there is nothing to measure in it")
    jobs = [
        (method, Job(spec, method.device, (height, width), task, runs, warmup, threads or default_threads()))
        for spec, method in pairs
    ]
    descriptions = [(_describe(method, job), job) for method, job in jobs]
    check_writable(Path(out))
    for (method, _), (about, job) in zip(jobs, descriptions, strict=True):
        if again or _stored(about, job, Path(out)) is None:
            check_method(method, device, [scene((1, 1), task)])
    return [_one(about, job, Path(out), again, advance) for about, job in descriptions]


def _describe(method: Method, job: Job) -> dict[str, Any]:
    """What is known before anything is measured: fields of the profile."""
    versions = environment()
    return {
        "method": describe_method(method),
        "size": job.size,
        "device": job.device,
        "machine": versions["processor"] if job.device == "cpu" else _card(job.device),
        "threads": job.threads,
        "task": job.task,
        "runs": job.runs,
        "warmup": job.warmup,
        "environment": versions,
    }


def _card(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def _one(about: dict[str, Any], job: Job, out: Path, again: bool, advance: Callable[[str], None] | None) -> Profile:
    if not again and (stored := _stored(about, job, out)) is not None:
        return stored
    label = about["method"].label
    if advance is not None:
        advance(label)
    costs = _apart(label, job)
    seconds = costs["seconds"]
    profile = Profile(
        **about,
        parameters=costs["parameters"],
        flops=costs["flops"],
        latency=quartiles(seconds),
        throughput=len(seconds) / sum(seconds),
        peak_memory=costs["peak_memory"],
        seconds=seconds,
        finished=now(),
    )
    write_record(profile_path(out, label, job.size, job.device), profile)
    return profile


def _stored(about: dict[str, Any], job: Job, out: Path) -> Profile | None:
    """Read what was measured before; None where it was not, or something is different now."""
    stored = read_record(profile_path(out, about["method"].label, job.size, job.device), Profile)
    same = (
        stored is not None
        and all(getattr(stored, name) == about[name] for name in _SAME)
        and all(stored.environment.get(name) == about["environment"].get(name) for name in _VERSIONS)
    )
    return stored if same else None


def _apart(label: str, job: Job) -> dict[str, Any]:
    """Measure in a fresh process: what other methods left in memory would hide what this one takes."""
    worker = Worker(_nothing)
    try:
        return worker.call(measure, job)
    except WorkerEndedError as error:
        raise RunError(f"the process that measured {label!r} ended ({ending(error.code)})") from error
    except MemoryError as error:
        raise RunError(f"there is too little memory to measure {label!r}: choose a smaller --size") from error
    except (TypeError, AttributeError, PicklingError) as error:
        raise RunError(f"{label!r} cannot be measured in a process of its own: {one_line(error)}") from error
    finally:
        worker.close()


def _nothing() -> None:
    """Leave a process as it starts: its threads are counted."""
