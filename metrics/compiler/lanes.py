"""Numbers of several neighbouring pixels at once, as a formula sees them while it is compiled.

A formula is an ordinary Python function. Called with `Lanes`, its operators write instructions of LLVM on short vectors
in place of computing; loops and helper functions of the formula run in Python and leave straight code behind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

I64 = ir.IntType(64)
F64 = ir.DoubleType()
ROUND = 1.5 * 2.0**52  # added to a number it leaves the nearest integer in the last bits
LN2_HIGH = float.fromhex("0x1.62e42feep-1")  # its products with integers below 2^20 are exact
LN2_LOW = float(Decimal("0.693147180559945309417232121458176568") - Decimal(LN2_HIGH))
ATAN_END = (math.sqrt(2) - 1) ** 2  # square of tan(π/8)
LOG2_RANGE = (math.sqrt(0.5) - 1, math.sqrt(2) - 1)


def _operator(name: str, swapped: bool = False) -> Callable[[Lanes, Lanes | float], Lanes]:
    """An operator that writes the instruction of this name."""

    def operate(self: Lanes, other: Lanes | float) -> Lanes:
        pair = self.value, self.like(other)
        return Lanes(self.builder, getattr(self.builder, name)(*(reversed(pair) if swapped else pair)))

    return operate


def _comparison(relation: str) -> Callable[[Lanes, Lanes | float], Lanes]:
    """An operator that compares numbers."""

    def compare(self: Lanes, other: Lanes | float) -> Lanes:
        return Lanes(self.builder, self.builder.fcmp_ordered(relation, self.value, self.like(other)))

    return compare


class Lanes:
    """A vector of float64 numbers, or of truth values, of a function that is being written.

    Parameters
    ----------
    builder : where instructions go.
    value : the LLVM value.
    """

    __slots__ = ("builder", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def like(self, number: Lanes | float) -> Any:
        """Bring a number to the type of this vector."""
        if isinstance(number, Lanes):
            return number.value
        return ir.Constant(self.value.type, [float(number)] * self.value.type.count)

    def _new(self, value: Any) -> Lanes:
        return Lanes(self.builder, value)

    __add__, __sub__, __mul__, __truediv__ = map(_operator, ("fadd", "fsub", "fmul", "fdiv"))
    __radd__, __rmul__ = __add__, __mul__
    __rsub__, __rtruediv__ = (_operator(name, swapped=True) for name in ("fsub", "fdiv"))
    __and__, __or__ = map(_operator, ("and_", "or_"))
    __lt__, __le__, __gt__, __ge__ = map(_comparison, ("<", "<=", ">", ">="))
    __eq__ = _comparison("==")  # type: ignore[assignment]

    def __neg__(self) -> Lanes:
        return self._new(self.builder.fneg(self.value))

    def __abs__(self) -> Lanes:
        return self._call("llvm.fabs")

    def _call(self, name: str, *others: Any) -> Lanes:
        kind, values = self.value.type, [self.value, *others]
        type_ = ir.FunctionType(kind, [kind] * len(values))
        function = self.builder.module.declare_intrinsic(f"{name}.v{kind.count}f64", (), type_)
        return self._new(self.builder.call(function, values))

    def choose(self, yes: Lanes | float, no: Lanes | float) -> Lanes:
        """Of truth values: `yes` where they hold, `no` elsewhere."""
        numbers = Lanes(self.builder, ir.Constant(ir.VectorType(F64, self.value.type.count), None))
        return self._new(self.builder.select(self.value, numbers.like(yes), numbers.like(no)))

    def plus(self, x: Lanes, y: Lanes | float) -> Lanes:
        """Add a product, rounding once where the processor can."""
        # not a product and a sum that may be contracted: where two products meet, either might be
        return x._call("llvm.fmuladd", x.like(y), self.value)

    def sqrt(self) -> Lanes:
        """Square root."""
        return self._call("llvm.sqrt")

    def single(self) -> Lanes:
        """Round to float32."""
        short = self.builder.fptrunc(self.value, ir.VectorType(ir.FloatType(), self.value.type.count))
        return self._new(self.builder.fpext(short, self.value.type))

    def _bits(self, change: Callable[[Any, Callable[[int], Any]], Any]) -> Lanes:
        """Work on the numbers' representation."""
        count, numbers = self.value.type.count, self.value.type
        kind = ir.VectorType(I64, count)
        bits = self.builder.bitcast(self.value, kind)
        changed = change(bits, lambda number: ir.Constant(kind, [number] * count))
        return self._new(self.builder.bitcast(changed, numbers))

    def polynomial(self, coefficients: tuple[float, ...]) -> Lanes:
        """Evaluate a polynomial, lowest coefficient first.

        Neighbouring terms are joined in pairs, and pairs in pairs: a chain of additions would wait for each of them.
        """
        terms, power = [self._new(self.like(coefficient)) for coefficient in coefficients], self
        while len(terms) > 1:
            pairs = [low.plus(high, power) for low, high in zip(terms[::2], terms[1::2], strict=False)]
            terms = pairs + terms[len(terms) // 2 * 2 :]
            power = power * power
        return terms[0]

    def exp(self) -> Lanes:
        """Exponential, to 2e-16 of the value; of numbers below -708 as of -708, above 709 as of 709."""
        x = (self < -708.0).choose(-708.0, self)
        x = (x > 709.0).choose(709.0, x)
        shifted = x * (1 / math.log(2)) + ROUND
        whole = shifted - ROUND
        rest = x.plus(whole, -LN2_HIGH).plus(whole, -LN2_LOW)
        power = rest.polynomial(EXP)
        exponent = shifted._bits(lambda bits, number: self.builder.shl(bits, number(52)))
        moved = self.builder.bitcast(exponent.value, ir.VectorType(I64, self.value.type.count))
        return power._bits(lambda bits, number: self.builder.add(bits, moved))

    def parted(self) -> tuple[Lanes, Lanes]:
        """Positive normal numbers as a mantissa from sqrt(1/2) to sqrt(2), and the power of 2 that it is times."""
        b = self.builder
        offset = int(np.float64(math.sqrt(0.5)).view(np.int64))
        high = self._bits(lambda bits, number: b.ashr(b.sub(bits, number(offset)), number(52)))
        exponent = b.bitcast(high.value, ir.VectorType(I64, self.value.type.count))
        mantissa = self._bits(lambda bits, number: b.sub(bits, b.shl(exponent, number(52))))
        # small integers to float64: into the last bits of a large number
        whole = high._bits(lambda bits, number: b.add(bits, number(int(np.float64(ROUND).view(np.int64))))) - ROUND
        return mantissa, whole

    def log2(self) -> Lanes:
        """Binary logarithm of positive normal numbers, to 2e-16 absolute near 1 and relative elsewhere."""
        mantissa, whole = self.parted()
        rest = mantissa - 1.0
        middle, half = sum(LOG2_RANGE) / 2, (LOG2_RANGE[1] - LOG2_RANGE[0]) / 2
        return whole.plus(rest, (rest * (1 / half) - middle / half).polynomial(log2_series()))

    def atan(self) -> Lanes:
        """Arc tangent, to 1e-15; of infinite numbers ±π/2."""
        return self.atan_over(1.0)

    def atan_over(self, other: Lanes | float) -> Lanes:
        """Arc tangent of a ratio, to 1e-15."""
        over = self._new(self.like(other))
        above, below = abs(self), abs(over)
        steep, medium = above > below * (1 + math.sqrt(2)), above > below * (math.sqrt(2) - 1)
        # tan(angle - π/2), tan(angle - π/4) or tan(angle), the one that is small
        x = steep.choose(-below, medium.choose(above - below, above))
        x = x / steep.choose(above, medium.choose(above + below, below))
        series = (x * x * (2 / ATAN_END) - 1.0).polynomial(atan_series())
        turn = steep.choose(math.pi / 2, medium.choose(math.pi / 4, 0.0)) + x * series
        negative = self._new(self.builder.xor((self < 0.0).value, (over < 0.0).value))
        return negative.choose(-turn, turn)


EXP = tuple(1 / math.factorial(k) for k in range(14))


def _fitted(
    function: Callable[[NDArray[Any]], NDArray[Any]], low: float, high: float, degree: int
) -> tuple[float, ...]:
    """Polynomial through a function's values at Chebyshev's points; its variable runs from -1 to 1."""
    fit = np.polynomial.Chebyshev.interpolate(function, degree, domain=[low, high])
    return tuple(float(c) for c in np.polynomial.chebyshev.cheb2poly(fit.coef))


@cache
def atan_series() -> tuple[float, ...]:
    """Series of atan(x) / x in x², which runs from 0 to ATAN_END."""
    return _fitted(lambda z: np.arctan(np.sqrt(z)) / np.sqrt(z), 0.0, ATAN_END, 12)


@cache
def log2_series() -> tuple[float, ...]:
    """Series of log2(1 + x) / x, x in LOG2_RANGE."""
    return _fitted(lambda x: np.log1p(x) / x / math.log(2), *LOG2_RANGE, 20)
