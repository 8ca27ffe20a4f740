"""An image's responses to four filters, by Fourier transforms, with a formula of them: one program.

Only the transform along the columns is stored. What the filters give at a pixel goes to the formula from the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fourier import FILTERS, LINE, Number, load, plan, radices, root_at, write_transform
from .levels import Level
from .machine import Call, machine_code, processor
from .program import Program

LARGEST = 61  # prime factor of a length: for larger ones other algorithms are faster
BUFFERS = 3


def can_transform(height: int, width: int) -> bool:
    """Tell whether `over_responses` works on images of this size."""
    return processor() is not None and all(n >= FILTERS and max(radices(n)) <= LARGEST for n in (height, width))


def over_responses(
    formula: Callable[..., tuple[Any, ...]],
    spectrum: NDArray[np.complex128],
    radial: NDArray[np.float64],
    angular: NDArray[np.float64],
    between: NDArray[np.float64],
    outputs: int,
) -> tuple[NDArray[np.float64], ...]:
    """Apply a formula to an image's responses to four filters, pixel by pixel.

    Parameters
    ----------
    formula : takes real and imaginary part of each filter's response, and gives `outputs` numbers.
    spectrum : (W, H), of the image, the frequency along the rows first.
    radial, angular : (W, H, 4) and (W, H); their product is the filters. The transform is not divided by the number of
        pixels.
    between : memory of `memory(H, W)`.

    Returns
    -------
    `outputs` maps (1, H, W).
    """
    width, height = spectrum.shape
    first, second = plan(height), plan(width)
    results = [np.empty((1, height, width)) for _ in range(outputs)]
    arrays = (spectrum, radial, angular, first.passes, second.passes)
    start = between.ctypes.data
    start += -start % LINE
    _program(formula, outputs)(
        height, width, len(first.passes), len(second.passes), start, *(x.ctypes.data for x in (*arrays, *results))
    )
    return tuple(results)


def memory(height: int, width: int) -> NDArray[np.float64]:
    """Make memory for responses on their way, and for the lines that are worked on."""
    return np.empty((width * _row(height) + BUFFERS * max(height, width) * LINE + LINE) // 8)


def _row(height: int) -> int:
    """Bytes from line to line in that memory: an odd number of the cache's lines, so that neighbours get along."""
    return (height | 1) * LINE


def _program(formula: Any, outputs: int) -> Call:
    """Compile the transforms with a formula."""
    arguments = 10 + outputs

    def write(_: Level) -> Program:
        program = Program(arguments, FILTERS)
        _write(program, formula)
        return program

    return machine_code(("responses", outputs), formula, arguments, write)


def _write(program: Program, formula: Any) -> None:
    """Write the whole program: filters and transforms along the columns, then along the rows, then the formula."""
    b, at, number = program.builder, program.at, program.number
    height, width, first, second, start, spectrum, radial, angular, plan_h, plan_w, *maps = program.function.args
    row = b.mul(b.or_(height, number(1)), number(LINE))
    longest = b.select(b.icmp_signed(">", height, width), height, width)
    buffers = [at(at(start, width, row), b.mul(longest, number(i)), LINE) for i in range(BUFFERS)]

    def column(x: Any) -> None:
        line = b.mul(x, height)

        def filtered(y: Any) -> Number:
            place = b.add(line, y)
            program.prefetch(at(radial, b.add(place, height), 8 * FILTERS))
            factor = program.load(at(radial, place, 8 * FILTERS)) * program.spread(at(angular, place, 8))
            value = root_at(program, at(spectrum, place, 16))
            return Number(value.real * factor, value.imaginary * factor)

        write_transform(program, (plan_h, first), filtered, buffers, at(start, x, row))

    def line(y: Any) -> None:
        def gathered(x: Any) -> Number:
            place = at(at(start, y, LINE), x, row)
            program.prefetch(at(place, 1, LINE))
            return load(program, place)

        write_transform(program, (plan_w, second), gathered, buffers, buffers[2])

        def pixels(left: Any, _: Any) -> None:
            results = formula(*_by_filter(program, at(buffers[2], left, LINE)))
            for result, place in zip(results, maps, strict=True):
                program.store(result, at(place, b.add(b.mul(y, width), left), 8))

        program.blocks(width, FILTERS, pixels)

    program.loop(width, column)
    program.loop(height, line)


def _by_filter(program: Program, address: Any) -> list[Any]:
    """Real and imaginary parts of neighbouring pixels, filter by filter."""
    from .lanes import Lanes

    b, short = program.builder, program.ir.IntType(32)
    wide = program.ir.VectorType(program.ir.DoubleType(), 2 * FILTERS).as_pointer()

    def picked(x: Any, y: Any, places: list[int]) -> Any:
        return b.shuffle_vector(x, y, program.ir.Constant(program.ir.VectorType(short, len(places)), places))

    pixels = [b.load(b.inttoptr(program.at(address, i, LINE), wide), align=8) for i in range(FILTERS)]
    # of the filters 0 and 2, then 1 and 3: two pixels of each
    mixed = [[first + 2 * i + 2 * FILTERS * j for i in range(FILTERS) for j in range(2)] for first in range(2)]
    pairs = [picked(pixels[i], pixels[i + 1], places) for places in mixed for i in (0, 2)]
    numbers = []
    for s in range(FILTERS):
        low, high = pairs[2 * (s % 2)], pairs[2 * (s % 2) + 1]
        for part in range(2):
            first = 2 * (s // 2) + 4 * part
            numbers.append(Lanes(b, picked(low, high, [first, first + 1, first + 8, first + 9])))
    return numbers
