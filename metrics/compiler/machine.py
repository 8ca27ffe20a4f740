"""Machine code for this processor: programs are compiled with LLVM once in a process, for the processor's level.

Compiling takes some milliseconds for each program. See `levels` for which instructions are used.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Hashable
from functools import cache
from threading import Lock
from typing import Any

from .levels import Level, choose
from .program import Program

Call = Callable[..., None]

_lock = Lock()
_codes: dict[Hashable, Call] = {}
_owners: list[Any] = []  # machine code lives as long as the object of LLVM that made it


@cache
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


def machine_code(key: Hashable, write: Callable[[Level], Program]) -> Call:
    """Get the machine code of a key, compiled when first asked for."""
    if key not in _codes:
        with _lock:
            here = processor()
            assert here is not None
            if key not in _codes:
                _codes[key] = _compile(write(here), here)
    return _codes[key]


def _compile(program: Program, level: Level) -> Call:
    """Compile a program; calls release the interpreter's lock."""
    from llvmlite import binding

    owner = binding.create_mcjit_compiler(parse(program), target(level))
    owner.finalize_object()
    _owners.append(owner)
    address = owner.get_function_address(program.function.name)
    call: Call = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(program.function.args))(address)
    return call


def parse(program: Program) -> Any:
    """End a program, and give its text to LLVM."""
    from llvmlite import binding

    program.builder.ret_void()
    return binding.parse_assembly(str(program.function.module))
