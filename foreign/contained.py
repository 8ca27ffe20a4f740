"""Calls of somebody's code that leave the process as they found it.

A method may change the folder, the seeds, or what torch computes in, for itself; the methods after it, and those that
work in other threads, must not see it. What a process has only once is put back after each call. Where a call changed
it while others were running, these are made again, and from then on that method works alone.
"""

from __future__ import annotations

import contextlib
import gc
import locale
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..devices import tf32
from .leash import NAME

R = TypeVar("R")
_TORCH_SEED = 67280421310721  # of a generator that nobody has seeded


@dataclass(frozen=True)
class Setting:
    """Something that a process has once: how to read it, and how to put it back.

    `alone` says whether what runs beside sees a change of it in its values; random numbers are drawn from one well by
    all threads anyway.
    """

    read: Callable[[], Any]
    restore: Callable[[Any], object]
    alone: bool = True


def _environment() -> dict[str, str]:
    """Read the environment but for our own word, which another thread may put there."""
    return {name: value for name, value in os.environ.items() if name != NAME}


def _set_environment(values: dict[str, str]) -> None:
    for name in _environment().keys() - values.keys():
        os.environ.pop(name, None)
    os.environ.update(values)


_PROCESS = {
    "folder": Setting(lambda: _current_folder(), os.chdir),
    "locale": Setting(lambda: locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)),
    "arguments": Setting(lambda: list(sys.argv), lambda value: vars(sys).update(argv=list(value))),
    "recursion": Setting(sys.getrecursionlimit, sys.setrecursionlimit),
    "garbage": Setting(gc.isenabled, lambda on: gc.enable() if on else gc.disable(), alone=False),
    "random": Setting(random.getstate, random.setstate, alone=False),
    "numpy.random": Setting(
        lambda: _Seeds(np.random.get_state()),  # noqa: NPY002 - it is this one that scripts seed
        lambda seeds: np.random.set_state(seeds.state),  # noqa: NPY002
        alone=False,
    ),
}
_CALL = {  # what a thread has for itself, and what libraries change when they are imported
    "environment": Setting(_environment, _set_environment),
    "numpy.errors": Setting(np.geterr, lambda value: np.seterr(**value)),
    "streams": Setting(lambda: (sys.stdout, sys.stderr), lambda both: vars(sys).update(stdout=both[0], stderr=both[1])),
}


