"""Checkpoints of Jittor, read and written without Jittor.

`jt.save` writes a pickle of protocol 4, the 20 bytes of its SHA-1, and eight letters. `jt.load` unpickles whatever it
is given, so a file of somebody else may run any program. Here a pickle may name nothing but arrays, and what it names
is not numpy's or Jittor's own but stand-ins (`standins`), which can do nothing else than build arrays.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from pickletools import genops
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..files import write_bytes
from .standins import NUMPY, Pickled, Refused, Type, array_of

TRAILER = b"HCAJSLHD"
HASHED = 20
# A file of torch.save from before its zip format begins with a pickle of this number.
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def is_jittor(path: Path) -> bool:
    """Whether a file is a bare pickle, as `jt.save` writes it, or ends as such a file does."""
    with path.open("rb") as file:
        start = file.read(len(_LEGACY_TORCH))
        file.seek(max(0, path.stat().st_size - len(TRAILER)))
        ends = file.read() == TRAILER
    return ends or (start[:1] == b"\x80" and start != _LEGACY_TORCH)


def read_jittor(path: Path) -> Any:
    """Read what `jt.save` kept: dictionaries of arrays (`standins.Pickled`, also for Vars), numbers and texts.

    Raises
    ------
    InputError
        The file is cut off or damaged, or it names something else than arrays.
    """
    data = path.read_bytes()
    if data.endswith(TRAILER):
        body, checksum = data[: -HASHED - len(TRAILER)], data[-HASHED - len(TRAILER) : -len(TRAILER)]
        if hashlib.sha1(body, usedforsecurity=False).digest() != checksum:
            raise InputError(f"cannot read the weights {path}: its checksum is another one, so the file is damaged")
        data = body
    source = io.BytesIO(data)
    try:
        _check_places(data)
        content = _Unpickler(source).load()
    except Refused as error:
        raise InputError(
            f"refused to load {path}: it is a pickle that would run code ({error}); ask its author for the bare tensors"
        ) from error
    except Exception as error:  # of damaged bytes the unpickler makes any error there is
        raise InputError(f"cannot read the weights {path}: the file is truncated, or holds no weights") from error
    if source.read(1):
        raise InputError(f"cannot read the weights {path}: its end is damaged, so its checksum cannot be verified")
    return content


def _check_places(data: bytes) -> None:
    """Refuse a pickle that keeps a value at a place beyond its own length: the unpickler would make all before it."""
    places = (place for operation, place, _ in genops(data) if "PUT" in operation.name)
    if any(place is not None and place > len(data) for place in places):
        raise ValueError("it keeps a value at a place that it cannot need")


def write_jittor(path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> None:
    """Write what `model.load(jt.load(path)["model"])` reads, whole or not at all.

    Parameters
    ----------
    tensors : by name; written as float32, since Jittor computes in it.
    metadata : kept beside them.

    Raises
    ------
    InputError, RunError
        The folder cannot be written to; the disk is full.
    """
    model = {name: np.array(tensor, "<f4", order="C") for name, tensor in tensors.items()}
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=4).dump({"model": model, "metadata": dict(metadata or {})})
    body = buffer.getvalue()
    write_bytes(path, body + hashlib.sha1(body, usedforsecurity=False).digest() + TRAILER)


class _Pickler(pickle.Pickler):
    """Describes arrays by names that every numpy has; those of pickle itself moved from numpy 1 to numpy 2."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.ndarray):
            return np.ndarray, (obj.shape, obj.dtype.str, obj.tobytes())
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Takes an import for one of the stand-ins below, or refuses it."""

    def find_class(self, module: str, name: str) -> Any:
        make = _GLOBALS.get((module, name))
        if make is None:
            raise Refused(f"it imports {module}.{name}"[:200])
        return _Global(make)

    def persistent_load(self, pid: Any) -> NoReturn:
        raise Refused("it refers to something outside")


class _Global:
    """A name of the pickle: it can be called. Without a dictionary and closed, nothing can be set or found in it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)

    def __setstate__(self, state: Any) -> NoReturn:
        raise Refused("it changes what it imports")


def _ndarray(shape: Any, name: Any, data: Any) -> Pickled:
    return Pickled(array_of(shape, Type(name).dtype, data))


def _var(value: Any, *_: Any) -> Any:
    return value


_GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("jittor", "jittor_core.Var"): _var,
    ("jittor_core", "Var"): _var,
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): Type,
    ("collections", "OrderedDict"): lambda items=(): dict(items),
    **NUMPY,
}
