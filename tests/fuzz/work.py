"""A process that reads damaged files, watched by another, which outlives its crashes and hangs."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from fusionbench.errors import FusionBenchError

from .damage import damage
from .readers import Reader

VALUE, OURS, UNCLEAR, OTHER = "value", "our error", "unclear", "other error"
CRASH, HANG, MEMORY = "crash", "hang", "memory"
OUTCOMES = (VALUE, OURS, UNCLEAR, OTHER, CRASH, HANG, MEMORY)
FAULTS = OUTCOMES[2:]
SECONDS = 10  # for an input
PREPARE = 300  # seconds, in which libraries are imported
GROWTH = 2**30  # bytes that an input may cost
_ROOM = 4 * 2**30  # of addresses: what is asked for and not used costs nothing, but more may end the machine
_UNIT = 1 if sys.platform == "darwin" else 1024  # of the peak that the system tells


@dataclass(frozen=True)
class Outcome:
    """How the reading of an input ended, in words where it is a fault."""

    kind: str
    text: str = ""


class Worker:
    """Reads damaged files in a process of its own, which is started again when it ends.

    Parameters
    ----------
    folder : for its files.
    seed : of the damage.
    readers : by name.
    """

    def __init__(self, folder: Path, seed: int, readers: Mapping[str, Reader]) -> None:
        self._arguments = folder, seed, readers
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")  # nothing here has threads before readers are called
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        self._process.start()
        theirs.close()
        self._ready: set[str] = set()

    def _stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def read(self, reader: str, number: int) -> Outcome:
        """Damage a file of a reader, and read it; the number says how it is damaged.

        Raises
        ------
        RuntimeError
            The reader does not read what is valid: then no damage tells anything.
        """
        if reader not in self._ready:
            if (valid := self._ask(reader, -1, PREPARE)).kind != VALUE:
                raise RuntimeError(f"{reader} does not read its own files: {valid.kind}: {valid.text}")
            self._ready.add(reader)
        return self._ask(reader, number, SECONDS)

    def _ask(self, reader: str, number: int, seconds: float) -> Outcome:
        try:
            self._pipe.send((reader, number))
            outcome = self._wait(seconds, watched=number >= 0)
        except (EOFError, OSError):
            self._process.join()
            outcome = Outcome(CRASH, f"the process ended with {self._process.exitcode}")
        if outcome.kind in (CRASH, HANG, MEMORY):  # the peak of memory never falls
            self._stop()
            self._start()
        return outcome

    def _wait(self, seconds: float, *, watched: bool) -> Outcome:
        """Wait for an answer, but not for what grows: on a machine short of memory that takes longer than a hang."""
        end, before = time.monotonic() + seconds, self._peak()
        while not self._pipe.poll(min(0.2, max(0.0, end - time.monotonic()))):
            if watched and (grown := self._peak() - before) > GROWTH:
                return Outcome(MEMORY, f"{grown / 2**30:.1f} GB")
            if time.monotonic() > end:
                return Outcome(HANG, f"no answer in {seconds:g} s")
        answer: Outcome = self._pipe.recv()
        return answer

    def _peak(self) -> int:
        """The most memory that the process had, as seen from outside; 0 where the system does not tell."""
        status = Path(f"/proc/{self._process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _serve(pipe: Connection, folder: Path, seed: int, readers: Mapping[str, Reader]) -> None:
    """Answer until the pipe closes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries in C complain there
    warnings.simplefilter("ignore")
    files: dict[str, dict[Path, bytes]] = {}
    while True:
        try:
            name, number = pipe.recv()
        except EOFError:
            return
        reader = readers[name]
        if number < 0:
            try:
                files[name] = _prepare(reader, folder / name)
                pipe.send(_read_valid(reader, list(files[name])))
            except Exception:
                pipe.send(Outcome(OTHER, traceback.format_exc()))
            _limit_addresses()
        else:
            pipe.send(_read_damaged(reader, files[name], Random(f"{seed} {name} {number}")))


def _prepare(reader: Reader, folder: Path) -> dict[Path, bytes]:
    """Make the valid files, in a folder that is the current one when they are read."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.chdir(folder)
    return {path: path.read_bytes() for path in reader.make(folder)}


def _read_valid(reader: Reader, paths: list[Path]) -> Outcome:
    outcomes = [_read(reader, path) for path in paths]
    wanted = OURS if reader.refused else VALUE
    return next((outcome for outcome in outcomes if outcome.kind != wanted), Outcome(VALUE))


def _read_damaged(reader: Reader, files: dict[Path, bytes], random: Random) -> Outcome:
    path = random.choice(list(files))
    way = reader.deep if reader.deep is not None and random.random() < 0.5 else damage
    path.write_bytes(way(files[path], random))
    before = _peak()
    outcome = _read(reader, path)
    path.write_bytes(files[path])
    if _peak() - before > GROWTH:
        return Outcome(MEMORY, f"{(_peak() - before) / 2**30:.1f} GB")
    return outcome


def _read(reader: Reader, path: Path) -> Outcome:
    try:
        reader.read(path)
    except FusionBenchError as error:
        clear = "\n" not in str(error) and reader.place(path) in str(error)
        return Outcome(OURS if clear else UNCLEAR, str(error))
    except MemoryError:
        return Outcome(MEMORY, traceback.format_exc())
    except BaseException:
        return Outcome(OTHER, traceback.format_exc())
    return Outcome(VALUE)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def _limit_addresses() -> None:
    """Let what is asked for in vain end in a MemoryError, where the system tells how much is in use."""
    used = Path("/proc/self/statm")
    if used.exists():
        pages = int(used.read_text().split()[0])
        limit = pages * resource.getpagesize() + _ROOM
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
