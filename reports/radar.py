"""Radar plots: the means of several metrics, each scaled from the worst to the best method."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..drawing.pens import Pen, legend_below
from ..drawing.style import fitted, new_figure, plain, width_for
from ..errors import InputError
from ..results.leaderboard.boards import Board
from .labels import Names, common_label, method_pens, metric_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.projections.polar import PolarAxes

Array = NDArray[np.float64]
SPOKES = 8  # more of them cannot be read
INKS = 10  # so many polygons can be told apart
INNER = 0.15  # the worst is not the centre, where lines would be lost


def plot_radar(
    boards: list[Board], names: Names, methods: Sequence[str] | None = None, groups: Mapping[str, str] | None = None
) -> Figure:
    """Draw the normalised means of each data set as polygons; the rim is the best method, the inner ring the worst.

    Of more than SPOKES metrics those of a group are averaged, by `groups`, which names the group of each metric's key.
    Of more than INKS methods the best ones have colours and the others are gray, unless `methods` names them. Both is
    said below the figure. Call it within `style`.

    Raises
    ------
    InputError
        A data set has less than three metrics or groups, or more than SPOKES metrics and `groups` is None.
    """
    drawn = [spokes(board, groups) for board in boards]
    inks = method_pens(boards)
    coloured = list(methods or _best(boards, [scores for _, scores in drawn]))
    columns = min(3, len(boards))
    rows = math.ceil(len(boards) / columns)
    width = width_for(columns)
    figure = new_figure(width, rows * (2.9 if columns == 1 else width / columns) + 0.4)
    figure.set_layout_engine("constrained", h_pad=0.15)  # it takes polar titles for lower than they are
    for place, (board, (labels, scores)) in enumerate(zip(boards, drawn, strict=True)):
        axes: PolarAxes = figure.add_subplot(rows, columns, place + 1, projection="polar")  # type: ignore[assignment]
        _draw(axes, {e.method: row for e, row in zip(board.entries, scores, strict=True)}, coloured, inks)
        _mark(axes, labels)
        axes.set_title(fitted(board.dataset, width / columns - 0.3, 9), y=1.32 if columns > 1 else 1.17)
    there = [method for method in inks if method in coloured]
    handles = {method: inks[method].handle(common_label(method, boards, names)) for method in there}
    notes = _members(boards, groups)
    if len(inks) > len(there):
        notes.append(
            f"In colour: the {len(there)} of {len(inks)} methods that are best in the mean of what is shown; "
            "the others are gray."
        )
    legend_below(figure, handles, notes)
    return figure


def normalised(board: Board) -> Array:
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


def spokes(board: Board, groups: Mapping[str, str] | None) -> tuple[list[str], Array]:
    """Name the axes of a data set's radar, and compute the (methods, axes) values, 0..1 or NaN, 1 the best."""
    scores, columns = normalised(board), board.columns
    labels = [metric_label(board, column) for column in columns]
    if len(columns) > SPOKES and groups is not None:
        by = {name: [i for i, c in enumerate(columns) if groups[c.key] == name] for name in _groups([board], groups)}
        means = [_mean(scores[:, places]) for places in by.values()]
        labels, scores = [plain(name) for name in by], np.stack(means, axis=1)
    if not 3 <= len(labels) <= SPOKES:
        what = "groups of metrics" if len(columns) > len(labels) else "metrics"
        raise InputError(
            f"a radar needs three metrics or more, and shows {SPOKES} at most; {board.dataset} has {len(labels)} "
            f"{what}: choose others"
        )
    return labels, scores


def _mean(scores: Array) -> Array:
    """Average what a method has of (methods, metrics) scores; NaN where it has none."""
    known = np.isfinite(scores)
    count = known.sum(axis=1)
    return np.divide(np.where(known, scores, 0).sum(axis=1), count, out=np.full(len(scores), np.nan), where=count > 0)


def _groups(boards: Sequence[Board], groups: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(groups[column.key] for board in boards for column in board.columns))


def _members(boards: Sequence[Board], groups: Mapping[str, str] | None) -> list[str]:
    """Say which metrics a group is the mean of, where metrics are grouped."""
    large = [board for board in boards if len(board.columns) > SPOKES]
    if groups is None or not large:
        return []
    columns = {column.key: column for board in large for column in board.columns}.values()
    lists = [
        f"{name}: {', '.join(dict.fromkeys(c.name for c in columns if groups[c.key] == name))}"
        for name in _groups(large, groups)
    ]
    scaled = "Each axis is the mean of a group of metrics, each scaled from the worst to the best method."
    return [f"{scaled} {'; '.join(lists)}."]


def _best(boards: Sequence[Board], scores: Sequence[Array]) -> list[str]:
    """Name the methods with the highest means over all axes of all data sets."""
    values: dict[str, list[float]] = {}
    for board, rows in zip(boards, scores, strict=True):
        for entry, row in zip(board.entries, rows, strict=True):
            values.setdefault(entry.method, []).extend(row[np.isfinite(row)])
    return sorted(values, key=lambda method: -math.fsum(values[method]) / max(1, len(values[method])))[:INKS]


def _draw(axes: PolarAxes, scores: Mapping[str, Array], coloured: Sequence[str], inks: Mapping[str, Pen]) -> None:
    for method, values in scores.items():
        radii = INNER + (1 - INNER) * values
        angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
        closed = [*zip(angles, radii, strict=True), (angles[0], radii[0])]
        if method not in coloured:
            axes.plot(*zip(*closed, strict=True), color="0.8", linewidth=0.6, zorder=1)
            continue
        ink = inks[method]
        axes.plot(*zip(*closed, strict=True), ink.dash, color=ink.colour, label=method,
                  marker=ink.marker, markersize=2.5)  # fmt: skip
        if np.isfinite(radii).all() and len(coloured) <= 4:
            axes.fill(angles, radii, color=ink.colour, alpha=0.06)


def _mark(axes: PolarAxes, labels: Sequence[str]) -> None:
    """Put the names outside the rim, each on the side on which it has room."""
    angles = np.linspace(0, 2 * np.pi, len(labels), endpoint=False)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set(ylim=(0, 1.02), yticks=[INNER, (1 + INNER) / 2, 1], yticklabels=["", "", ""])
    lines = ["\n".join(textwrap.wrap(label, 14)) for label in labels]
    axes.set_xticks(angles, lines, size=6.5)
    axes.tick_params(axis="x", pad=-2)
    for angle, text in zip(angles, axes.get_xticklabels(), strict=True):
        across, up = math.sin(angle), math.cos(angle)
        text.set(
            ha="center" if abs(across) < 0.1 else "left" if across > 0 else "right",
            va="center" if abs(up) < 0.3 else "bottom" if up > 0 else "top",
        )
    axes.spines["polar"].set_visible(False)
