"""Workers elsewhere: a Dask cluster that is there, or one that SLURM starts for a run, as an `Executor`."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from ..errors import InputError, RunError, one_line, printable
from ..extras import install

_STARTS = 3  # how often a job is started that ends before the run does: by a time limit, or with its node
_WATCHED = 1.0  # seconds between two looks at the jobs
_PATIENCE = 10.0  # seconds that workers have to end by themselves
_DAY = 24 * 60  # minutes
R = TypeVar("R")


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    """Connect to the scheduler of a Dask cluster, whose workers must see the same files.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(f"a Dask cluster needs the extra 'cluster': {install('cluster')}") from error
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address!r} ({error})") from error
    with _executor_of(client) as executor:
        yield executor


@contextmanager
def slurm(settings: str, jobs: int, logs: Path) -> Iterator[Executor]:
    """Start a scheduler here and its workers as jobs of SLURM, and end them with the run.

    Each job is one worker, which keeps its methods from pair to pair. A job that ends before the run does, killed or
    at its time limit, is started again, three times in all; what it was doing is done by another.

    Parameters
    ----------
    settings : "partition=gpu,gpus_per_node=1,jobs=8": what `sbatch` is told, by submitit's names; `jobs` is how many,
        `time` minutes, `host` the address of this machine as the nodes see it. With `cluster=local` the jobs are
        processes of this machine.
    jobs : how many, where the settings say nothing.
    logs : folder for what the jobs write.

    Raises
    ------
    InputError
        A setting is unknown, SLURM or a package is not there, or it takes no jobs.
    RunError
        All jobs ended, each as often as it was started.
    """
    try:
        import submitit
        from distributed import Client, LocalCluster
        from distributed.utils import get_ip
    except ImportError as error:
        raise InputError(f"--executor slurm needs the extra 'slurm': {install('slurm')}") from error
    given = _parse(settings)
    number, kind = int(given.pop("jobs", jobs)), str(given.pop("cluster", "slurm"))
    host = str(given.pop("host", "127.0.0.1" if kind == "local" else get_ip()))
    if number < 1:
        raise InputError("--slurm jobs: at least one job is needed")
    if kind == "slurm" and not shutil.which("sbatch"):
        raise InputError("no SLURM is here: there is no sbatch; --slurm cluster=local tries the same on this machine")
    with _no_logs("distributed"), _no_logs("submitit"):
        try:
            submit = submitit.AutoExecutor(folder=logs, cluster=kind)
            # a worker has signals of its own, and what SLURM's limit cuts off is done by another
            submit.update_parameters(**_parameters(given, kind))
        except (AssertionError, NameError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"--slurm {settings}: {one_line(error)}") from error
        with (
            LocalCluster(
                n_workers=0,
                host=host,
                dashboard_address=None,
                silence_logs=False,
                scheduler_kwargs={"dashboard_address": ":0"},  # its HTTP server, on a port that nobody has
            ) as scheduler,
            Client(scheduler) as client,
            _Jobs(submit, number, client) as watch,
            _executor_of(client) as executor,
        ):
            try:
                yield executor
            except RunError as error:
                if watch.reason:
                    raise RunError(watch.reason) from error
                raise


