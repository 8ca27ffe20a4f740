"""Who does the work: threads or processes here, or a cluster, all as a `concurrent.futures.Executor`."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..errors import FusionBenchError, InputError, RunError, one_line
from ..foreign.contained import begin
from .cluster import Cluster, dask, slurm
from .cores import share
from .workers import WorkerEndedError, WorkerPool

TRIES = 3  # how many processes have to end at something before it is to blame, and not who ended them
LOOK = 5.0  # seconds without a result, after which it is asked whether there can be one
T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def make_executor(kind: str = "threads", workers: int = 1, logs: Path = Path("slurm")) -> Iterator[Executor]:
    """Open an executor, and close it and its connection at the end.

    Parameters
    ----------
    kind : "threads", "processes", "dask:ADDRESS" for the scheduler of a cluster ("dask:tcp://host:8786"), whose
        workers must see the same files, or "slurm:partition=gpu,jobs=8" for jobs of SLURM, see `cluster.slurm`.
    workers : how many pairs are worked on at once; a cluster has its own number.
    logs : where jobs of SLURM write.

    Raises
    ------
    InputError
        Another kind, fewer than one worker, or a cluster is asked for and not there.
    """
    if workers < 1:
        raise InputError(f"--workers {workers}: at least one worker is needed")
    if kind == "threads":
        with ThreadPoolExecutor(workers, thread_name_prefix="pair", initializer=partial(share, workers)) as pool:
            yield pool
    elif kind == "processes":
        with WorkerPool(workers, partial(prepare_worker, workers)) as processes:
            yield processes
    elif kind.startswith("dask:"):
        with dask(kind.removeprefix("dask:")) as cluster:
            yield cluster
    elif kind == "slurm" or kind.startswith("slurm:"):
        with slurm(kind.removeprefix("slurm").removeprefix(":"), workers, logs) as jobs:
            yield jobs
    else:
        raise InputError(f"unknown executor {kind!r}: there are threads, processes, dask:ADDRESS and slurm")


def prepare_worker(workers: int = 1) -> None:
    """Make a worker process, one of so many, ready for its first task."""
    share(workers, process=True)
    begin()


Job = tuple[Executor, Callable[[Any], Any], Any]  # who does it, a function, and what it is called with


def stream(
    jobs: Iterable[Job],
    ahead: int,
    rescue: Callable[[Any], Iterable[Job]] = lambda item: (),
    interrupted: Callable[[], None] = lambda: None,
) -> Iterator[Any]:
    """Yield what the jobs return, as it comes, with at most `ahead` of them handed out: memory stays flat.

    What a function raises is raised here, and so is an interruption, after the jobs that are being worked on are done.

    Parameters
    ----------
    rescue : says what to do in place of a job whose process ended: other jobs, of its item.
    interrupted : called at an interruption, before the last jobs are done.

    Raises
    ------
    RunError
        The workers cannot be reached, or a process ended whose job cannot be rescued.
    """
    todo, again = iter(jobs), deque[Job]()
    running: dict[Future[Any], tuple[Executor, Any]] = {}
    error: BaseException | None = None
    try:
        while True:
            try:
                while error is None and len(running) < ahead:
                    job = again.popleft() if again else next(todo, None)
                    if job is None:
                        break
                    executor, function, item = job
                    running[executor.submit(function, item)] = executor, item
                if not running:
                    break
                done, _ = wait(running, LOOK, return_when=FIRST_COMPLETED)
                lost = set() if done else {executor for executor, _ in running.values() if _is_lost(executor)}
                if lost:
                    running = {future: given for future, given in running.items() if given[0] not in lost}
                    error = error or CancelledError()
                for future in done:
                    with signals_held():  # what came is taken to its end
                        _, item = running.pop(future)
                        failure = _failure_of(future)
                        if failure is None:
                            yield future.result()
                        elif _process_ended(failure) and (jobs_instead := list(rescue(item))):
                            again.extend(jobs_instead)
                        else:
                            error = error or failure
            except KeyboardInterrupt as interruption:
                error = interruption
                interrupted()
                continue
            except (BrokenExecutor, RuntimeError) as broken:  # Dask's executor raises the latter
                error = broken
                continue
    finally:
        for future in running:  # where nobody wants more of it
            future.cancel()
    if error is not None:
        raise _explained(error)


@contextmanager
def signals_held() -> Iterator[None]:
    """Let signals that Python handles wait until the end of a block, in the main thread, where they would end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, Any]] = []
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [number for name in names if (number := getattr(signal, name, None)) is not None]
    handlers = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}
    for number in handlers:
        signal.signal(number, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        with ExitStack() as stack:  # each is told, also where an earlier one raises; the last that is put is the first
            for number, frame in reversed(came):
                stack.callback(handlers[number], number, frame)


def _is_lost(executor: Executor) -> bool:
    """Whether an executor knows that what it was given will never be done."""
    return isinstance(executor, Cluster) and executor.lost()


def _failure_of(future: Future[Any]) -> BaseException | None:
    try:
        return future.exception()
    except BaseException as cancelled:  # by a scheduler that has gone away
        if isinstance(cancelled, KeyboardInterrupt):
            raise
        return cancelled


def _process_ended(failure: BaseException) -> bool:
    return isinstance(failure, WorkerEndedError) or type(failure).__name__ == "KilledWorker"


def elsewhere(executor: Executor, label: str, function: Callable[..., R], *arguments: Any) -> R:
    """Call a function for a method where the work is done, and wait for it.

    Raises
    ------
    InputError
        The method ended as many processes as are tried.
    RunError
        The worker cannot be reached.
    """
    for tries in range(TRIES, 0, -1):
        try:
            future = executor.submit(function, *arguments)
            while not wait([future], LOOK).done:
                if _is_lost(executor):
                    raise CancelledError
            return future.result()
        except WorkerEndedError as error:
            if tries == 1:
                raise InputError(f"method {label!r} cannot be used: {error}") from error
        except Exception as error:
            raise _explained(error) from error
    raise AssertionError("it returned or raised")


def _explained(error: BaseException) -> BaseException:
    """Turn what a library says of its workers into a sentence."""
    if isinstance(error, FusionBenchError | KeyboardInterrupt):
        return error
    if _process_ended(error):
        return RunError(
            "a worker process ended before its work was done, as happens where memory runs out; finished pairs are "
            "kept: give the same command again, with fewer --workers"
        )
    if "Cancelled" in type(error).__name__ or isinstance(error, ConnectionError | BrokenExecutor | TimeoutError):
        return RunError(
            f"the workers cannot be reached any more ({one_line(error)}); finished pairs are kept, and the same "
            "command goes on, with this cluster or with another --executor"
        )
    return RunError(f"the run had to stop ({one_line(error)}); finished pairs are kept, and the same command goes on")
