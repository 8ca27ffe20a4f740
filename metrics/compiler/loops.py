"""Loops over images around a formula, written for LLVM: one pass over memory, several pixels at a time.

Two kinds are enough: `pixels` applies a formula and stores or sums what it gives; `sweep` first adds up weighted rows
and weighted neighbours along a row, which is a separable filter. Numbers of a formula are float64; images may be of any
of `KINDS`. Nothing is rounded in another way than NumPy does, except that weighted sums and polynomials use fused
multiply-adds where the level has them, and that sums are taken in as many parts as vectors have numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .levels import Level
from .machine import Call, lanes, machine_code
from .program import Program

KINDS = ("float64", "int16", "uint8")  # of images
MANY = 16  # maps of a long formula
MANY_SUMS = 4
ROWS = 16  # rows of results that are worked on at a time: what they are made of stays in the cache


class Down(NamedTuple):
    """Sums over weighted rows, of products of images."""

    kinds: tuple[str, ...]  # of the images
    taps: tuple[float, ...]  # weights of the rows below, from the row itself on
    products: tuple[tuple[int, ...], ...]  # for each sum: the image that is summed, or the two that are multiplied
    stride: int  # from one row of results to the next


class Loop(NamedTuple):
    """What is to be done at each pixel."""

    formula: Callable[..., Any]  # of the weighted sums and the maps; gives a tuple of numbers
    taps: tuple[float, ...] = ()  # weights of the neighbours to the right, from the pixel itself on
    sums: int = 0  # maps of which weighted sums are taken
    stride: int = 1  # of the pixels of which sums are taken
    kinds: tuple[str, ...] = ()  # of the other maps; "one" for a single float64 number
    outputs: int = 0  # results that are stored
    totals: int = 0  # the others, which are summed
    logarithms: bool = False  # multiply what is summed, instead


def pixels(loop: Loop) -> Call:
    """Compile a loop over pixels.

    call(rows, width, totals, *(address, bytes from row to row) of each map and output). Width is at least `lanes()`.
    What is summed is added to `totals`, for each sum as many float64 as a vector has.
    """
    arguments = 3 + 2 * (len(loop.kinds) + loop.outputs)

    def write(here: Level) -> Program:
        # long formulas keep the processor busy anyway, and the compiler
        many = len(loop.kinds) > MANY
        program = Program(arguments, here.lanes * (1 if many else 2))
        rows, width, totals, *maps = program.function.args
        _write_pixels(program, loop, rows, width, (totals, totals), totals, maps)
        return program

    return machine_code(loop[1:], loop.formula, arguments, write)


def sweep(down: Down, loop: Loop) -> Call:
    """Compile a separable filter with a formula: strips of at most ROWS rows, first down the columns, then along them.

    call(rows, images' width, width, strip, bytes of a row in it, totals, *(address, bytes from row to row) of each
    image, map and output). Rows and width are of the results, at least the level's `block` and `lanes()`. `strip` is
    memory for ROWS rows of every sum. Of logarithms, `totals` holds for each sum as many products, and then as many
    powers of 2, which are taken out of the products so that they stay near 1.
    """
    count = len(down.kinds)
    arguments = 6 + 2 * (count + len(loop.kinds) + loop.outputs)

    def write(here: Level) -> Program:
        program = Program(arguments, here.lanes)
        b, at, number = program.builder, program.at, program.number
        rows, wide, width, strip, row, totals, *planes = program.function.args
        parts = strips(program, rows)

        def one(index: Any) -> None:
            top, below = (b.sdiv(b.mul(rows, i), parts) for i in (index, b.add(index, number(1))))
            high = b.sub(below, top)
            starts = [at(planes[i], top, planes[i + 1]) for i in range(0, len(planes), 2)]
            first = [at(planes[2 * i], b.mul(top, number(down.stride)), planes[2 * i + 1]) for i in range(count)]
            moved = [x for pair in zip(first + starts[count:], planes[1::2], strict=True) for x in pair]
            # more sums leave registers for fewer rows
            size = here.block if len(down.products) <= MANY_SUMS else here.block // 2
            _write_columns(program, down, size, (high, wide), (strip, row), moved[: 2 * count])
            program.lanes = 2 * here.lanes
            _write_pixels(program, loop, high, width, (strip, row), totals, moved[2 * count :])

        program.loop(parts, one)
        return program

    return machine_code((*down, *loop[1:]), loop.formula, arguments, write)


def strips(program: Program, rows: Any) -> Any:
    """Number of strips that an image is cut into."""
    return program.builder.sdiv(program.builder.add(rows, program.number(ROWS - 1)), program.number(ROWS))


def _write_columns(
    program: Program, down: Down, size: int, shape: tuple[Any, Any], target: tuple[Any, Any], images: list[Any]
) -> None:
    """Write the sums over rows: `shape` is rows and width of the results, `target` address and bytes of a row."""
    at, (rows, width), stride = program.at, shape, program.number(down.stride)

    def block(top: Any, _: Any) -> None:
        lines = []
        for start, row in zip(images[::2], images[1::2], strict=True):
            first = at(start, program.builder.mul(top, stride), row)
            lines.append([at(first, i, row) for i in range((size - 1) * down.stride + len(down.taps))])

        def across(left: Any, _: Any) -> None:
            for row, sums in enumerate(_weighted_rows(program, down, lines, left, size)):
                for i, vector in enumerate(sums):
                    line = program.builder.add(top, program.number(i * ROWS + row))
                    program.store(vector, at(at(target[0], line, target[1]), left, 8))

        program.blocks(width, program.lanes, across)

    program.blocks(rows, size, block)


def _weighted_rows(program: Program, down: Down, lines: list[list[Any]], left: Any, size: int) -> list[list[Any]]:
    """Sums at one place: for each row of a block, for each factor. Each pixel is read once."""
    sums: list[list[Any]] = [[None] * len(down.products) for _ in range(size)]
    for j in range(len(lines[0])):
        pixels = [
            program.load(program.at(line[j], left, _size(kind)), kind)
            for line, kind in zip(lines, down.kinds, strict=True)
        ]
        for row in range(size):
            tap = j - row * down.stride
            if 0 <= tap < len(down.taps):
                weighted = {first: pixels[first] * down.taps[tap] for first, *_ in down.products}
                for i, (first, *second) in enumerate(down.products):
                    other = pixels[second[0]] if second else 1.0
                    so_far = sums[row][i]
                    sums[row][i] = weighted[first] * other if so_far is None else so_far.plus(weighted[first], other)
    return sums


def _write_pixels(
    program: Program, loop: Loop, rows: Any, width: Any, source: tuple[Any, Any], totals: Any, maps: list[Any]
) -> None:
    """Write the loop over pixels; `source` is what `_write_columns` has as its target."""
    at = program.at

    def line(row: Any) -> None:
        starts = [at(maps[i], row, maps[i + 1]) for i in range(0, len(maps), 2)]
        sources = [
            at(source[0], program.builder.add(row, program.number(i * ROWS)), source[1]) for i in range(loop.sums)
        ]

        def block(left: Any, done: Any) -> None:
            sums = _weighted_neighbours(program, loop, sources, left)
            read = _read(program, loop.kinds, starts, left)
            results = loop.formula(*sums, *read)
            for start, vector in zip(starts[len(loop.kinds) :], results, strict=False):
                program.store(vector, at(start, left, 8))
            for i, vector in enumerate(results[loop.outputs :]):
                place = at(totals, i, 8 * lanes() * (2 if loop.logarithms else 1))
                if loop.logarithms:
                    powers = at(place, 1, 8 * lanes())
                    product, power = (program.load(place) * program.since(vector, done, 1.0)).parted()
                    program.store(product, place)
                    program.store(program.load(powers) + power, powers)
                else:
                    program.store(program.load(place) + program.since(vector, done, 0.0), place)

        program.blocks(width, program.lanes, block)

    program.loop(rows, line)


def _weighted_neighbours(program: Program, loop: Loop, sources: list[Any], left: Any) -> list[Any]:
    """Sums over the neighbours to the right."""
    sums: list[Any] = [None] * loop.sums
    read = program.load if loop.stride == 1 else program.every_second
    for tap, weight in enumerate(loop.taps):
        for i, start in enumerate(sources):
            vector = read(program.at(program.at(start, left, 8 * loop.stride), tap, 8))
            sums[i] = vector * weight if sums[i] is None else sums[i].plus(vector, weight)
    return sums


def _read(program: Program, kinds: tuple[str, ...], starts: list[Any], left: Any) -> list[Any]:
    """Numbers of maps at one place."""
    return [
        program.spread(start) if kind == "one" else program.load(program.at(start, left, _size(kind)), kind)
        for start, kind in zip(starts, kinds, strict=False)
    ]


def _size(kind: str) -> int:
    return int(np.dtype(kind).itemsize)
