"""Stand-ins for what a pickle of weights may name besides tensors: they build arrays, or nothing, and run no code.

NumPy's own `dtype` and `ndarray` take states that a forged pickle can make point anywhere, so a file never gets them.
"""

from __future__ import annotations

import math
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KINDS = "fiub"
_LOCK = threading.Lock()
# What training scripts keep beside the tensors, and what is of no use here.
_NOTES = (
    ("argparse", "Namespace"), ("types", "SimpleNamespace"), ("datetime", "datetime"), ("datetime", "timedelta"),
    *(("pathlib", name) for name in ("Path", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")),
    *((f"pathlib.{part}", name) for part in ("_local", "_abc") for name in ("Path", "PosixPath", "WindowsPath")),
)  # fmt: skip
_MAPPINGS = (
    ("collections", "defaultdict"), ("easydict", "EasyDict"), ("yacs.config", "CfgNode"),
    ("pytorch_lightning.utilities.parsing", "AttributeDict"), ("lightning.pytorch.utilities.parsing", "AttributeDict"),
    ("lightning_fabric.utilities.data", "AttributeDict"), ("lightning.fabric.utilities.data", "AttributeDict"),
)  # fmt: skip


class Refused(pickle.UnpicklingError):
    """The pickle asks for what it may not have."""


class Type:
    """A type of numbers, as the pickle of a NumPy type builds it: its name first, then its byte order."""

    __slots__ = ("dtype",)

    def __init__(self, name: Any, *_: Any) -> None:
        if not isinstance(name, str):
            raise Refused("it has a type of its own")
        self.dtype = np.dtype(name)
        if self.dtype.kind not in _KINDS or self.dtype.itemsize > 8:
            raise Refused(f"it holds {name}, not numbers")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1] if state[1] in ("<", ">") else "=")


class Pickled:
    """An array that NumPy pickled: empty first, then its state."""

    __slots__ = ("array",)

    def __init__(self, array: NDArray[Any] | None = None) -> None:
        self.array = array

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        self.array = array_of(shape, kind.dtype, data, bool(fortran))


class Inert:
    """An object that takes whatever it is given, and does nothing with it."""

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> Inert:
        """Take any arguments."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


class _Mapping:
    """Makes a plain dictionary."""

    def __new__(cls, *_: Any, **__: Any) -> Any:
        return {}


def array_of(shape: Any, kind: np.dtype[Any], data: Any, fortran: bool = False) -> NDArray[Any]:
    """Build an array from its bytes; they must be exactly as many as it needs."""
    sizes = tuple(int(side) for side in shape)
    if not isinstance(data, bytes) or min(sizes, default=0) < 0 or math.prod(sizes) * kind.itemsize != len(data):
        raise ValueError("an array does not have the bytes that it should")
    array = np.frombuffer(data, kind).reshape(sizes, order="F" if fortran else "C")
    return array.astype(kind.newbyteorder("="))


def _scalar(kind: Any, data: Any) -> Any:
    return array_of((), kind.dtype, data).item()


NUMPY: dict[tuple[str, str], Callable[..., Any]] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): lambda *_: Pickled() for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}


@contextmanager
def inert() -> Iterator[None]:
    """Let `torch.load(weights_only=True)` meet arrays of NumPy and the notes of training scripts: as stand-ins."""
    from torch import serialization

    named = {
        **NUMPY,
        ("numpy", "ndarray"): Pickled,
        ("numpy", "dtype"): Type,
        **dict.fromkeys(_NOTES, Inert),
        **dict.fromkeys(_MAPPINGS, _Mapping),
    }
    safe = [_named(module, name, make) for (module, name), make in named.items()]
    with _LOCK:  # the list is torch's, one for the whole process
        before = serialization.get_safe_globals()
        serialization.add_safe_globals([*safe, Pickled, Type, Inert])
        try:
            yield
        finally:
            serialization.clear_safe_globals()
            serialization.add_safe_globals(before)


def _named(module: str, name: str, make: Callable[..., Any]) -> Any:
    """Give a stand-in the name under which a pickle asks for it; a class by a subclass, for `cls.__new__`."""
    if isinstance(make, type):
        return type(name, (make,), {"__module__": module, "__qualname__": name, "__slots__": ()})

    def call(*args: Any) -> Any:
        return make(*args)

    call.__module__, call.__name__, call.__qualname__ = module, name, name
    return call
