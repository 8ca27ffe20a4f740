"""Machine code for this processor: programs are compiled with LLVM, for the processor's level, and kept on disk.

Compiling takes some milliseconds for each program, reading what is kept less than one. See `levels` for which
instructions are used, and `cache` for what is kept and believed.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from . import cache
from .keys import identity, name_on_disk
from .levels import Level, choose
from .program import NAME, Program

Call = Callable[..., None]

_lock = Lock()
_codes: dict[Hashable, tuple[Call, Any]] = {}  # with the formula, which its key is for as long as it is there
_owners: list[Any] = []  # machine code lives as long as the object of LLVM that made it


@functools.cache
def processor() -> Level | None:
    """Say what code is made for; None where it is not to be compiled, or llvmlite is missing or does not work.

    Raises
    ------
    InputError
        FUSIONBENCH_CPU names a level that is not there.
    """
    try:
        from llvmlite import binding

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        features = dict(binding.get_host_cpu_features())
        level = choose(features)
        if level is not None:
            target(level)
        return level
    except (ImportError, OSError, RuntimeError, AttributeError):  # none, or one that is broken or very new
        return None


def target(level: Level) -> Any:
    """Make LLVM's target machine of a level."""
    from llvmlite import binding

    triple = binding.Target.from_default_triple()
    return triple.create_target_machine(cpu=level.name, features=level.flags, opt=3)


def lanes() -> int:
    """Numbers that a formula works on at once: two registers full, of which one computes while the other waits."""
    here = processor()
    return 2 * here.lanes if here else 1


def machine_code(loop: tuple[Any, ...], formula: Any, arguments: int, write: Callable[[Level], Program]) -> Call:
    """Get the machine code of a formula in a loop: made when first asked for, or read where it is kept on disk.

    Parameters
    ----------
    loop : what tells the loop from others: numbers, texts, and tuples of these.
    formula : what is done in it.
    arguments : of the program, their number.
    write : writes the program.
    """
    key = loop, identity(formula)
    if key not in _codes:
        with _lock:
            here = processor()
            assert here is not None
            if key not in _codes:
                code = _object_code(name_on_disk(loop, formula, here), write, here)
                _codes[key] = _call(code, arguments, here), formula
    return _codes[key][0]


def _object_code(name: str | None, write: Callable[[Level], Program], level: Level) -> bytes:
    """Get the object file of a program from the cache, or compile it; without a name it is not kept."""
    code = cache.read(name) if name else None
    if code is None:
        code = bytes(target(level).emit_object(parse(write(level))))
        if name:
            cache.write(name, code)
    return code


def _call(code: bytes, arguments: int, level: Level) -> Call:
    """Load an object file; calls release the interpreter's lock."""
    from llvmlite import binding

    owner = binding.create_mcjit_compiler(binding.parse_assembly(""), target(level))
    owner.add_object_file(binding.ObjectFileRef.from_data(code))
    owner.finalize_object()
    _owners.append(owner)
    call: Call = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * arguments)(owner.get_function_address(NAME))
    return call


def parse(program: Program) -> Any:
    """End a program, and give its text to LLVM."""
    from llvmlite import binding

    program.builder.ret_void()
    return binding.parse_assembly(str(program.function.module))
