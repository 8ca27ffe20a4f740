"""Quality against what it costs: time, parameters, operations, memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..drawing.pens import Pen, legend_below
from ..drawing.style import new_figure, width_for
from ..drawing.ticks import mark_logarithmic
from ..errors import InputError
from ..results import Profile
from ..results.leaderboard.boards import Board, Column, Entry
from ..results.leaderboard.footnotes import Footnotes, footnotes, raised
from .labels import Names, common_label, method_pens, panel_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


AXES = {"latency": "ms for a pair", "parameters": "million parameters", "flops": "GFLOPs", "memory": "peak memory, MB"}
UNITS = {"latency": 1e3, "parameters": 1e-6, "flops": 1e-9, "memory": 1e-6}
IN_THE_RUN = "Time in the run: median and quartiles over the pairs."


@dataclass(frozen=True)
class Cost:
    """A number in the unit of its axis, with its quartiles, which are the number itself where it has none."""

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
    A sentence on how it was measured, and by data set and method the cost; methods without one are left out.

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
        return _about(kind, next(p for e in entries for p in e.profiles if p.circumstances == chosen)), profiled
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
            return Cost(*(UNITS[kind] * number for number in (value, *ends)))
    return None


def _number(kind: str, profile: Profile) -> float | None:
    numbers = {"latency": profile.latency.median, "memory": profile.peak_memory}
    return numbers[kind] if kind in numbers else {"parameters": profile.parameters, "flops": profile.flops}[kind]


def _about(kind: str, profile: Profile) -> str:
    size = f"{profile.size[0]}x{profile.size[1]}"
    return {
        "latency": f"Time: median and quartiles of a pair of {size} on {profile.device}.",
        "parameters": "",
        "flops": f"Of a pair of {size}.",
        "memory": f"Of a pair of {size} on {profile.device}.",
    }[kind]


def _of_run(entry: Entry) -> Cost:
    low, middle, high = (UNITS["latency"] * float(value) for value in np.quantile(entry.seconds(), (0.25, 0.5, 0.75)))
    return Cost(middle, low, high)


def plot_costs(kind: str, boards: list[Board], names: Names) -> Figure:
    """Draw the mean of a metric against a cost, with quartiles and interval as bars; call it within `style`."""
    about, by_dataset = costs(kind, boards)
    cells = [(board, column) for board in boards for column in board.columns[: 1 if len(boards) > 1 else None]]
    columns = min(3, len(cells))
    rows = math.ceil(len(cells) / columns)
    width = width_for(columns)
    each = width / columns
    figure = new_figure(width, rows * 2.3 + 0.6)
    inks, methods = method_pens(boards), set()
    for place, (board, column) in enumerate(cells):
        axes = figure.add_subplot(rows, columns, place + 1)
        methods |= _draw(axes, board, column, by_dataset[board.dataset], inks)
        mark_logarithmic(axes, "x", each - 0.7, apart=0.36)
        axes.set_title(panel_title(board, column, len(boards) > 1, each - 0.4))
        axes.set_xlabel(AXES[kind])
    notes = footnotes(boards, list(inks), timing=True) if about == IN_THE_RUN else Footnotes()
    labels = {
        method: common_label(method, boards, names) + raised(notes.of.get(method, []))
        for method in inks
        if method in methods
    }
    legend_below(
        figure,
        {method: inks[method].handle(label, line=False) for method, label in labels.items()},
        [about] * bool(about) + notes.lines,
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
    return methods
