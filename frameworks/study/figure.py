"""The picture of a study: the loss curves of both frameworks, and below how far each run is from the judge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...drawing.losses import smoothed
from ...drawing.style import COLOURS, TWO, new_figure, plain, save, style
from .plan import ADAM, BASE, JUDGE, NATIVE, ORDER, PORT, TIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of each run: its name, colour, dashes, width. Curves that coincide stay visible: a later one is thinner, or has gaps.
PENS = {
    ORDER: ("another order", "#717581", (0, (1, 1.5)), 1.0),
    BASE: ("PyTorch", COLOURS[0], "-", 2.2),
    PORT: ("Jittor, as PyTorch", COLOURS[4], "-", 2.2),
    NATIVE: ("Jittor as it is", COLOURS[1], (0, (5, 2)), 1.1),
    TIES: ("Jittor, own ties", COLOURS[3], (0, (1, 1.5)), 1.1),
    ADAM: ("Jittor, own Adam", COLOURS[5], (0, (5, 1.5, 1, 1.5)), 1.1),
}
BELOW = (PORT, TIES, ADAM)  # runs whose means would lie upon the others


def plot_losses(losses: pd.DataFrame, epoch: int, out: Path, judge: str = JUDGE, unit: str = "step") -> Figure:
    """Draw the losses of a study, or of logs, and write the picture.

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
    losses = losses.filter(regex=":loss$").rename(columns=lambda column: column.removesuffix(":loss"))
    if judge == JUDGE:  # of the other orders one is enough
        losses = losses.rename(columns={f"{ORDER}1": ORDER})
        pens = {run: pen for run, pen in PENS.items() if run in losses}
        about = "PyTorch's in float64"
    else:
        pens = {run: (plain(run), COLOURS[i % len(COLOURS)], "-", 1.6) for i, run in enumerate(map(str, losses))}
        about = f"that of {plain(judge)}"
    with style():
        figure = new_figure(TWO, 5.6)
        above, below = figure.subplots(2, 1, sharex=True)
        above.set(ylabel="loss", title=f"The loss of each {unit} (faint), and its mean over {epoch} {unit}s")
        below.set(xlabel=unit, ylabel="relative difference", title=f"How far each loss is from {about}", yscale="log")
        for run, (label, colour, dashes, width) in pens.items():
            line = {"label": label, "color": colour, "linestyle": dashes, "linewidth": width}
            if judge != JUDGE or run == BASE:
                above.plot(losses.index, losses[run], color=colour, alpha=0.35, linewidth=0.8)
            if run not in BELOW:
                above.plot(losses.index, smoothed(losses[run].to_numpy(), epoch), **line)
            if run != judge:
                difference = (losses[run] - losses[judge]).abs() / losses[judge].abs()
                below.plot(losses.index, difference.replace(0, np.nan), **line)  # 0 has no logarithm
        below.xaxis.get_major_locator().set_params(integer=True)
        below.yaxis.get_major_locator().set_params(numticks=8)
        below.minorticks_off()
        for axes in (above, below):
            if axes.lines:  # none while the judge alone has run
                axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
    save(figure, out)
    return figure