class _Seeds:
    """The state of NumPy's generator, which holds an array, so that two can be compared."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Seeds):
            return NotImplemented
        pairs = zip(self.state, other.state, strict=True)
        return all(np.array_equal(mine, others) for mine, others in pairs)

    __hash__ = None  # type: ignore[assignment]


def _current_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # somebody deleted it
        return "/"


def _set_all(owner: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(owner, name, value)


def _torch_settings() -> tuple[dict[str, Setting], dict[str, Setting]]:
    """List what torch has once for the process, and once for each thread; nothing before it is imported."""
    torch = sys.modules.get("torch")
    if torch is None or getattr(torch.__spec__, "_initializing", False):  # by another thread, just now
        return {}, {}
    process = {
        "torch.dtype": Setting(torch.get_default_dtype, torch.set_default_dtype),
        "torch.threads": Setting(torch.get_num_threads, torch.set_num_threads),
        "torch.tf32": Setting(tf32.read, tf32.write),
        "torch.deterministic": Setting(torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
        "torch.cudnn": Setting(
            lambda: {name: getattr(torch.backends.cudnn, name) for name in ("benchmark", "deterministic")},
            lambda values: _set_all(torch.backends.cudnn, values),
        ),
        "torch.seeds": Setting(
            lambda: torch.default_generator.get_state().numpy().tobytes(),
            lambda state: torch.default_generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8)),
            alone=False,
        ),
    }
    thread = {
        "torch.device": Setting(
            torch.get_default_device, lambda device: torch.set_default_device(None if device.type == "cpu" else device)
        ),
        "torch.gradient": Setting(torch.is_grad_enabled, torch.set_grad_enabled),
    }
    return process, thread


def _torch_as_imported() -> dict[str, Any]:
    """Say what torch has when nobody has changed anything yet; for one that a method imported."""
    import torch

    return {
        "torch.dtype": torch.float32,
        "torch.tf32": tf32.AS_IMPORTED,
        "torch.deterministic": False,
        "torch.cudnn": {"benchmark": False, "deterministic": False},
        "torch.seeds": torch.Generator().manual_seed(_TORCH_SEED).get_state().numpy().tobytes(),
    }


class Process:
    """What the process has once, as it was when this was made."""

    def __init__(self) -> None:
        self._known = {name: setting.read() for name, setting in (_PROCESS | _torch_settings()[0]).items()}

    def put_back(self) -> bool:
        """Put back what has changed, and say whether something did that others may have seen."""
        settings, seen = _PROCESS | _torch_settings()[0], False
        if any(name not in self._known for name in settings):  # torch was imported since
            self._known = _torch_as_imported() | {"torch.threads": settings["torch.threads"].read()} | self._known
        with tf32.changing:
            for name, setting in settings.items():
                known = tf32.wanted(self._known[name]) if name == "torch.tf32" else self._known[name]
                if setting.read() != known:
                    with contextlib.suppress(Exception):  # a folder may be gone
                        setting.restore(known)
                    seen = seen or setting.alone
        return seen


_process: Process | None = None  # of the run that is going on
_turns = threading.Condition()
_running = 0  # calls beside each other; -1 while one works alone
_changes = 0  # how often a call was found to have changed what others may have seen
_unruly: set[str] = set()  # whose calls did
_inside = threading.local()  # of a call already: one method may use another


@contextlib.contextmanager
def run_of_methods() -> Iterator[None]:
    """Take the process as it is now for what every call in here has to find and to leave behind."""
    global _process
    before, _process = _process, Process()
    try:
        yield
    finally:
        _process.put_back()
        _process = before


def begin() -> None:
    """Take a process of the run's workers as it is now, once, for what every call in it has to find."""
    global _process
    _process = _process or Process()


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """Put back what is changed in the process meanwhile, but for its environment, which imports may add to."""
    process = _process or Process()
    try:
        yield
    finally:
        process.put_back()


def contained(owner: str, call: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """Call somebody's function, and put back what it changed in the process.

    Parameters
    ----------
    owner : the label of the method whose function it is; one that once changed what others see works alone from then
        on.
    call, args, kwargs : the function, and what it is called with. It may be called twice.
    """
    if getattr(_inside, "call", False):
        return call(*args, **kwargs)
    process, number = _process or Process(), os.getpid()
    while True:
        alone = owner in _unruly
        with _turn(alone):
            before = _changes
            try:
                with _own_thread():
                    result = call(*args, **kwargs)
            finally:
                if os.getpid() != number:  # a fork that came back here would do the run a second time
                    os._exit(1)
                if process.put_back():
                    _note_change(owner)
        if alone or _changes == before or owner in _unruly:
            return result


def _note_change(owner: str) -> None:
    global _changes
    with _turns:
        _changes += 1
        _unruly.add(owner)


@contextlib.contextmanager
def _turn(alone: bool) -> Iterator[None]:
    """Wait for a turn: any number of calls beside each other, or one alone."""
    global _running
    with _turns:
        _turns.wait_for(lambda: _running == 0 if alone else _running >= 0)
        _running = -1 if alone else _running + 1
    try:
        yield
    finally:
        with _turns:
            _running = 0 if alone else _running - 1
            _turns.notify_all()


@contextlib.contextmanager
def _own_thread() -> Iterator[None]:
    """Put back what a thread has for itself."""
    before = {name: setting.read() for name, setting in (_CALL | _torch_settings()[1]).items()}
    _inside.call = True
    try:
        yield
    finally:
        _inside.call = False
        for name, setting in (_CALL | _torch_settings()[1]).items():
            if name in before and setting.read() != before[name]:
                setting.restore(before[name])


def is_users(error: BaseException) -> bool:
    """Whether an exception is the user's interruption, and not something that a method raised.

    Ctrl-C arrives in the main thread only, and worker processes leave it to their parent.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    )
