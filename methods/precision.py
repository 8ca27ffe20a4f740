"""In which numbers a network computes: float32, or on wish TF32 or bfloat16, by which gray levels change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ..devices.tf32 import tf32
from ..devices.transfer import place_of
from ..errors import InputError
from .method import Method, Precision, common_options

_inside = threading.local()  # of a method's call already, which may call another's


def precision_of(method: Method) -> Precision:
    """Say in which precision a method computes; an option of this name that is its own says nothing of it."""
    return method.precision if "precision" in common_options(type(method)) else "float32"


def check_precision(method: Method) -> None:
    """Make sure that what computes has the precision.

    Raises
    ------
    InputError
        It has not.
    """
    precision = precision_of(method)
    if precision == "tf32" and method.device.partition(":")[0] != "cuda":
        raise InputError(
            f"method {method.label!r}: tf32 is what CUDA devices compute in, not {method.device!r}: leave --precision "
            "out, or choose --device cuda"
        )
    if precision != "float32" and getattr(method, "backend_record", None) is not None:
        raise InputError(f"method {method.label!r}: --precision is PyTorch's: leave it out, or choose --backend torch")


def current() -> Precision:
    """Say in which precision this thread computes just now."""
    precision: Precision = getattr(_inside, "precision", None) or "float32"
    return precision


@contextmanager
def computing(method: Method) -> Iterator[None]:
    """Let torch compute in the precision of a method; within another method's call in that one's.

    float32 is full float32 on a card, too: TF32 is off, whatever torch had. On the processor torch is left alone.
    """
    precision, place = precision_of(method), place_of(method.device)
    if getattr(_inside, "precision", None) or (precision == "float32" and method.device == "cpu"):
        yield
        return
    import torch

    with ExitStack() as stack:
        if method.device.partition(":")[0] != "cpu":
            stack.enter_context(tf32(precision == "tf32"))
        if precision == "bf16":
            stack.enter_context(torch.autocast(place.device.partition(":")[0], torch.bfloat16))
        _inside.precision = precision
        stack.callback(vars(_inside).clear)
        yield
