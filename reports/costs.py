"""Quality against what it costs: time, parameters, operations, memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..drawing.style import MARKERS, colour, legend_below, new_figure
from ..errors import InputError
from .boards import Board, Column, Entry
from .labels import Names, method_label, panel_title
from .profiles import Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    return "seconds for a pair in the run (median, quartiles)", {
        board.dataset: {e.method: _of_run(e) for e in board.entries if e.seconds()} for board in boards
    }


def _circumstances(kind: str, entries: Sequence[Entry]) -> str:
    """Those under which most methods were profiled, the first of equals."""
    found = {(e.method, p.circumstances) for e in entries for p in e.profiles if _number(kind, p) is not None}
    counted = Counter(circumstances for _, circumstances in found)
    return min(counted, key=lambda name: (-counted[name], name), default="")


def _profiled(kind: str, entry: Entry, circumstances: str) -> Cost | None:
    for profile in entry.profiles:
        value = _number(kind, profile)
        if profile.circumstances == circumstances and value is not None:
            ends = (profile.low, profile.high) if kind == "latency" else (value, value)
            return Cost(value, *ends)
    return None


def _number(kind: str, profile: Profile) -> float | None:
    return {
        "latency": profile.latency, "parameters": profile.parameters, "flops": profile.flops, "memory": profile.memory,
    }[kind]  # fmt: skip


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
    title, found = costs(kind, boards)
    cells = [(board, column) for board in boards for column in board.columns[: 1 if len(boards) > 1 else None]]
    columns = min(3, len(cells))
    rows = math.ceil(len(cells) / columns)
    drawn = new_figure(3.5 if columns == 1 else 7.16, rows * 2.5 + 0.4)
    for place, (board, column) in enumerate(cells):
        axes = drawn.add_subplot(rows, columns, place + 1)
        _draw(axes, board, column, found[board.dataset], names)
        axes.set_title(panel_title(board, column, len(boards) > 1))
        axes.set_xlabel(title)
    legend_below(drawn, max(drawn.axes, key=lambda axes: len(axes.get_legend_handles_labels()[0])))
    return drawn


def _draw(axes: Axes, board: Board, column: Column, found: dict[str, Cost], names: Names) -> None:
    for index, entry in enumerate(board.entries):
        cost, mean = found.get(entry.method), entry.means.get(column.key, math.nan)
        if cost is None or not math.isfinite(mean):
            continue
        ends = entry.interval(column.key)
        bars = [[mean - ends[0]], [ends[1] - mean]] if not math.isnan(ends[0]) else None
        axes.errorbar(
            cost.value, mean, xerr=[[cost.value - cost.low], [cost.high - cost.value]], yerr=bars,
            color=colour(index), elinewidth=0.8, fmt=MARKERS[index % len(MARKERS)], markersize=5,
            label=method_label(entry, names),
        )  # fmt: skip
    axes.set_xscale("log")
