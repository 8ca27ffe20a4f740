"""What tells one compiled formula from another: in this process, and on disk, where changed code must be noticed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .levels import Level

OURS = __name__.rpartition(".compiler.")[0]  # the room `metrics`, whose sources are hashed as a whole
FOREIGN = ("math", "numpy")  # modules whose functions are known by their versions


def identity(formula: Any) -> Any:
    """What tells a formula from others in this process, as long as it is there: its code, and what it holds.

    A function that is made anew at each call has the same code each time; where it lies is faster to tell than what is
    in it.
    """
    formula = getattr(formula, "__wrapped__", formula)
    if not isinstance(formula, FunctionType):
        return formula
    held = tuple(identity(cell.cell_contents) for cell in formula.__closure__ or ())
    return id(formula.__code__), held, formula.__defaults__


def name_on_disk(loop: tuple[Any, ...], formula: Any, level: Level) -> str | None:
    """Name machine code by all that it is made from, so that it is the same code wherever the name is.

    Parameters
    ----------
    loop : the loop around the formula: numbers, texts, and tuples of these.
    formula : the function that is compiled.
    level : what it is compiled for.

    Returns
    -------
    str or None
        SHA-256, in hexadecimal digits, of the formula's code with what it holds and what it calls, the loop, the
        processor, and the versions and sources of what compiles. None for a formula that reaches something whose
        content cannot be told, such as an object.
    """
    content = sha256(_circumstances(level))
    try:
        for part in (*_parts(loop, set()), *_parts(formula, set())):
            content.update(part.encode("utf-8", "surrogatepass") + b"\0")
    except _UntoldError:
        return None
    return content.hexdigest()


class _UntoldError(Exception):
    """Something is of a kind whose content cannot be told."""


def _parts(thing: Any, met: set[int]) -> Iterator[str]:
    """The content of a thing as texts: constants, functions, code, and modules whose content is known otherwise."""
    yield type(thing).__name__
    if isinstance(thing, tuple | frozenset):
        yield str(len(thing))
        for part in sorted(thing, key=repr) if isinstance(thing, frozenset) else thing:
            yield from _parts(part, met)
    elif thing is None or thing is ... or isinstance(thing, bool | int | float | complex | str | bytes):
        yield repr(thing)
    elif isinstance(thing, CodeType):
        yield from (thing.co_name, thing.co_code.hex(), str(thing.co_argcount), str(thing.co_flags))
        yield from _parts((thing.co_consts, thing.co_names, thing.co_freevars, thing.co_cellvars), met)
    elif isinstance(thing, FunctionType):
        yield from _of_function(thing, met)
    elif isinstance(thing, ModuleType | BuiltinFunctionType | np.ufunc):
        yield _known(thing)
    else:
        raise _UntoldError


def _of_function(function: FunctionType, met: set[int]) -> Iterator[str]:
    """The content of a function: its code, what it holds, and the globals that it may reach."""
    if id(function) in met:
        return
    met.add(id(function))
    code = function.__code__
    yield function.__module__
    defaults = tuple((function.__kwdefaults__ or {}).items())
    held = tuple(cell.cell_contents for cell in function.__closure__ or ())
    yield from _parts((code, function.__defaults__, defaults, held), met)
    if not _inside(function.__module__, OURS):
        for name in sorted(_names(code) & function.__globals__.keys()):
            yield name
            yield from _parts(function.__globals__[name], met)


def _names(code: CodeType) -> set[str]:
    """Names of globals and attributes in a code and the functions within it."""
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)


def _known(thing: Any) -> str:
    """Name a module, or a function without Python code, whose content the circumstances tell."""
    home = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None) or "numpy"
    if not any(_inside(home, known) for known in (OURS, *FOREIGN)):
        raise _UntoldError
    return f"{home}.{thing.__name__}"


def _inside(name: str | None, package: str) -> bool:
    return name is not None and f"{name}.".startswith(f"{package}.")


@cache
def _circumstances(level: Level) -> bytes:
    """All that machine code depends on besides its formula and its loop."""
    import llvmlite
    from llvmlite import binding

    content = sha256()
    features = sorted(name for name, there in binding.get_host_cpu_features().items() if there)
    versions = (sys.version, np.__version__, llvmlite.__version__, binding.llvm_version_info)
    processor = (binding.get_default_triple(), binding.get_host_cpu_name(), features)
    content.update(repr((versions, processor, tuple(level))).encode())
    folder = Path(__file__).parent.parent
    for path in sorted(folder.rglob("*.py")):
        content.update(path.relative_to(folder).as_posix().encode() + b"\0" + sha256(path.read_bytes()).digest())
    return content.digest()
