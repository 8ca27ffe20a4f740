"""Formulas that work pixel by pixel: written once, compiled for arrays where LLVM is there, as they are for tensors.

An array expression reads and writes memory at every operator; compiled, it does so once. What a formula may use are
operators, the functions of this module, and loops and functions of these. It sees arrays, tensors, or, while it is
compiled, numbers that have these functions as methods (`Lanes` in the compiler).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..compiler import can_map, over_pixels
from .types import Array, is_tensor, namespace

Formula = Callable[..., tuple[Array, ...]]


def larger(x: Array, y: Array | float) -> Array:
    """The larger of two numbers at each pixel."""
    if not isinstance(x, np.ndarray) and not is_tensor(x):
        return choose(x > y, x, y)
    return x.clamp(min=y) if is_tensor(x) and isinstance(y, float | int) else namespace(x).maximum(x, y)


def smaller(x: Array, y: Array | float) -> Array:
    """The smaller of two numbers at each pixel."""
    if not isinstance(x, np.ndarray) and not is_tensor(x):
        return choose(x < y, x, y)
    return x.clamp(max=y) if is_tensor(x) and isinstance(y, float | int) else namespace(x).minimum(x, y)


def choose(condition: Array, yes: Array | float, no: Array | float) -> Array:
    """Take `yes` at the pixels where the condition holds, `no` at the others; both are computed everywhere."""
    if isinstance(condition, np.ndarray) or is_tensor(condition):
        return namespace(condition).where(condition, yes, no)
    return _method(condition, "choose", yes, no)


def sqrt(x: Array) -> Array:
    """Square root at each pixel."""
    return np.sqrt(x) if isinstance(x, np.ndarray) else _method(x, "sqrt")


def exp(x: Array) -> Array:
    """Exponential at each pixel."""
    return np.exp(x) if isinstance(x, np.ndarray) else _method(x, "exp")


def log2(x: Array) -> Array:
    """Binary logarithm at each pixel, of positive numbers."""
    return np.log2(x) if isinstance(x, np.ndarray) else _method(x, "log2")


def arctan(x: Array) -> Array:
    """Arc tangent at each pixel."""
    return np.arctan(x) if isinstance(x, np.ndarray) else _method(x, "atan")


def angle(y: Array, x: Array) -> Array:
    """Arc tangent of y / x at each pixel, -π/2..π/2; x is not 0."""
    if isinstance(x, np.ndarray) or is_tensor(x):
        return arctan(y / x)
    return _method(y, "atan_over", x)


def single(x: Array) -> Array:
    """Round each pixel to float32; the result is float64."""
    if isinstance(x, np.ndarray):
        return x.astype(np.float32).astype(np.float64)
    return x.float().double() if is_tensor(x) else _method(x, "single")


def _method(x: Any, name: str, *arguments: Array | float) -> Array:
    """Call the method that tensors and `Lanes` have."""
    numbers: Array = getattr(x, name)(*arguments)
    return numbers


def in_sequence(numbers: Sequence[Array]) -> Array:
    """Sum from the first number to the last: rounding is the same on every machine."""
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total


def divided(x: Array, number: float) -> Array:
    """Divide, rounding as IEEE does: torch multiplies with the reciprocal where the divisor is a plain number."""
    return x / namespace(x).full_like(x, number) if is_tensor(x) else x / number


def compilable(x: Array) -> bool:
    """Tell whether compiled code can work on a map (N, H, W)."""
    return isinstance(x, np.ndarray) and can_map(x)


def summed(formula: Callable[..., Array], *maps: Array) -> Array:
    """Sum `formula(*maps)` over the pixels of each image: maps (N, H, W) -> (N,).

    A map of shape (N, 1, 1) holds one number for each image.
    """
    return mapped(lambda *m: (formula(*m),), *maps, outputs=0, totals=1)[0]


def mapped(formula: Formula, *maps: Array, outputs: int, totals: int = 0) -> tuple[Array, ...]:
    """Apply a formula that gives a tuple: `outputs` results as maps (N, H, W), then `totals` that are summed, (N,)."""
    if compilable(maps[0]):
        return over_pixels(formula, [np.asarray(x) for x in maps], outputs, totals)
    results = formula(*_real(maps))
    return (*results[:outputs], *(namespace(x).sum(x, axis=(-2, -1)) for x in results[outputs:]))


def _real(maps: Sequence[Array]) -> Iterator[Array]:
    """Maps of real numbers."""
    for x in maps:
        xp = namespace(x)
        # a square of int16 does not fit into int16
        yield x if xp.isdtype(x.dtype, "real floating") else xp.astype(x, xp.float64)


def pixelwise(formula: Callable[..., Array]) -> Callable[..., Array]:
    """Make a formula of numbers one of maps.

    Parameters
    ----------
    formula : a function of numbers (positional) to one number.

    Returns
    -------
    The same of maps (N, H, W) of one shape, arrays or tensors; a formula still of what the compiler gives.
    """

    @wraps(formula)
    def of_maps(*maps: Array) -> Array:
        if isinstance(maps[0], np.ndarray) or is_tensor(maps[0]):
            return mapped(lambda *m: (formula(*m),), *maps, outputs=1)[0]
        return formula(*maps)

    return of_maps
