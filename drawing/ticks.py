"""Marks of logarithmic axes: at round numbers, as many as have room, none over another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_STEPS = ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))  # within a power of ten


def mark_logarithmic(axes: Axes, way: Literal["x", "y"], inches: float, apart: float) -> None:
    """Make an axis logarithmic and mark it, after everything has been drawn.

    Parameters
    ----------
    axes, way : the panel, and which of its axes.
    inches : about how long that is.
    apart : inches that a number takes along it.
    """
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

    axes.set(**{f"{way}scale": "log"})
    axis: Axis = getattr(axes, f"{way}axis")
    low, high = sorted(map(float, axis.get_view_interval()))
    marks = round_numbers(low, high, inches, apart)
    axis.set_major_locator(FixedLocator(marks))
    axis.set_major_formatter(FixedFormatter([written(mark) for mark in marks]))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())


def round_numbers(low: float, high: float, inches: float, apart: float) -> list[float]:
    """Choose the round numbers from `low` to `high` that a logarithmic axis has room for.

    Examples
    --------
    >>> round_numbers(0.9, 1200, 2.0, 0.3)
    [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
    >>> round_numbers(7, 60, 2.0, 0.3)
    [10.0, 20.0, 30.0, 50.0]
    """
    from matplotlib.ticker import MaxNLocator

    room = inches / max(math.log10(high / low), 1e-9)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _STEPS:
        gaps = [math.log10(b / a) for a, b in zip(steps, (*steps[1:], 10), strict=True)]
        inside = [float(f"{times}e{power}") for power in powers for times in steps]
        inside = [number for number in inside if low <= number <= high]
        if min(gaps) * room >= apart:
            break
    else:
        inside = inside[:: math.ceil(apart / room)]
    if len(inside) < 2:
        inside = [float(n) for n in MaxNLocator(max(2, int(inches / apart / 1.5))).tick_values(low, high)]
    return [number for number in inside if low <= number <= high]


def written(number: float) -> str:
    r"""Write a positive number, one that is long as a power of ten.

    Examples
    --------
    >>> written(0.02), written(1000.0), written(1e6)
    ('0.02', '1000', '$10^{6}$')
    """
    if 1e-4 < number < 1e6:
        return f"{number:g}"
    power = math.floor(math.log10(number) + 1e-9)
    times = number / 10**power
    return rf"$10^{{{power}}}$" if math.isclose(times, 1) else rf"${times:.3g}\times 10^{{{power}}}$"
