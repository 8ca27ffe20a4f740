"""Plots of stored rows for papers: metric curves, box plots, radar, quality against latency, critical differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..drawing.pens import Pen, legend_below
from ..drawing.style import check_format, new_figure, plain, save, style
from ..errors import InputError, unknown
from ..results.leaderboard.boards import Board, Column
from ..results.leaderboard.grid import digits
from .costs import plot_costs
from .critical import critical_differences
from .labels import Names, common_label, method_label, method_pens, panel_title
from .significance import friedman_over_pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.projections.polar import PolarAxes

Pens = Mapping[str, Pen]
COSTS = ("latency", "parameters", "flops", "memory")
PLOTS = ("curves", "boxes", "radar", *COSTS, "ranks")


def plot(
    kind: str,
    boards: Sequence[Board],
    out: Path | None = None,
    *,
    metrics: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    names: Names = None,
    incomplete: bool = False,
    dpi: int = 300,
) -> Figure:
    """Draw one of PLOTS and write it as PDF or PNG.

    Parameters
    ----------
    kind : "curves", the sorted values of each image; "boxes"; "radar" of normalised means; "latency", "parameters",
        "flops" or "memory", quality against cost (see `costs`); "ranks", the critical-difference diagram.
    boards : the data sets, from `make_boards`. Each has a row or a panel; ranks take the pairs of all together.
    out : the file to write, .pdf or .png; None only draws.
    metrics : by key or name; by default all, and against costs on several data sets the first. Ranks take one, or all
        together.
    methods : their order in the legend; by default by name.
    names : what to print for a method's label.
    incomplete : draw methods that lack pairs, too; they are marked. Ranks take the pairs that all have.
    dpi : of the PNG.

    Raises
    ------
    InputError
        No data set, metric or method is left to draw, or a name or the extension of `out` is not known.
    """
    if out is not None:
        check_format(out)
    if kind not in PLOTS:
        raise unknown("plot", kind, PLOTS)
    chosen = _all_chosen(boards, metrics, methods, incomplete)
    draw: dict[str, Callable[[list[Board], Names], Figure]] = {
        "curves": lambda boards, names: _panels(boards, names, _curves, legends=True),
        "boxes": lambda boards, names: _panels(boards, names, _boxes, legends=False),
        "radar": _radar,
        **{cost: partial(plot_costs, cost) for cost in COSTS},
        "ranks": lambda boards, names: critical_differences(
            friedman_over_pairs(boards, metrics[0] if metrics and len(metrics) == 1 else None, incomplete=incomplete),
            names,
            method_pens(boards),
        ),
    }
    with style():
        figure = draw[kind](chosen, names)
    if out is not None:
        save(figure, out, dpi)
    return figure


def _all_chosen(
    boards: Sequence[Board], metrics: Sequence[str] | None, methods: Sequence[str] | None, incomplete: bool
) -> list[Board]:
    """Reduce the boards to what is to be drawn; a method need not be on all of them."""
    if not boards:
        raise InputError("there is no data set to draw: give one that has results with --dataset")
    there = {entry.method: None for board in boards for entry in board.entries}
    for method in methods or ():
        if method not in there:
            raise unknown(f"method on {', '.join(board.dataset for board in boards)}", method, there)
    wanted = [board for board in boards if not methods or {entry.method for entry in board.entries} & set(methods)]
    return [_chosen(board, metrics, methods, incomplete) for board in wanted]


def _chosen(board: Board, metrics: Sequence[str] | None, methods: Sequence[str] | None, incomplete: bool) -> Board:
    columns = [board.column(name) for name in metrics] if metrics else board.columns
    entries = {entry.method: entry for entry in board.entries}
    names = [method for method in methods or entries if method in entries]
    chosen = [entries[method] for method in names if incomplete or entries[method].complete]
    if not chosen:
        raise InputError(
            f"no method was scored on all {board.pairs} pairs of {board.dataset}: finish a run, or take incomplete"
            " ones too"
        )
    if not columns:
        raise InputError(f"{board.dataset} has no metric to draw: choose others with --metric or --protocol")
    return replace(board, columns=list(columns), entries=chosen)


def _legend_columns(boards: list[Board], names: Names, width: float) -> int:
    """How many columns a legend of all methods with their means has below a panel of `width` inches."""
    longest = max(len(method_label(entry, names)) for board in boards for entry in board.entries) + len(": 1234.5")
    return 2 if 2 * (longest * 0.043 + 0.25) < width else 1  # inches of a letter, and of the sample line


def _panels(
    boards: list[Board], names: Names, draw: Callable[[Axes, Board, Column, Names, Pens], None], legends: bool
) -> Figure:
    """Draw a panel for each metric of each data set, at most four in a row; each data set begins a row."""
    most = 3 if legends else 4
    columns = max(math.ceil(len(b.columns) / math.ceil(len(b.columns) / most)) for b in boards)
    rows = sum(math.ceil(len(board.columns) / columns) for board in boards)
    width = 3.5 if columns == 1 else 7.16
    beside = _legend_columns(boards, names, width / columns - 0.2)
    room = 0.105 * math.ceil(max(len(board.entries) for board in boards) / beside) if legends else 0.0
    figure = new_figure(width, rows * (1.9 + 0.6 * (columns < 3) + room))
    done, inks = 0, method_pens(boards)
    for board in boards:
        for place, column in enumerate(board.columns, start=done * columns + 1):
            axes = figure.add_subplot(rows, columns, place)
            axes.set_title(panel_title(board, column, len(boards) > 1))
            draw(axes, board, column, names, inks)
            if legends:
                _legend(axes, beside)
        done += math.ceil(len(board.columns) / columns)
    return figure


def _curves(axes: Axes, board: Board, column: Column, names: Names, inks: Pens) -> None:
    """Draw each method's values in ascending order: at (x, y) the part x of the images has values up to y."""
    for entry in board.entries:
        values, ink = np.sort([v for v in entry.values(column.key).values() if math.isfinite(v)]), inks[entry.method]
        if not len(values):
            continue
        x = np.arange(1, len(values) + 1) / len(values)
        mean = f"{entry.means[column.key]:z.{digits(board, column)}f}"
        axes.plot(
            x, values, ink.dash, color=ink.colour, label=f"{method_label(entry, names)}: {mean}",
            marker=ink.marker, markersize=2.5, markevery=max(1, len(values) // 15),
        )  # fmt: skip
    axes.set(xlim=(0, 1.02), xlabel="part of the images")


def _legend(axes: Axes, columns: int) -> None:
    """Put a panel's legend below it: inside it would hide curves."""
    from matplotlib.transforms import offset_copy

    below = offset_copy(axes.transAxes, axes.get_figure(root=True), y=-26, units="points")  # clear of the x label
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, ncols=columns, fontsize=6,
            handlelength=1.6, labelspacing=0.2, columnspacing=1.0, borderaxespad=0,
        )  # fmt: skip


