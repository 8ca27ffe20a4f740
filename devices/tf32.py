"""TF32: whether a card rounds the factors of float32 products to ten bits.

It is a setting that torch has once for the process, and cuDNN's convolutions have it on unless told otherwise. Calls
beside each other share it, and one that wants it otherwise waits for them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

Value = tuple[str, bool]  # of matrix products, and of cuDNN's convolutions
AS_IMPORTED: Value = ("highest", True)
_VALUES: dict[bool, Value] = {False: ("highest", False), True: ("high", True)}

changing = threading.Condition()  # held by whoever looks at it and changes it in one go
_on: bool | None = None  # what the calls that are running want; None while there are none
_calls = 0
_before = AS_IMPORTED  # what torch had when the first of them began


def read() -> Value:
    """Ask torch."""
    import torch

    return torch.get_float32_matmul_precision(), bool(torch.backends.cudnn.allow_tf32)


def write(value: Value) -> None:
    """Tell torch."""
    import torch

    torch.set_float32_matmul_precision(value[0])
    torch.backends.cudnn.allow_tf32 = value[1]


def wanted(known: Value) -> Value:
    """Say what torch should have just now: what running calls want, or else what it had before."""
    return known if _on is None else _VALUES[_on]


@contextmanager
def tf32(on: bool) -> Iterator[None]:
    """Have it on or off in this block, for all threads, and as it was when the last such block ends."""
    global _on, _calls, _before
    with changing:
        changing.wait_for(lambda: _on in (None, on))
        _before = _before if _calls else read()
        _on, _calls = on, _calls + 1
        write(_VALUES[on])
    try:
        yield
    finally:
        with changing:
            _calls -= 1
            if not _calls:
                _on = None
                write(_before)
                changing.notify_all()
