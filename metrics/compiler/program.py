"""Functions of LLVM while they are being written: loops, and vectors that are read and stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

NAME = "loop"  # of every function: each is an object file of its own


class Program:
    """A function of integers (counts, addresses, distances in bytes) while it is being written.

    Parameters
    ----------
    arguments : their number.
    lanes : numbers in a vector.
    """

    def __init__(self, arguments: int, lanes: int) -> None:
        from llvmlite import ir

        from .lanes import I64

        self.ir, self.lanes, self.integer = ir, lanes, I64
        kind = ir.FunctionType(ir.VoidType(), [I64] * arguments)
        self.function = ir.Function(ir.Module(), kind, NAME)
        self.builder = ir.IRBuilder(self.function.append_basic_block())

    @property
    def vector(self) -> Any:
        """The type of a vector of numbers."""
        return self.ir.VectorType(self.ir.DoubleType(), self.lanes)

    def number(self, value: int) -> Any:
        """An integer constant."""
        return self.ir.Constant(self.integer, value)

    def at(self, base: Any, index: Any, step: Any) -> Any:
        """Address of the index-th of things that lie `step` bytes apart."""
        index, step = (self.number(x) if isinstance(x, int) else x for x in (index, step))
        return self.builder.add(base, self.builder.mul(index, step))

    def loop(self, count: Any, body: Callable[..., Any], *carried: Any) -> list[Any]:
        """Write `body` for an index from 0 to count - 1; count is at least 1.

        After the index it takes the `carried` values, which it gives anew for the next; the last ones come back.
        """
        before, start = self.builder.block, self.function.append_basic_block()
        self.builder.branch(start)
        self.builder.position_at_end(start)
        index, *values = (self.builder.phi(first.type) for first in (self.number(0), *carried))
        following = [*(body(index, *values) or ()), self.builder.add(index, self.number(1))]
        for phi, first, next_ in zip((*values, index), (*carried, self.number(0)), following, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(next_, self.builder.block)
        end = self.function.append_basic_block()
        self.builder.cbranch(self.builder.icmp_signed("<", following[-1], count), start, end)
        self.builder.position_at_end(end)
        return following[:-1]

    def blocks(self, count: Any, size: int, body: Callable[[Any, Any], None]) -> None:
        """Write `body` for the first index of blocks of `size`, and how many of them the block before has done.

        The last block ends at `count`, which is at least `size`, and so may begin in the one before.
        """
        b = self.builder
        last = b.sub(count, self.number(size))

        def block(index: Any) -> None:
            place = b.mul(index, self.number(size))
            first = b.select(b.icmp_signed("<", place, last), place, last)
            body(first, b.sub(place, first))

        self.loop(b.sdiv(b.add(count, self.number(size - 1)), self.number(size)), block)

    def load(self, address: Any, kind: str = "float64") -> Any:
        """Read neighbouring numbers."""
        from .lanes import F64, Lanes

        element = {"float64": F64, "int16": self.ir.IntType(16), "uint8": self.ir.IntType(8)}[kind]
        pointer = self.builder.inttoptr(address, self.ir.VectorType(element, self.lanes).as_pointer())
        numbers = self.builder.load(pointer, align=int(np.dtype(kind).itemsize))
        if kind != "float64":
            numbers = (self.builder.sitofp if kind == "int16" else self.builder.uitofp)(numbers, self.vector)
        return Lanes(self.builder, numbers)

    def numbers(self, value: Any) -> Any:
        """A vector as a formula sees it."""
        from .lanes import Lanes

        return Lanes(self.builder, value)

    def spread(self, address: Any) -> Any:
        """Read one float64 number for all pixels."""
        from .lanes import F64, Lanes

        value = self.builder.load(self.builder.inttoptr(address, F64.as_pointer()))
        return Lanes(self.builder, self._splat(value, F64))

    def _splat(self, value: Any, kind: Any) -> Any:
        short = self.ir.IntType(32)
        empty = self.ir.Constant(self.ir.VectorType(kind, self.lanes), self.ir.Undefined)
        first = self.builder.insert_element(empty, value, self.ir.Constant(short, 0))
        zeros = self.ir.Constant(self.ir.VectorType(short, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, empty, zeros)

    def every_second(self, address: Any) -> Any:
        """Read every second of neighbouring float64 numbers."""
        from .lanes import Lanes

        both = [self.load(self.at(address, self.lanes, 8 * i)).value for i in range(2)]
        short = self.ir.VectorType(self.ir.IntType(32), self.lanes)
        pick = self.ir.Constant(short, list(range(0, 2 * self.lanes, 2)))
        return Lanes(self.builder, self.builder.shuffle_vector(*both, pick))

    def store(self, numbers: Any, address: Any) -> None:
        """Write neighbouring float64 numbers."""
        self.builder.store(numbers.value, self.builder.inttoptr(address, self.vector.as_pointer()), align=8)

    def prefetch(self, address: Any) -> None:
        """Ask for what lies at an address, which will be read soon; it may be nothing of ours."""
        short, byte = self.ir.IntType(32), self.ir.IntType(8).as_pointer()
        kind = self.ir.FunctionType(self.ir.VoidType(), [byte, short, short, short])
        function = self.builder.module.declare_intrinsic("llvm.prefetch", (byte,), kind)
        options = (self.ir.Constant(short, option) for option in (0, 2, 1))  # to read, second-level cache, data
        self.builder.call(function, [self.builder.inttoptr(address, byte), *options])

    def since(self, numbers: Any, done: Any, neutral: float) -> Any:
        """Replace the first `done` numbers, which have been counted already."""
        from .lanes import Lanes

        order = self.ir.Constant(self.ir.VectorType(self.integer, self.lanes), list(range(self.lanes)))
        new = self.builder.icmp_signed(">=", order, self._splat(done, self.integer))
        return Lanes(self.builder, new).choose(numbers, neutral)
