"""The picture of a study: the loss curves of both frameworks, and below how far each run is from the judge."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    pens = _pens_of_study(losses) if judge == JUDGE else _pens_of_logs(losses)
    with style():
        figure = new_figure(7.16, 5.6)
        above, below = figure.subplots(2, 1, sharex=True)
        for run, pen in pens.items():
            if run not in BELOW:
                if judge != JUDGE or run == BASE:
                    above.plot(losses.index, losses[run], color=pen[1], alpha=0.35, linewidth=0.8)
                _draw(above, pen, losses.index.to_numpy(), smoothed(losses[run].to_numpy(), epoch))
            if run != judge:
                difference = ((losses[run] - losses[judge]).abs() / losses[judge].abs()).replace(
                    0, np.nan
                )  # no logarithm
                _draw(below, pen, losses.index.to_numpy(), difference.to_numpy())
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


def _pens_of_study(runs: Iterable[Any]) -> dict[str, Pen]:
    names = [str(run) for run in runs]
    orders = {run: ANOTHER_ORDER for run in names if run.startswith(ORDER)}
    return dict(list(orders.items())[:1]) | {run: pen for run, pen in PENS.items() if run in names}


def _pens_of_logs(runs: Iterable[Any]) -> dict[str, Pen]:
    return {str(run): (plain(str(run)), COLOURS[i % len(COLOURS)], "-", 1.6) for i, run in enumerate(runs)}


def _draw(axes: Axes, pen: Pen, steps: NDArray[Any], values: NDArray[Any]) -> None:
    name, colour, dashes, width = pen
    axes.plot(steps, values, color=colour, linestyle=dashes, linewidth=width, label=name)
