"""Readers that do what no reader may: that it is found."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from .readers import Reader, put

_VALID = b"valid"


def _grow_and_hang() -> None:
    held = b"x" * (5 * 2**28)
    time.sleep(3600)
    del held


def _faulty(name: str, fault: Callable[[], object]) -> Reader:
    def read(path: Path) -> object:
        return path.read_bytes() == _VALID or fault()

    return Reader(name, lambda folder: put(folder, {"file": _VALID}), read)


FAULTY = (
    _faulty("raises", lambda: {}["missing"]),
    _faulty("crashes", lambda: os.kill(os.getpid(), signal.SIGSEGV)),
    _faulty("hangs", lambda: time.sleep(3600)),
    _faulty("grows", lambda: b"x" * (5 * 2**28)),
    _faulty("grows-and-hangs", _grow_and_hang),
    _faulty("asks-for-all", lambda: bytearray(2**42)),
)
