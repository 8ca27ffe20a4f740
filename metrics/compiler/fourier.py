"""Fourier transforms back, of four spectra at once, as a program writes them; see `responses` for what they are for.

Stockham's passes: each takes a prime factor or two of the length, and leaves the numbers in order. The four spectra lie
beside each other in a vector, so that every step is a vector's, whichever way a line runs.
"""

from __future__ import annotations

from cmath import exp, pi
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .program import Program

FILTERS = 4
LINE = 64  # bytes of FILTERS complex numbers: the real parts, and then the imaginary ones
RADICES = (4, 5, 3, 2, 1)  # written out, with numbers that registers hold; for other primes there is a loop
PASS = 5  # numbers that describe a pass


class Number(NamedTuple):
    """A complex number of each filter, of a program that is being written."""

    real: Any  # Lanes
    imaginary: Any

    def __add__(self, other: Any) -> Number:
        return Number(self.real + other.real, self.imaginary + other.imaginary)

    def minus(self, other: Number) -> Number:
        """Subtract."""
        return Number(self.real - other.real, self.imaginary - other.imaginary)

    def times(self, factor: Number) -> Number:
        """Multiply."""
        real = (self.real * factor.real).plus(self.imaginary, -factor.imaginary)
        return Number(real, (self.real * factor.imaginary).plus(self.imaginary, factor.real))

    def across(self) -> Number:
        """Multiply with i."""
        return Number(-self.imaginary, self.real)


Read = Callable[[Any], Number]


