"""For which processors formulas are compiled: a few levels of instructions, each of which is tested.

A processor is known by what it says it has, and not by its name: LLVM ends the whole process at a name that it does not
know, which is any that is newer than itself, and a virtual machine may hide what a name promises.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import NamedTuple

from ...errors import InputError

VARIABLE = "FUSIONBENCH_CPU"
NATIVE, PLAIN = "native", "plain"  # the highest level that there is; no compiled code


class Level(NamedTuple):
    """Processors that are alike enough.

    Attributes
    ----------
    name : as compilers call it.
    needs : what such a processor has, beyond the levels below; LLVM's names.
    lanes : float64 numbers in a register.
    block : rows of results that a filter adds up at once.
    flags : for LLVM, besides the name.
    """

    name: str
    needs: tuple[str, ...]
    lanes: int
    block: int
    flags: str = ""


# From the highest to what every 64-bit processor has. Level 4 is for registers of 512 bits, against LLVM's advice.
X86 = (
    Level("x86-64-v4", ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"), 8, 4, "-prefer-256-bit"),
    Level("x86-64-v3", ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"), 4, 2),
    Level("x86-64-v2", ("cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"), 2, 2),
    Level("x86-64", (), 2, 2),
)
OTHER = (Level("generic", (), 2, 2),)  # of other makers


def choose(features: Mapping[str, bool], machine: str | None = None, choice: str | None = None) -> Level | None:
    """Choose what to compile for.

    Parameters
    ----------
    features : what the processor has.
    machine : its kind, as `platform.machine` says; this one's by default.
    choice : a level, "native" for the highest that the processor has, or "plain" for none; the environment's
        FUSIONBENCH_CPU by default, or else "native".

    Returns
    -------
    The level; None for no compiled code.

    Raises
    ------
    InputError
        There is no such level, or the processor lacks something that belongs to it.
    """
    levels = X86 if (machine or platform.machine()).lower() in ("x86_64", "amd64") else OTHER
    choice = (os.environ.get(VARIABLE, "") if choice is None else choice).strip().lower() or NATIVE
    if choice == PLAIN:
        return None
    there = next(level for level in levels if not missing(level, levels, features))
    if choice == NATIVE:
        return there
    for level in levels:
        if level.name == choice:
            lacking = missing(level, levels, features)
            if lacking:
                raise InputError(
                    f"{VARIABLE}={choice}: this processor has no {', '.join(lacking)}; leave {VARIABLE} out, or take "
                    f"{there.name}"
                )
            return level
    names = ", ".join((NATIVE, *(level.name for level in reversed(levels)), PLAIN))
    raise InputError(f"{VARIABLE}={choice}: there is no such level of processors here; there are {names}")


def missing(level: Level, levels: tuple[Level, ...], features: Mapping[str, bool]) -> list[str]:
    """What a processor lacks of a level and those below."""
    below = levels[levels.index(level) :]
    return [name for each in reversed(below) for name in each.needs if not features.get(name)]
