"""The diagram of critical differences: mean ranks, and which methods the test does not tell apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..drawing.pens import Pen, pens
from ..drawing.style import TWO, fitted, new_figure, width_of
from ..errors import InputError
from .significance import Friedman

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXIS = 2.6  # inches, at least
SIZE = 7.0  # points of a label
LINE, BAR = 0.16, 0.075  # inches from a label to the next one, and from a bar to the next one


def critical_differences(
    test: Friedman, names: Mapping[str, str] | None = None, inks: Mapping[str, Pen] | None = None
) -> Figure:
    """Draw mean ranks, best at the left; a bar joins methods that Nemenyi's test does not tell apart.

    The diagram of J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006, pp. 1-30:
    the better half of the methods is named at the left, the other one at the right. Call it within `style`.

    Raises
    ------
    InputError
        There are less than two methods, or no pair that all of them have.
    """
    k = len(test.methods)
    if k < 2 or test.n < 2:
        raise InputError(
            f"a diagram of critical differences needs two methods and two pairs that all have, here are {k} and "
            f"{test.n}: run more, or choose the methods"
        )
    inks = inks or pens(test.methods)
    order = sorted(range(k), key=lambda place: test.ranks[place])
    ranks, methods = [test.ranks[place] for place in order], [test.methods[place] for place in order]
    half = math.ceil(k / 2)
    room = (TWO - AXIS) / 2 - 0.15
    numbers = [f"({rank:.2f})" for rank in ranks]
    labels = [
        fitted((names or {}).get(method, method), room - width_of(f" {number}", SIZE), SIZE)
        for method, number in zip(methods, numbers, strict=True)
    ]
    labels = [f"{a} {b}" if i < half else f"{b} {a}" for i, (a, b) in enumerate(zip(labels, numbers, strict=True))]
    left, right = (max(width_of(label, SIZE) for label in side) + 0.15 for side in (labels[:half], labels[half:]))
    levels = bar_levels(groups(ranks, test.critical))
    first = 0.9 + BAR * (max(levels.values(), default=-1) + 1) + LINE  # inches from the top to the first label
    width, height = max(5.0, left + AXIS + right), first + LINE * half
    figure = new_figure(width, height, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    each = (k - 1) / (width - left - right)  # ranks in an inch
    axes.set(xlim=(1 - left * each, k + right * each), ylim=(height, 0))
    axes.axis("off")
    _ruler(axes, test, each)
    axes.plot([1, k], [0.8, 0.8], color="black", linewidth=0.8)
    for tick in range(1, k + 1, math.ceil(0.25 * each)):
        axes.plot([tick, tick], [0.8, 0.75], color="black", linewidth=0.8)
        axes.text(tick, 0.72, str(tick), ha="center", va="bottom", size=SIZE)
    for (start, end), level in levels.items():
        y = 0.9 + BAR * level
        axes.plot([ranks[start] - 0.04 * each, ranks[end] + 0.04 * each], [y, y], color="black", linewidth=2, zorder=3)
    for place, (method, rank, label) in enumerate(zip(methods, ranks, labels, strict=True)):
        y = first + LINE * (place if place < half else k - 1 - place)
        end, align, beside = (1, "right", -0.04) if place < half else (k, "left", 0.04)
        colour = inks[method].colour
        axes.plot([rank, rank, end], [0.8, y, y], color=colour, linewidth=0.9)
        axes.plot(rank, 0.8, "o", color=colour, markersize=4, zorder=4)
        axes.text(end + beside * each, y, label, ha=align, va="center", size=SIZE)
    p = "p < 0.001" if test.p < 0.001 else f"p = {test.p:.3f}"
    friedman = "" if math.isnan(test.p) else f"; Friedman χ²({k - 1}) = {test.statistic:.1f}, {p}"
    figure.text(0.5, 1 - 0.05 / height, f"mean rank over {test.n} pairs{friedman}", ha="center", va="top", size=8)
    return figure


def groups(ranks: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """Find the places from … to in ascending ranks that are not told apart; none lies within another.

    Examples
    --------
    >>> groups([1.0, 1.2, 1.4, 3.0], 0.3)
    [(0, 1), (1, 2)]
    """
    found: list[tuple[int, int]] = []
    for start, rank in enumerate(ranks):
        end = max(place for place, other in enumerate(ranks) if other == rank or other - rank < critical)
        if end > start and not any(last >= end for _, last in found):
            found.append((start, end))
    return found


def bar_levels(spans: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Give each span the first line on which a place lies between it and any other: neighbours may be near.

    Examples
    --------
    >>> bar_levels([(0, 2), (1, 3), (4, 5)])
    {(0, 2): 0, (1, 3): 1, (4, 5): 0}
    """
    levels: dict[tuple[int, int], int] = {}
    for start, end in spans:
        taken = {level for (a, b), level in levels.items() if start <= b + 1 and a <= end + 1}
        levels[start, end] = next(level for level in range(len(spans)) if level not in taken)
    return levels


def _ruler(axes: Axes, test: Friedman, each: float) -> None:
    """Draw the critical difference above the axis; one that is longer than the axis is stated alone."""
    fits = test.critical <= len(test.methods) - 1
    if fits:
        axes.plot([1, 1 + test.critical], [0.42, 0.42], "|-", color="black", linewidth=1)
    text = f"critical difference {test.critical:.2f}"
    axes.text(1 + test.critical + 0.06 * each if fits else 1, 0.42, text, va="center", size=SIZE)
