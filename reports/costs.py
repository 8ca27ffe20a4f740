"""Quality against what it costs: time, parameters, operations, memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..drawing.pens import Pen, legend_below
from ..drawing.style import new_figure
from ..errors import InputError
from ..results import Profile
from ..results.leaderboard.boards import Board, Column, Entry
from ..results.leaderboard.footnotes import Footnotes, footnotes, raised
from .labels import Names, common_label, method_pens, panel_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


IN_THE_RUN = "seconds for a pair in the run (median, quartiles)"


@dataclass(frozen=True)
class Cost:
    """A number with its quartiles, which are the number itself where it has none."""

    value: float
    low: float
    high: float


def costs(kind: str, boards: Sequence[Board]) -> tuple[str, dict[str, dict[str, Cost]]]:
    """Find what the methods cost.

    Times and memory are compared only where size, device, machine, threads and version of torch are the same: those
    under which most methods were profiled. For latency that must be all methods that have stored seconds; else the
    seconds of the run are taken.

    Returns
    -------
    The title of the axis, and by data set and method the cost; methods without one are left out.

    Raises
    ------
    InputError
        There is none.
    """
    entries = [entry for board in boards for entry in board.entries]
    chosen = _circumstances(kind, entries)
    profiled = {
        board.dataset: {e.method: cost for e in board.entries if (cost := _profiled(kind, e, chosen))}
        for board in boards
    }
    if kind != "latency" and not any(profiled.values()):
        without = "has a network and was profiled" if kind in ("parameters", "flops") else "was profiled"
        raise InputError(f"no method here {without}: run `fusionbench profile` with these methods first")
    timed = [(board.dataset, e.method) for board in boards for e in board.entries if e.seconds()]
    if kind != "latency" or (any(profiled.values()) and all(method in profiled[dataset] for dataset, method in timed)):
        return _title(kind, next(p for e in entries for p in e.profiles if p.circumstances == chosen)), profiled
    if not timed:
        raise InputError(
            "no method has stored seconds: images that were fused elsewhere have none; choose other methods"
        )
    return IN_THE_RUN, {board.dataset: {e.method: _of_run(e) for e in board.entries if e.seconds()} for board in boards}


def _circumstances(kind: str, entries: Sequence[Entry]) -> str:
    """Those under which most methods were profiled, the first of equals."""
    places = {(e.method, p.circumstances) for e in entries for p in e.profiles if _number(kind, p) is not None}
    counts = Counter(circumstances for _, circumstances in places)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def _profiled(kind: str, entry: Entry, circumstances: str) -> Cost | None:
    for profile in entry.profiles:
        value = _number(kind, profile)
        if profile.circumstances == circumstances and value is not None:
            ends = (profile.latency.low, profile.latency.high) if kind == "latency" else (value, value)
            return Cost(value, *ends)
    return None


def _number(kind: str, profile: Profile) -> float | None:
    numbers = {"latency": profile.latency.median, "memory": profile.peak_memory}
    return numbers[kind] if kind in numbers else {"parameters": profile.parameters, "flops": profile.flops}[kind]


def _title(kind: str, profile: Profile) -> str:
    size = f"{profile.size[0]}x{profile.size[1]}"
    return {
        "latency": f"seconds for a pair of {size} on {profile.device}\n(median, quartiles)",
        "parameters": "parameters",
        "flops": f"FLOPs for a pair of {size}",
        "memory": f"bytes at the peak, {size} on {profile.device}",
    }[kind]


def _of_run(entry: Entry) -> Cost:
    low, middle, high = (float(value) for value in np.quantile(entry.seconds(), (0.25, 0.5, 0.75)))
    return Cost(middle, low, high)


def plot_costs(kind: str, boards: list[Board], names: Names) -> Figure:
    """Draw the mean of a metric against a cost, with quartiles and interval as bars; call it within `style`."""
    title, by_dataset = costs(kind, boards)
    cells = [(board, column) for board in boards for column in board.columns[: 1 if len(boards) > 1 else None]]
    columns = min(3, len(cells))
    rows = math.ceil(len(cells) / columns)
    figure = new_figure(3.5 if columns == 1 else 7.16, rows * 2.5 + 0.4)
    inks, methods = method_pens(boards), set()
    for place, (board, column) in enumerate(cells):
        axes = figure.add_subplot(rows, columns, place + 1)
        methods |= _draw(axes, board, column, by_dataset[board.dataset], inks)
        axes.set_title(panel_title(board, column, len(boards) > 1))
        axes.set_xlabel(title)
    notes = footnotes(boards, list(inks), timing=True) if title == IN_THE_RUN else Footnotes()
    labels = {
        method: common_label(method, boards, names) + raised(notes.of.get(method, []))
        for method in inks
        if method in methods
    }
    legend_below(
        figure, {method: inks[method].handle(label, line=False) for method, label in labels.items()}, notes.lines
    )
    return figure


def _draw(axes: Axes, board: Board, column: Column, costs: dict[str, Cost], inks: dict[str, Pen]) -> set[str]:
    """Draw a panel, and return the methods that are in it."""
    methods = set()
    for entry in board.entries:
        cost, mean = costs.get(entry.method), entry.means.get(column.key, math.nan)
        if cost is None or not math.isfinite(mean):
            continue
        ends = entry.interval(column.key)
        bars = [[mean - ends[0]], [ends[1] - mean]] if not math.isnan(ends[0]) else None
        axes.errorbar(
            cost.value, mean, xerr=[[cost.value - cost.low], [cost.high - cost.value]], yerr=bars,
            color=inks[entry.method].colour, elinewidth=0.8, fmt=inks[entry.method].marker, markersize=5,
            label=entry.method,
        )  # fmt: skip
        methods.add(entry.method)
    axes.set_xscale("log")
    _short_of_a_decade(axes)
    return methods


def _short_of_a_decade(axes: Axes) -> None:
    """Mark an axis that has hardly a power of ten on it at few places: numbers at every minor tick would overlap."""
    from matplotlib.ticker import NullFormatter

    low, high = axes.get_xlim()
    if high < 15 * low:
        power = 10.0 ** math.floor(math.log10(low))
        ticks = [power * times for times in (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100)]
        inside = [tick for tick in ticks if low <= tick <= high]
        axes.set_xticks(inside, [f"{tick:g}" for tick in inside])
        axes.xaxis.set_minor_formatter(NullFormatter())
