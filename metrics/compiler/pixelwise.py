"""Formulas that work pixel by pixel: written once, compiled for arrays where LLVM is there, as they are for tensors.

An array expression reads and writes memory at every operator; compiled, it does so once. What a formula may use are
operators, the functions of this module, and loops and functions of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ..arrays.triple import Array
from . import machine

SMALL = 64  # pixels: fewer are not worth a call of compiled code


def larger(x: Array, y: Array | float) -> Array:
    """The larger of two numbers at each pixel."""
    if isinstance(x, np.ndarray):
        return np.maximum(x, y)
    if not is_torch_array(x):
        return (x > y).choose(x, y)
    return x.maximum(y) if is_torch_array(y) else x.clamp(min=y)


def smaller(x: Array, y: Array | float) -> Array:
    """The smaller of two numbers at each pixel."""
    if isinstance(x, np.ndarray):
        return np.minimum(x, y)
    if not is_torch_array(x):
        return (x < y).choose(x, y)
    return x.minimum(y) if is_torch_array(y) else x.clamp(max=y)


def choose(condition: Array, yes: Array | float, no: Array | float) -> Array:
    """Take `yes` at the pixels where the condition holds, `no` at the others; both are computed everywhere."""
    if isinstance(condition, np.ndarray) or is_torch_array(condition):
        return array_namespace(condition).where(condition, yes, no)
    return condition.choose(yes, no)


def sqrt(x: Array) -> Array:
    """Square root at each pixel."""
    return np.sqrt(x) if isinstance(x, np.ndarray) else x.sqrt()


def exp(x: Array) -> Array:
    """Exponential at each pixel."""
    return np.exp(x) if isinstance(x, np.ndarray) else x.exp()


def log2(x: Array) -> Array:
    """Binary logarithm at each pixel, of positive numbers."""
    return np.log2(x) if isinstance(x, np.ndarray) else x.log2()


def arctan(x: Array) -> Array:
    """Arc tangent at each pixel."""
    return np.arctan(x) if isinstance(x, np.ndarray) else x.atan()


def angle(y: Array, x: Array) -> Array:
    """Arc tangent of y / x at each pixel, -π/2..π/2; x is not 0."""
    if isinstance(x, np.ndarray):
        return np.arctan(y / x)
    return (y / x).atan() if is_torch_array(x) else y.atan_over(x)


def in_sequence(numbers: Sequence[Array]) -> Array:
    """Sum from the first number to the last: rounding is the same on every machine."""
    found = numbers[0]
    for number in numbers[1:]:
        found = found + number
    return found


def divided(x: Array, number: float) -> Array:
    """Divide, rounding as IEEE does: torch multiplies with the reciprocal where the divisor is a plain number."""
    return x / array_namespace(x).full_like(x, number) if is_torch_array(x) else x / number


class Plane:
    """A map (H, W) of arrays as compiled code sees it; one number for all pixels where the map has shape (1, 1)."""

    __slots__ = ("address", "kept", "kind", "row")

    def __init__(self, x: np.ndarray, one: bool = False) -> None:
        if x.dtype.name not in machine.KINDS or one:
            x = x.astype(np.float64)
        elif x.strides[1] != x.itemsize:
            x = np.ascontiguousarray(x)
        self.kept = x  # the memory must outlive the call
        self.address: int = x.__array_interface__["data"][0]
        self.row: int = 0 if one else x.strides[0]
        self.kind = "one" if one else x.dtype.name


def compilable(*maps: Array) -> bool:
    """Tell whether compiled code can work on these maps (N, H, W)."""
    return isinstance(maps[0], np.ndarray) and maps[0].size >= SMALL and machine.processor() is not None


def looped(formula: Callable[..., tuple[Array, ...]], maps: tuple[np.ndarray, ...], outputs: int, totals: int) -> Any:
    """Apply a formula to maps (N, H, W) by compiled code: its first results as maps (N, H, W), the rest summed, (N,).

    Maps are arrays of one shape; one of shape (N, 1, 1) holds a number for each image.
    """
    shape = max((m.shape for m in maps), key=math.prod)
    single = [m.shape != shape for m in maps]
    n, rows, cols = shape
    if all(one or m.flags.c_contiguous for one, m in zip(single, maps, strict=True)):
        rows, cols = 1, rows * cols
        maps = tuple(m if one else m.reshape(n, 1, cols) for one, m in zip(single, maps, strict=True))
    found = [np.empty((n, rows, cols)) for _ in range(outputs)]
    sums = np.zeros((n, totals, machine.lanes()))
    for i in range(n):
        planes = [Plane(m[i], one) for m, one in zip(maps, single, strict=True)]
        call = machine.pixels(
            machine.Loop(formula, kinds=tuple(p.kind for p in planes), outputs=outputs, totals=totals)
        )
        planes += [Plane(m[i]) for m in found]
        call(rows, cols, address(sums[i]), *(x for plane in planes for x in (plane.address, plane.row)))
    return (*(m.reshape(shape) for m in found), *sums.sum(axis=2).T)


def address(x: np.ndarray) -> int:
    """Where the numbers of an array lie."""
    found: int = x.__array_interface__["data"][0]
    return found


def summed(formula: Callable[..., Array], *maps: Array, reduce: Callable[[Array], Array] | None = None) -> Array:
    """Sum `formula(*maps)` over the pixels of each image: maps (N, H, W) -> (N,).

    A map of shape (N, 1, 1) holds one number for each image. `reduce` sums in another way.
    """
    if not compilable(*maps):
        return (reduce or _total)(formula(*(_numbers(x) for x in maps)))
    if reduce is None:
        return looped(lambda *m: (formula(*m),), maps, 0, 1)[0]
    return reduce(looped(lambda *m: (formula(*m),), maps, 1, 0)[0])


def mapped(formula: Callable[..., tuple[Array, ...]], *maps: Array, kept: int, sums: int = 0) -> tuple[Array, ...]:
    """Apply a formula that gives a tuple: `kept` results as maps (N, H, W), then `sums` that are summed, (N,).

    A complex map counts as two, its real and its imaginary part.
    """
    if compilable(*maps):
        found: tuple[Array, ...] = looped(formula, maps, kept, sums)
        return found
    results = formula(*_real(maps))
    return (*results[:kept], *(_total(result) for result in results[kept:]))


def _real(maps: tuple[Array, ...]) -> Iterator[Array]:
    """Maps of real numbers."""
    for x in maps:
        xp = array_namespace(x)
        if xp.isdtype(x.dtype, "complex floating"):
            yield xp.real(x)
            yield xp.imag(x)
        else:
            yield _numbers(x)


def _numbers(x: Array) -> Array:
    """Float64 numbers: a square of int16 does not fit into int16."""
    if isinstance(x, np.ndarray) or is_torch_array(x):
        xp = array_namespace(x)
        return x if xp.isdtype(x.dtype, "real floating") else xp.astype(x, xp.float64)
    return x


def _total(x: Array) -> Array:
    return array_namespace(x).sum(x, axis=(-2, -1))


def pixelwise(formula: Callable[..., Array]) -> Callable[..., Array]:
    """Make a formula of numbers one of maps.

    Parameters
    ----------
    formula : a function of numbers (positional) to one number.

    Returns
    -------
    The same of maps (N, H, W) of one shape, arrays or tensors; numbers may stand for maps that are the same everywhere.
    """

    @wraps(formula)
    def of_maps(*maps: Array) -> Array:
        arrays = tuple(m for m in maps if isinstance(m, np.ndarray))
        if not arrays or arrays[0].ndim != 3 or not compilable(*arrays):
            return formula(*(_numbers(m) for m in maps))
        numbers = tuple(None if isinstance(m, np.ndarray) else m for m in maps)

        def filled(*some: Array) -> tuple[Array]:
            rest = iter(some)
            return (formula(*(next(rest) if number is None else number for number in numbers)),)

        return looped(filled, arrays, 1, 0)[0]

    return of_maps