def transformed(x: list[Number]) -> list[Number]:
    """Inverse transform of a few numbers, not divided by their count, written out."""
    count = len(x)
    if count == 1:
        return x
    if count == 2:
        return [x[0] + x[1], x[0].minus(x[1])]
    if count == 4:
        evens, odds = transformed(x[::2]), transformed(x[1::2])
        turned = odds[1].across()
        return [evens[0] + odds[0], evens[1] + turned, evens[0].minus(odds[0]), evens[1].minus(turned)]
    sums = [x[j] + x[-j] for j in range(1, (count + 1) // 2)]
    differences = [x[j].minus(x[-j]) for j in range(1, (count + 1) // 2)]
    result: list[Any] = [None] * count
    result[0] = x[0]
    for both in sums:
        result[0] = result[0] + both
    for k in range(1, (count + 1) // 2):
        even, odd = x[0], None
        for j, (both, difference) in enumerate(zip(sums, differences, strict=True), 1):
            root = exp(2j * pi * ((j * k) % count) / count)
            even = Number(*(e.plus(s, root.real) for e, s in zip(even, both, strict=True)))
            part = Number(*(d * root.imag for d in difference))
            odd = part if odd is None else Number(*(o.plus(d, root.imag) for o, d in zip(odd, difference, strict=True)))
        assert odd is not None
        result[k], result[-k] = even + odd.across(), even.minus(odd.across())
    return result


def radices(length: int) -> tuple[int, ...]:
    """Radices whose product a length is; the first and the last are of those that are written out, 1 at worst."""
    written, others, prime = list[int](), list[int](), 7
    for radix in RADICES[:-1]:
        while length % radix == 0:
            written.append(radix)
            length //= radix
    while length > 1:
        prime = prime if prime * prime <= length else length
        while length % prime == 0:
            others.append(prime)
            length //= prime
        prime += 2
    first = written.pop(0) if written else 1
    last = written.pop() if written else 1
    return (first, *others, *written, last)


class Plan(NamedTuple):
    """Passes of one length."""

    passes: NDArray[np.int64]  # (count, PASS): radix, is it written out, left, done, factors' address
    roots: tuple[NDArray[np.complex128], ...]  # the factors; of the loop after its roots of unity


@lru_cache(maxsize=64)
def plan(length: int) -> Plan:
    """Plan the transform of a length: Stockham's passes, decimation in frequency."""
    rows, roots, done, left = [], [], 1, length
    for radix in radices(length):
        left //= radix
        place = np.outer(np.arange(left), np.arange(radix)) % (left * radix) / (left * radix)
        circle: Any = [] if radix in RADICES else np.arange(radix) / radix
        roots.append(np.exp(2j * np.pi * np.array([*circle, *place.ravel()])))
        rows.append((radix, radix in RADICES, left, done, roots[-1].ctypes.data))
        done *= radix
    return Plan(np.array(rows, np.int64), tuple(roots))


def write_transform(program: Program, planned: tuple[Any, Any], read: Read, buffers: list[Any], final: Any) -> None:
    """Write the passes of one line, from what `read` gives to `final`; which they are is known when it runs."""
    b, number = program.builder, program.number
    address, count = planned
    end = b.sub(count, number(1))

    def between(index: Any) -> None:
        radix, written, left, done, roots = _pass(program, address, b.add(index, number(1)))
        odd = b.trunc(index, program.ir.IntType(1))
        places = b.select(odd, buffers[1], buffers[0]), b.select(odd, buffers[0], buffers[1])
        for size in RADICES[:-1]:
            with b.if_then(b.icmp_signed("==", radix, number(size))):
                _write_pass(program, size, (left, done), places, roots)
        with b.if_then(b.icmp_signed("==", written, number(0))):
            _write_loop(program, radix, (left, done), places, roots)

    radix, _, left, _, roots = _pass(program, address, number(0))
    for size in RADICES:
        with b.if_then(b.icmp_signed("==", radix, number(size))):
            _write_first(program, size, left, read, buffers[0], roots)
    with b.if_then(b.icmp_signed(">", count, number(2))):
        program.loop(b.sub(end, number(1)), between)
    radix, _, _, done, _ = _pass(program, address, end)
    source = b.select(b.trunc(count, program.ir.IntType(1)), buffers[1], buffers[0])
    for size in RADICES:
        with b.if_then(b.icmp_signed("==", radix, number(size))):
            _write_last(program, size, done, source, final)


def _pass(program: Program, passes: Any, index: Any) -> list[Any]:
    """Read a row of `Plan.passes`."""
    row = program.at(passes, index, 8 * PASS)
    pointers = (program.builder.inttoptr(program.at(row, i, 8), program.integer.as_pointer()) for i in range(PASS))
    return [program.builder.load(pointer) for pointer in pointers]


def _turned(program: Program, results: list[Number], roots: Any) -> list[Number]:
    """Multiply what a pass gives with its factors."""
    factors = (root_at(program, program.at(roots, k, 16)) for k in range(1, len(results)))
    return [results[0], *(x.times(factor) for x, factor in zip(results[1:], factors, strict=True))]


def _write_first(program: Program, radix: int, left: Any, read: Read, target: Any, roots: Any) -> None:
    """Write the first pass."""
    b, at = program.builder, program.at

    def group(p: Any) -> None:
        results = transformed([read(b.add(p, b.mul(left, program.number(j)))) for j in range(radix)])
        for k, x in enumerate(_turned(program, results, at(roots, p, 16 * radix))):
            store(program, x, at(at(target, p, LINE * radix), k, LINE))

    program.loop(left, group)


def _write_last(program: Program, radix: int, done: Any, source: Any, target: Any) -> None:
    """Write the last pass, whose factors are 1."""
    step = program.builder.mul(done, program.number(LINE))

    def one(q: Any) -> None:
        read, write = (program.at(place, q, LINE) for place in (source, target))
        for k, x in enumerate(transformed([load(program, program.at(read, j, step)) for j in range(radix)])):
            store(program, x, program.at(write, k, step))

    program.loop(done, one)


def _write_pass(program: Program, radix: int, counts: tuple[Any, Any], places: tuple[Any, Any], roots: Any) -> None:
    """Write a pass: `counts` are how many numbers are left and done, `places` where it reads and writes."""
    b, at, (left, done), (source, target) = program.builder, program.at, counts, places
    near = b.mul(done, program.number(LINE))
    far = b.mul(left, near)

    def group(p: Any) -> None:
        begin, end = at(source, p, near), at(target, p, b.mul(near, program.number(radix)))

        def one(q: Any) -> None:
            read, write = at(begin, q, LINE), at(end, q, LINE)
            results = transformed([load(program, at(read, j, far)) for j in range(radix)])
            for k, x in enumerate(_turned(program, results, at(roots, p, 16 * radix))):
                store(program, x, at(write, k, near))

        program.loop(done, one)

    program.loop(left, group)


def _write_loop(program: Program, radix: Any, counts: tuple[Any, Any], places: tuple[Any, Any], roots: Any) -> None:
    """Write a pass of any radix."""
    b, at, (left, done), (source, target) = program.builder, program.at, counts, places
    turns = at(roots, radix, 16)

    def group(p: Any) -> None:
        def one(q: Any) -> None:
            read = at(at(source, q, LINE), b.mul(p, done), LINE)
            write = at(at(target, q, LINE), b.mul(b.mul(p, done), radix), LINE)

            def result(k: Any) -> None:
                def term(j: Any, real: Any, imaginary: Any) -> tuple[Any, Any]:
                    x = load(program, at(read, j, b.mul(b.mul(left, done), program.number(LINE))))
                    root = root_at(program, at(roots, b.srem(b.mul(j, k), radix), 16))
                    y = x.times(root)
                    return (program.numbers(real) + y.real).value, (program.numbers(imaginary) + y.imaginary).value

                nothing = program.ir.Constant(program.vector, [0.0] * FILTERS)
                sums = Number(*(program.numbers(x) for x in program.loop(radix, term, nothing, nothing)))
                factor = root_at(program, at(at(turns, b.mul(p, radix), 16), k, 16))
                store(program, sums.times(factor), at(write, b.mul(k, done), LINE))

            program.loop(radix, result)

        program.loop(done, one)

    program.loop(left, group)


def root_at(program: Program, address: Any) -> Number:
    """Read a complex number for all filters."""
    return Number(program.spread(address), program.spread(program.at(address, 1, 8)))


def load(program: Program, address: Any) -> Number:
    """Read a complex number of each filter."""
    return Number(program.load(address), program.load(program.at(address, FILTERS, 8)))


def store(program: Program, x: Number, address: Any) -> None:
    """Write a complex number of each filter."""
    program.store(x.real, address)
    program.store(x.imaginary, program.at(address, FILTERS, 8))