def _boxes(axes: Axes, board: Board, column: Column, names: Names, inks: Pens) -> None:
    """Draw quartiles, whiskers to 1.5 times their distance, values beyond, and the mean as a diamond."""
    values = [[v for v in e.values(column.key).values() if math.isfinite(v)] for e in board.entries]
    artists = axes.boxplot(
        values,
        patch_artist=True,
        widths=0.6,
        showmeans=True,
        flierprops={"markersize": 2, "markeredgewidth": 0.5},
        medianprops={"color": "black"},
        meanprops={"marker": "D", "markersize": 3, "markerfacecolor": "white", "markeredgecolor": "black"},
    )
    for entry, box in zip(board.entries, artists["boxes"], strict=True):
        box.set(facecolor=inks[entry.method].colour, alpha=0.75)
    axes.set_xticks(
        range(1, len(values) + 1), [method_label(entry, names) for entry in board.entries], rotation=40, ha="right"
    )
    axes.tick_params(axis="x", labelsize=6.5, length=0)
    axes.grid(visible=False, axis="x")


def normalised(board: Board) -> NDArray[np.float64]:
    """Scale the means of each metric to 0..1 over the methods, 1 the best.

    Returns
    -------
    (methods, metrics) array; NaN where a mean is missing, 1 throughout where all methods are equal.
    """
    costs = np.array([[c.cost(e.means.get(c.key, math.nan)) for c in board.columns] for e in board.entries])
    costs[~np.isfinite(costs)] = np.nan
    scaled = np.full_like(costs, np.nan)
    for place, column in enumerate(costs.T):
        known = column[~np.isnan(column)]
        if len(known):
            spread = np.ptp(known)
            scaled[:, place] = (known.max() - column) / spread if spread else np.where(np.isnan(column), np.nan, 1.0)
    return scaled


def _radar(boards: list[Board], names: Names) -> Figure:
    """Draw the normalised means of each data set as polygons; the rim is the best method, the inner ring the worst."""
    for board in boards:
        if len(board.columns) < 3:
            raise InputError(
                f"a radar needs three metrics or more, {board.dataset} has {len(board.columns)}: choose more"
            )
    columns = min(3, len(boards))
    rows = math.ceil(len(boards) / columns)
    figure = new_figure(3.5 if columns == 1 else 7.16, rows * (3.4 if columns == 1 else 7.16 / columns + 0.1) + 0.4)
    figure.set_layout_engine("constrained", h_pad=0.2)  # it takes polar titles for lower than they are
    inks = method_pens(boards)
    for place, board in enumerate(boards):
        axes: PolarAxes = figure.add_subplot(rows, columns, place + 1, projection="polar")  # type: ignore[assignment]
        _draw_radar(axes, board, inks)
    labels = {method: common_label(method, boards, names) for method in inks}
    legend_below(figure, {method: inks[method].handle(label) for method, label in labels.items()})
    return figure


def _draw_radar(axes: PolarAxes, board: Board, inks: Pens) -> None:
    angles = np.linspace(0, 2 * np.pi, len(board.columns), endpoint=False)
    inner = 0.15  # the worst is not the centre, where lines would be lost
    for entry, values in zip(board.entries, normalised(board), strict=True):
        ink = inks[entry.method]
        radii = inner + (1 - inner) * values
        closed = [*zip(angles, radii, strict=True), (angles[0], radii[0])]
        axes.plot(*zip(*closed, strict=True), ink.dash, color=ink.colour, label=entry.method,
                  marker=ink.marker, markersize=2.5)  # fmt: skip
        if np.isfinite(radii).all():
            axes.fill(angles, radii, color=ink.colour, alpha=0.06)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set(ylim=(0, 1.02), yticks=[inner, (1 + inner) / 2, 1], yticklabels=["", "", ""])
    axes.set_xticks(angles, [plain(f"{c.name} {c.arrow}") for c in board.columns], size=7)
    axes.spines["polar"].set_visible(False)
    axes.set_title(plain(board.dataset), pad=12)
