"""The picture of a study: the loss curves of both frameworks, and below how far each run is from the judge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...drawing.losses import smoothed
from ...drawing.style import COLOURS, new_figure, plain, save, style
from .plan import ADAM, BASE, JUDGE, NATIVE, ORDER, PORT, TIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pen = tuple[str, str, Any, float]
# Of each run: its name, colour, dashes, width. Curves that coincide stay visible: a later one is thinner, or has gaps.
PENS: dict[str, Pen] = {
    BASE: ("PyTorch", COLOURS[0], "-", 2.2),
    PORT: ("Jittor, as PyTorch", COLOURS[4], "-", 2.2),
    NATIVE: ("Jittor as it is", COLOURS[1], (0, (5, 2)), 1.1),
    TIES: ("Jittor, own ties", COLOURS[3], (0, (1, 1.5)), 1.1),
    ADAM: ("Jittor, own Adam", COLOURS[5], (0, (5, 1.5, 1, 1.5)), 1.1),
}
BELOW = (PORT, TIES, ADAM)  # runs whose means would lie upon the others
ANOTHER_ORDER: Pen = ("another order", "#717581", (0, (1, 1.5)), 1.0)


def plot_losses(losses: pd.DataFrame, epoch: int, out: Path, judge: str = JUDGE, unit: str = "step") -> Figure:
    """Draw the losses of a study, or of logs.

    Above: the loss of each step of the first run (faint), and its mean over an epoch (strong) with PyTorch, with Jittor
    as it is, and, for what chance does, with PyTorch and the data in another order; of logs, all. Below: the relative
    difference of each run's loss from the judge's.

    Parameters
    ----------
    losses : a row a step, a column a run, as `losses_table` returns them.
    epoch : steps in which every pair is seen once, or over which to average.
    out : the file to write, .pdf or .png.
    judge : the run that the others are compared with.
    unit : what a row is, "step" or "epoch".
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    losses = losses.filter(regex=":loss$").rename(columns=lambda column: column.removesuffix(":loss"))
    if judge == JUDGE:
        orders = losses.filter(like=ORDER).columns[:1]
        pens = dict.fromkeys(orders, ANOTHER_ORDER) | {run: pen for run, pen in PENS.items() if run in losses}
    else:
        pens = {run: (plain(run), COLOURS[i % len(COLOURS)], "-", 1.6) for i, run in enumerate(map(str, losses))}
    with style():
        figure = new_figure(7.16, 5.6)
        above, below = figure.subplots(2, 1, sharex=True)
        for run, pen in pens.items():
            if run not in BELOW:
                if judge != JUDGE or run == BASE:
                    above.plot(losses.index, losses[run], color=pen[1], alpha=0.35, linewidth=0.8)
                _draw(above, pen, pd.Series(smoothed(losses[run].to_numpy(), epoch), losses.index))
            if run != judge:
                difference = (losses[run] - losses[judge]).abs() / losses[judge].abs()
                _draw(below, pen, difference.replace(0, np.nan))  # which has no logarithm
        about = "PyTorch's in float64" if judge == JUDGE else f"that of {plain(judge)}"
        above.set(ylabel="loss", title=f"The loss of each {unit} (faint), and its mean over {epoch} {unit}s")
        below.set(xlabel=unit, ylabel="relative difference", title=f"How far each loss is from {about}")
        below.set_yscale("log")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        below.yaxis.set_major_locator(LogLocator(numticks=8))
        below.yaxis.set_minor_locator(NullLocator())
        for axes in (above, below):
            if axes.lines:  # none while the judge alone has run
                axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
    save(figure, out)
    return figure


def _draw(axes: Axes, pen: Pen, values: pd.Series[float]) -> None:
    name, colour, dashes, width = pen
    axes.plot(values.index, values, color=colour, linestyle=dashes, linewidth=width, label=name)
