"""Formulas that work pixel by pixel: written once, compiled for arrays where Numba is there, as they are for tensors.

An array expression reads and writes memory at every operator; compiled, it does so once. What a formula may use are
operators, the functions of this module, and sqrt.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from .triple import Array

_lock = Lock()


def larger(x: Array, y: Array | float) -> Array:
    """The larger of two numbers at each pixel."""
    if isinstance(x, np.ndarray):
        return np.maximum(x, y)
    return x.maximum(y) if is_torch_array(y) else x.clamp(min=y)


def smaller(x: Array, y: Array | float) -> Array:
    """The smaller of two numbers at each pixel."""
    if isinstance(x, np.ndarray):
        return np.minimum(x, y)
    return x.minimum(y) if is_torch_array(y) else x.clamp(max=y)


def choose(condition: Array, yes: Array | float, no: Array | float) -> Array:
    """Take `yes` at the pixels where the condition holds, `no` at the others; both are computed everywhere."""
    return array_namespace(condition).where(condition, yes, no)


def sqrt(x: Array) -> Array:
    """Square root at each pixel."""
    return array_namespace(x).sqrt(x)


@cache
def _vectorize() -> Callable[..., Any] | None:
    """Numba's compiler of ufuncs, taught the functions above; None where Numba is missing."""
    try:
        from numba import vectorize
        from numba.extending import overload
    except ImportError:
        return None

    # each gives Numba the scalar that stands for the function of maps
    overload(larger)(lambda x, y: lambda x, y: x if x > y else y)
    overload(smaller)(lambda x, y: lambda x, y: x if x < y else y)
    overload(choose)(lambda condition, yes, no: lambda condition, yes, no: yes if condition else no)
    overload(sqrt)(lambda x: lambda x: np.sqrt(x))
    return vectorize


def _interpreted(formula: Callable[..., Array]) -> Callable[..., Array]:
    """Make an array formula behave as the ufunc that it would be compiled to."""

    def with_out(*maps: Array, out: np.ndarray | None = None) -> Array:
        # a square of int16 does not fit into int16
        result = formula(*(np.asarray(x, np.float64) if isinstance(x, np.ndarray) else x for x in maps))
        if out is None:
            return result
        out[...] = result
        return out

    return with_out


def _compiled(formula: Callable[..., Array]) -> Callable[..., Array]:
    """Compile a formula of float64 numbers into a ufunc; the machine code is kept beside the module, or not at all."""
    vectorize = _vectorize()
    if vectorize is None:
        return _interpreted(formula)
    count = formula.__code__.co_argcount
    # OpenCV's derivatives of 8-bit images come as int16
    kinds = [f"float64({', '.join([kind] * count)})" for kind in ("int16", "float64")[count != 2 :]]
    try:
        compiled = vectorize(kinds, cache=True)(formula)
    except RuntimeError:  # no folder to write to
        compiled = vectorize(kinds)(formula)
    ufunc: Callable[..., Array] = compiled.ufunc
    return ufunc


def pixelwise(formula: Callable[..., Array]) -> Callable[..., Array]:
    """Make a formula of numbers one of maps.

    Parameters
    ----------
    formula : a function at the top of its module, of float64 numbers (positional) to one number.

    Returns
    -------
    The same of maps of one shape, arrays or tensors. Of arrays, `out` may say where the result goes.
    """
    made: list[Callable[..., Array]] = []

    @wraps(formula)
    def of_maps(*maps: Array, out: np.ndarray | None = None) -> Array:
        if not isinstance(maps[0], np.ndarray):
            return formula(*maps)
        if not made:
            with _lock:
                if not made:
                    made.append(_compiled(formula))
        return made[0](*maps, out=out)

    return of_maps
