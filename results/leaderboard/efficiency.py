"""The table of what methods cost: parameters, operations, time and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from ..profiles import Profile
from .grid import NONE, Cell, Grid, Head, Line

# of the leaderboard's CSV: whole numbers, bytes, and seconds for a pair
COLUMNS = ("flops", "latency", "latency:low", "latency:high", "throughput", "peak_memory", "machine")
NOTE = (
    "Latency: median and quartiles of a pair, inside the method. FLOPs: of matrix products and convolutions, a "
    "multiplication and an addition counting as two. Memory: on the CPU growth of the process, weights included; on a "
    "GPU what was allocated for tensors."
)


def efficiency_grids(profiles: Sequence[Profile], *, names: Mapping[str, str] | None = None) -> list[Grid]:
    """Lay out a table for each size, device, machine, number of threads and version of torch: only there times compare.

    The best of latency, throughput and memory are marked. A method without a network has neither parameters nor FLOPs.
    """
    ordered = sorted(profiles, key=lambda p: (p.size, p.device, p.circumstances, p.method.label))
    groups = ((title, list(members)) for title, members in groupby(ordered, key=lambda p: p.circumstances))
    return [_grid(title, members, names or {}) for title, members in groups]


def _grid(title: str, profiles: list[Profile], names: Mapping[str, str]) -> Grid:
    ranks = {
        name: _ranks([sign * value if value is not None else None for value in values])
        for name, sign, values in (
            ("latency", 1, [p.latency.median for p in profiles]),
            ("throughput", -1, [p.throughput for p in profiles]),
            ("memory", 1, [p.peak_memory for p in profiles]),
        )
    }
    quartiles = [f"[{milliseconds(p.latency.low)}, {milliseconds(p.latency.high)}]" for p in profiles]
    lines = [
        Line(
            names.get(p.method.label, p.method.label),
            [
                Cell(short_count(p.parameters)),
                Cell(short_count(p.flops)),
                Cell(milliseconds(p.latency.median), ranks["latency"][i], quartiles[i]),
                Cell(f"{p.throughput:.4g}", ranks["throughput"][i]),
                Cell(megabytes(p.peak_memory), ranks["memory"][i]),
            ],
        )
        for i, p in enumerate(profiles)
    ]
    heads = [
        Head("parameters"), Head("FLOPs"), Head("latency, ms", "↓"), Head("pairs/s", "↑"), Head("peak memory, MB", "↓"),
    ]  # fmt: skip
    return Grid(f"Efficiency · {title}", "Method", heads, lines, notes=[NOTE])


def _ranks(costs: Sequence[float | None]) -> list[int]:
    return [0 if c is None else 1 + sum(o is not None and o < c for o in costs) for c in costs]


def short_count(value: int | None) -> str:
    """Write a count with its magnitude.

    Examples
    --------
    >>> short_count(659217), short_count(404722483200), short_count(12), short_count(None)
    ('659.2 k', '404.7 G', '12', '–')
    """
    if value is None:
        return NONE
    for size, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.4g} {sign}"
    return str(value)


def milliseconds(seconds: float) -> str:
    """Write seconds as milliseconds, three digits at least."""
    ms = seconds * 1000
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.3g}"


def megabytes(value: int | None) -> str:
    """Write bytes as millions of them."""
    return NONE if value is None else f"{value / 1e6:.0f}" if value >= 1e8 else f"{value / 1e6:.3g}"


def settings(profiles: Sequence[Profile]) -> list[str]:
    """Every size and device that was measured, in order."""
    return list(dict.fromkeys(p.setting for p in sorted(profiles, key=lambda p: (p.size, p.device))))


def header(profiles: Sequence[Profile]) -> list[str]:
    """Name the columns of the leaderboard's CSV: parameters, then each of COLUMNS for each setting."""
    columns = [_named(name, setting) for setting in settings(profiles) for name in COLUMNS]
    return ["parameters", *columns] if columns else []


def _named(column: str, setting: str) -> str:
    name, colon, end = column.partition(":")
    return f"{name}@{setting}{colon}{end}"


def values(profiles: Sequence[Profile], settings: Sequence[str]) -> list[object]:
    """Fill the columns of `header` for one method; empty where it was not measured or has no network."""
    by = {p.setting: p for p in profiles}
    parameters = next((p.parameters for p in profiles if p.parameters is not None), None)
    cells: list[object] = [_plain(parameters)]
    for setting in settings:
        p = by.get(setting)
        if p is None:
            cells += [""] * len(COLUMNS)
            continue
        latency = (p.latency.median, p.latency.low, p.latency.high)
        cells += map(_plain, (p.flops, *latency, p.throughput, p.peak_memory))
        cells.append(p.circumstances.partition(": ")[2])
    return cells


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)