class _Jobs(threading.Thread):
    """Submits jobs, starts again what ends too early, and cancels what is left."""

    def __init__(self, submit: Any, number: int, client: Any) -> None:
        super().__init__(name="slurm", daemon=True)
        self.reason = ""  # why there are no workers any more
        self._submit, self._client = submit, client
        self._over = threading.Event()
        self._starts = [0] * number
        self._jobs: list[Any] = [None] * number

    def __enter__(self) -> _Jobs:
        try:
            for place in range(len(self._jobs)):
                self._start_job(place)
        except BaseException as error:
            self._cancel()
            if isinstance(error, Exception):
                raise InputError(f"SLURM takes no job: {one_line(error)}") from error
            raise
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        with contextlib.suppress(Exception):  # of a scheduler that is gone
            self._client.shutdown()  # the workers end, and with them their jobs
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and any(job.state == "RUNNING" and not job.done() for job in self._jobs):
            time.sleep(0.1)
        self._cancel()

    def run(self) -> None:
        while not self._over.wait(_WATCHED):
            for place, job in enumerate(self._jobs):
                if self._starts[place] < _STARTS and job.done():
                    with contextlib.suppress(Exception):  # it is tried again
                        self._start_job(place)
            if all(job.done() for job in self._jobs) and min(self._starts) >= _STARTS:
                last = self._jobs[-1]
                self.reason = (
                    f"all jobs ended, each started {_STARTS} times ({_last_line(last)}); what they wrote lies in "
                    f"{last.paths.folder}; finished pairs are kept, and the same command goes on"
                )
                self._client.close(timeout=10)  # nobody waits for them any longer
                return

    def _start_job(self, place: int) -> None:
        self._starts[place] += 1
        self._jobs[place] = self._submit.submit(_work, self._client.scheduler.address)

    def _cancel(self) -> None:
        for job in self._jobs:
            if job is not None and not job.done():
                with contextlib.suppress(Exception):  # it is over
                    job.cancel(check=False)


def _work(address: str) -> None:
    """Be a worker of a scheduler until that closes, in a job."""
    import asyncio

    from distributed import Nanny

    async def serve() -> None:
        # the job's memory is bounded by SLURM; a scheduler that went away ends its workers
        async with Nanny(address, nthreads=1, memory_limit=None, death_timeout=60) as nanny:
            await nanny.finished()

    asyncio.run(serve())


def _last_line(job: Any) -> str:
    written = (job.stderr() or "").strip().splitlines()
    return printable(written[-1]) if written else f"state {job.state}"


def _parse(settings: str) -> dict[str, str | int]:
    given: dict[str, str | int] = {}
    for part in filter(None, settings.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--slurm {part!r}: give NAME=VALUE, as partition=gpu,gpus_per_node=1,jobs=8")
        given[name.strip()] = int(value) if value.strip().isdigit() else value.strip()
    if not isinstance(given.get("jobs", 1), int):
        raise InputError(f"--slurm jobs={given['jobs']}: give a number of jobs")
    return given


def _parameters(given: dict[str, str | int], kind: str) -> dict[str, str | int]:
    """Name the settings as submitit does: what all its clusters have, and what only SLURM has."""
    minutes = given.pop("time", _DAY)
    shared = ("gpus_per_node", "cpus_per_task", "mem_gb", "nodes", "tasks_per_node", "name")
    own = {name if name in shared else f"slurm_{name}": value for name, value in given.items()}
    return {"name": "fusionbench", "timeout_min" if kind == "local" else "slurm_time": minutes, **own}


class Cluster(Executor):
    """The workers of a Dask client, which tells when it waits for what will never come."""

    def __init__(self, client: Any) -> None:
        self._client, self._executor = client, client.get_executor(pure=False)
        self._given: WeakSet[Any] = self._executor._futures  # those of Dask, as long as anybody waits for them

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Give a task to whoever is free."""
        future: Future[R] = self._executor.submit(fn, *args, **kwargs)
        return future

    def lost(self) -> bool:
        """Whether the scheduler went away, and with it what a task would have returned.

        A client that loses its scheduler cancels what it was given, but for a task that is given at that moment: it
        forgets that one, and whoever waits for it waits on.
        """
        known = self._client.futures
        return any(future.status == "pending" and future.key not in known for future in list(self._given))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: who waits for a task has its future, and the client is closed after this."""


@contextmanager
def _executor_of(client: Any) -> Iterator[Executor]:
    with _no_logs("distributed"):  # which would show what is said in a sentence
        try:
            yield Cluster(client)
        finally:
            with contextlib.suppress(Exception):  # of a scheduler that is gone
                client.close(timeout=10)


@contextmanager
def _no_logs(package: str) -> Iterator[None]:
    """Let a package log nothing."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == package]
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
