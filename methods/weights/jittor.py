"""Checkpoints of Jittor, read and written without Jittor.

`jt.save` writes a pickle of protocol 4, the 20 bytes of its SHA-1, and eight letters. `jt.load` unpickles whatever it
is given, so a file of somebody else may run any program. Here a pickle may name nothing but arrays, and what it names
is not numpy's or Jittor's own but stand-ins of this module, which can do nothing else than build arrays.
"""

from __future__ import annotations

import hashlib
import io
import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...files import write_bytes

TRAILER = b"HCAJSLHD"
HASHED = 20
# A file of torch.save from before its zip format begins with a pickle of this number.
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_KINDS = "fiub"


def is_jittor(path: Path) -> bool:
    """Whether a file is a bare pickle, as `jt.save` writes it, or ends as such a file does."""
    with path.open("rb") as file:
        start = file.read(len(_LEGACY_TORCH))
        file.seek(max(0, path.stat().st_size - len(TRAILER)))
        ends = file.read() == TRAILER
    return ends or (start[:1] == b"\x80" and start != _LEGACY_TORCH)


def read_jittor(path: Path) -> Any:
    """Read what `jt.save` kept: dictionaries of arrays (in place of Vars), numbers and texts.

    Raises
    ------
    InputError
        The file is cut off or damaged, or it names something else than arrays.
    """
    data = path.read_bytes()
    if data.endswith(TRAILER):
        body, found = data[: -HASHED - len(TRAILER)], data[-HASHED - len(TRAILER) : -len(TRAILER)]
        if hashlib.sha1(body, usedforsecurity=False).digest() != found:
            raise InputError(f"cannot read the weights {path}: its checksum is another one, so the file is damaged")
        data = body
    source = io.BytesIO(data)
    try:
        content = _unpacked(_Unpickler(source).load())
    except _Refused as error:
        raise InputError(
            f"refused to load {path}: it is a pickle that would run code ({error}); ask its author for the bare tensors"
        ) from error
    except Exception as error:  # of damaged bytes the unpickler makes any error there is
        raise InputError(f"cannot read the weights {path}: the file is truncated, or holds no weights") from error
    if source.read(1):
        raise InputError(f"cannot read the weights {path}: its end is damaged, so its checksum cannot be verified")
    return content


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


class _Refused(pickle.UnpicklingError):
    """The pickle asks for what it may not have."""


class _Unpickler(pickle.Unpickler):
    """Takes an import for one of the stand-ins below, or refuses it."""

    def find_class(self, module: str, name: str) -> Any:
        make = _GLOBALS.get((module, name))
        if make is None:
            raise _Refused(f"it imports {module}.{name}"[:200])
        return _Global(make)

    def persistent_load(self, pid: Any) -> NoReturn:
        raise _Refused("it refers to something outside")


class _Global:
    """A name of the pickle: it can be called. Without a dictionary and closed, nothing can be set or found in it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)

    def __setstate__(self, state: Any) -> NoReturn:
        raise _Refused("it changes what it imports")


class _Type:
    """A type of numbers, as the pickle of a numpy type builds it: its name first, then its byte order."""

    __slots__ = ("dtype",)

    def __init__(self, name: Any, *_: Any) -> None:
        if not isinstance(name, str):
            raise _Refused("it has a type of its own")
        self.dtype = np.dtype(name)
        if self.dtype.kind not in _KINDS or self.dtype.itemsize > 8:
            raise _Refused(f"it holds {name}, not numbers")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1] if state[1] in ("<", ">") else "=")


def _array(shape: Any, kind: np.dtype[Any], data: Any, fortran: bool = False) -> NDArray[Any]:
    """Build an array from its bytes; they must be exactly as many as it needs."""
    sizes = tuple(int(side) for side in shape)
    if not isinstance(data, bytes) or min(sizes, default=0) < 0 or math.prod(sizes) * kind.itemsize != len(data):
        raise ValueError("an array does not have the bytes that it should")
    array = np.frombuffer(data, kind).reshape(sizes, order="F" if fortran else "C")
    return array.astype(kind.newbyteorder("="))


class _Pickled:
    """An array that numpy pickled: empty first, then its state."""

    __slots__ = ("array",)

    def __init__(self, array: NDArray[Any] | None = None) -> None:
        self.array = array

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        self.array = _array(shape, kind.dtype, data, bool(fortran))


def _ndarray(shape: Any, name: Any, data: Any) -> _Pickled:
    return _Pickled(_array(shape, _Type(name).dtype, data))


def _unpacked(content: Any) -> Any:
    """Put arrays in the places of `_Pickled` in a dictionary and those inside it, each once."""
    if isinstance(content, _Pickled):
        return content.array
    waiting, seen = [content], set()
    while waiting:
        mapping = waiting.pop()
        if isinstance(mapping, dict) and id(mapping) not in seen:
            seen.add(id(mapping))
            mapping.update({key: value.array for key, value in mapping.items() if isinstance(value, _Pickled)})
            waiting += mapping.values()
    return content


def _scalar(kind: Any, data: Any) -> Any:
    return _array((), kind.dtype, data).item()


def _var(value: Any, *_: Any) -> Any:
    return value


_GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("jittor", "jittor_core.Var"): _var,
    ("jittor_core", "Var"): _var,
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): _Type,
    ("collections", "OrderedDict"): lambda items=(): dict(items),
    **{(f"numpy.{core}.multiarray", "_reconstruct"): lambda *_: _Pickled() for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}
