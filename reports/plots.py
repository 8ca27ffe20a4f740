"""Plots of stored rows for papers: metric curves, box plots, radar, quality against latency, critical differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..drawing.pens import Pen, legend_below
from ..drawing.style import check_format, new_figure, save, style, width_for, width_of
from ..errors import InputError, unknown
from ..results.leaderboard.boards import Board, Column
from ..results.leaderboard.grid import digits
from .costs import plot_costs
from .critical import critical_differences
from .labels import Names, common_label, display_names, method_label, method_pens, panel_title
from .radar import plot_radar
from .significance import friedman_over_pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    groups: Mapping[str, str] | None = None,
    serif: bool = False,
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
    groups : for a radar of many metrics, the group of each metric's key; a group has one axis (see `radar`).
    serif : letter in Times.
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
    names = display_names(chosen, names)
    draw: dict[str, Callable[[list[Board], Names], Figure]] = {
        "curves": _plot_curves,
        "boxes": _plot_boxes,
        "radar": lambda boards, names: plot_radar(boards, names, methods, groups),
        **{cost: partial(plot_costs, cost) for cost in COSTS},
        "ranks": lambda boards, names: critical_differences(
            friedman_over_pairs(boards, metrics[0] if metrics and len(metrics) == 1 else None, incomplete=incomplete),
            names,
            method_pens(boards),
        ),
    }
    with style(serif):
        figure = draw[kind](chosen, names)
    if out is not None:
        save(figure, out, dpi, serif)
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
    longest = max(width_of(f"{method_label(e, names)}: 1234.5", 6) for board in boards for e in board.entries)
    return 2 if 2 * (longest + 0.25) < width else 1  # inches of the sample line


def _panels(
    boards: list[Board], most: int, height: Callable[[Board, int], float], left: float = 0.0
) -> tuple[Figure, list[tuple[Axes, Board, Column, bool]]]:
    """Make a panel for each metric of each data set, at most so many in a row; each data set begins a row.

    Parameters
    ----------
    boards : the data sets.
    most : panels in a row.
    height : of a row of a data set, in inches, by the number of panels in a row.
    left : inches that the names of the methods take beside the first panel of a row.

    Returns
    -------
    The figure, and each panel with what it shows, and whether it is the first of its row.
    """
    columns = max(math.ceil(len(b.columns) / math.ceil(len(b.columns) / most)) for b in boards)
    lines = [(b, b.columns[i : i + columns]) for b in boards for i in range(0, len(b.columns), columns)]
    heights = [height(board, columns) for board, _ in lines]
    width = width_for(columns)
    figure = new_figure(width, sum(heights))
    grid = figure.add_gridspec(len(lines), columns, height_ratios=heights)
    panels = []
    for row, (board, shown) in enumerate(lines):
        for place, column in enumerate(shown):
            axes = figure.add_subplot(grid[row, place])
            axes.set_title(panel_title(board, column, len(boards) > 1, (width - left) / columns - 0.4))
            panels.append((axes, board, column, place == 0))
    return figure, panels


def _plot_curves(boards: list[Board], names: Names) -> Figure:
    """Draw curves, with the means in a legend below each panel, or of many methods one legend below them all."""
    inks = method_pens(boards)
    most = max(len(board.entries) for board in boards)
    together = most > 10 and sum(len(board.columns) for board in boards) > 1

    @cache
    def beside(columns: int) -> int:
        return _legend_columns(boards, names, width_for(columns) / columns - 0.2)

    def height(board: Board, columns: int) -> float:
        room = 0.0 if together else 0.105 * math.ceil(most / beside(columns))
        return 1.9 + 0.6 * (columns < 3) + room

    figure, panels = _panels(boards, 3, height)
    columns = max(axes.get_subplotspec().get_gridspec().ncols for axes, *_ in panels)  # type: ignore[union-attr]
    for axes, board, column, _ in panels:
        _curves(axes, board, column, names, inks)
        if not together:
            _legend(axes, beside(columns))
    if together:
        legend_below(figure, {method: ink.handle(common_label(method, boards, names)) for method, ink in inks.items()})
    return figure


def _plot_boxes(boards: list[Board], names: Names) -> Figure:
    """Draw boxes below each other; the methods are named once in a row, at its left."""
    labels = {e.method: method_label(e, names) for board in boards for e in board.entries}
    left = max(width_of(label, 6.5) for label in labels.values())
    most = 4 if left < 1.5 else 3
    figure, panels = _panels(boards, most, lambda board, _: 0.55 + 0.13 * max(5, len(board.entries)), left)
    inks = method_pens(boards)
    for axes, board, column, first in panels:
        _boxes(axes, board, column, inks)
        axes.set_yticks(
            range(1, len(board.entries) + 1), [method_label(e, names) if first else "" for e in board.entries]
        )
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


def _boxes(axes: Axes, board: Board, column: Column, inks: Pens) -> None:
    """Draw quartiles, whiskers to 1.5 times their distance, values beyond, and the mean as a diamond."""
    values = [[v for v in e.values(column.key).values() if math.isfinite(v)] for e in board.entries]
    artists = axes.boxplot(
        values,
        orientation="horizontal",
        patch_artist=True,
        widths=0.6,
        showmeans=True,
        flierprops={"markersize": 2, "markeredgewidth": 0.5},
        medianprops={"color": "black"},
        meanprops={"marker": "D", "markersize": 2.5, "markerfacecolor": "white", "markeredgecolor": "black"},
        boxprops={"linewidth": 0.7},
        whiskerprops={"linewidth": 0.7},
        capprops={"linewidth": 0.7},
    )
    for entry, box in zip(board.entries, artists["boxes"], strict=True):
        box.set(facecolor=inks[entry.method].colour, alpha=0.75)
    axes.invert_yaxis()
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="y", labelsize=6.5, length=0)
    axes.grid(visible=False, axis="y")
