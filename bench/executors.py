"""Who does the work: threads or processes here, or a Dask cluster, all as a `concurrent.futures.Executor`."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import FusionBenchError, InputError, RunError, one_line

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def make_executor(kind: str = "threads", workers: int = 1) -> Iterator[Executor]:
    """Open an executor, and close it and its connection at the end.

    Parameters
    ----------
    kind : "threads", "processes", or "dask:ADDRESS" for the scheduler of a cluster ("dask:tcp://host:8786"), whose
        workers must see the same files.
    workers : how many pairs are worked on at once; a cluster has its own number.

    Raises
    ------
    InputError
        Another kind, fewer than one worker, or Dask is asked for and not installed or not there.
    """
    if workers < 1:
        raise InputError(f"--workers {workers}: at least one worker is needed")
    if kind == "threads":
        with ThreadPoolExecutor(workers, thread_name_prefix="pair", initializer=_quiet) as pool:
            yield pool
    elif kind == "processes":
        # fork would copy the threads' locks of OpenCV and torch in whatever state they are
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_quiet) as processes:
            yield processes
    elif kind.startswith("dask:"):
        with _dask(kind.removeprefix("dask:")) as client:
            yield client.get_executor(pure=False)
    else:
        raise InputError(f"unknown executor {kind!r}: there are threads, processes and dask:ADDRESS")


def _dask(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("a Dask cluster needs the extra 'cluster': pip install 'fusionbench[cluster]'") from error
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address!r} ({error})") from error


def _quiet() -> None:
    """Leave the cores to the workers: libraries that start threads of their own would fight over them.

    One thread also fixes the order of BLAS's sums, so that the values do not depend on the number of workers.
    """
    import cv2
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
    cv2.setNumThreads(1)


def stream(executor: Executor, function: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[R]:
    """Yield `function(item)` as results come, with at most `ahead` items handed out: memory stays flat.

    What `function` raises is raised here, after the items that are being worked on are done.

    Raises
    ------
    RunError
        A worker ended, or cannot be reached.
    """
    todo = iter(items)
    running: set[Future[R]] = set()
    error: BaseException | None = None
    while True:
        while error is None and len(running) < ahead:
            try:
                item = next(todo)
            except StopIteration:
                break
            try:
                running.add(executor.submit(function, item))
            except (BrokenExecutor, RuntimeError) as broken:  # Dask's executor raises the latter
                error = broken
        if not running:
            break
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            failure = future.exception()
            if failure is None:
                yield future.result()
            else:
                error = error or failure
    if error is not None:
        raise _explained(error)


def elsewhere(executor: Executor, function: Callable[..., R], *arguments: Any) -> R:
    """Call a function where the work is done, and wait for it.

    Raises
    ------
    RunError
        The worker ended, or cannot be reached.
    """
    try:
        return executor.submit(function, *arguments).result()
    except Exception as error:
        raise _explained(error) from error


def _explained(error: BaseException) -> BaseException:
    """Turn what a library says of its workers into a sentence."""
    if isinstance(error, FusionBenchError) or not isinstance(error, Exception):
        return error
    if isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker":
        return RunError(
            "a worker process ended before its pair was done, as happens where memory runs out; finished pairs are "
            "kept: give the same command again, with fewer --workers"
        )
    return RunError(f"the run had to stop ({one_line(error)}); finished pairs are kept, and the same command goes on")
