"""The picture of a study: the loss curves of both frameworks, and below how far each run is from float64."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...drawing.losses import smoothed
from ...drawing.style import COLOURS, new_figure, save, style
from .plan import ADAM, BASE, JUDGE, NATIVE, ORDER, PORT, TIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of each run: its name, colour, dashes, width. Curves that coincide stay visible: a later one is thinner, or has gaps.
PENS = {
    BASE: ("PyTorch", COLOURS[0], "-", 2.2),
    PORT: ("Jittor, as PyTorch", COLOURS[4], "-", 2.2),
    NATIVE: ("Jittor as it is", COLOURS[1], (0, (5, 2)), 1.1),
    TIES: ("Jittor, own ties", COLOURS[3], (0, (1, 1.5)), 1.1),
    ADAM: ("Jittor, own Adam", COLOURS[5], (0, (5, 1.5, 1, 1.5)), 1.1),
}
ANOTHER_ORDER = ("another order", "#717581", (0, (1, 1.5)), 1.0)


def plot_losses(losses: pd.DataFrame, epoch: int, out: Path) -> Figure:
    """Draw the losses of a study.

    Above: the loss of each step with PyTorch (faint), and its mean over an epoch (strong) with PyTorch, with Jittor as
    it is, and, for what chance does, with PyTorch and the data in another order. Below: the relative difference of each
    run's loss from that of PyTorch in float64.

    Parameters
    ----------
    losses : a row a step, a column a run, as `losses_table` returns them.
    epoch : steps in which every pair is seen once.
    out : the file to write, .pdf or .png.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    losses = losses.filter(regex=":loss$").rename(columns=lambda column: column.removesuffix(":loss"))
    first_order = [run for run in map(str, losses) if run.startswith(ORDER)][:1]
    with style():
        figure = new_figure(7.16, 5.6)
        above, below = figure.subplots(2, 1, sharex=True)
        above.set(ylabel="loss", title=f"The loss of each step (faint), and its mean over an epoch of {epoch} steps")
        above.plot(losses.index, losses[BASE], color=PENS[BASE][1], alpha=0.35, linewidth=0.8)
        for run in [*first_order, BASE, NATIVE]:
            _draw(above, run, losses.index.to_numpy(), smoothed(losses[run].to_numpy(), epoch))
        below.set(xlabel="step", ylabel="relative difference", title="How far each loss is from PyTorch's in float64")
        below.set_yscale("log")
        judge = losses[JUDGE]
        for run in [*first_order, *PENS]:
            difference = ((losses[run] - judge).abs() / judge.abs()).replace(0, np.nan)  # 0 has no logarithm
            _draw(below, run, difference.index.to_numpy(), difference.to_numpy())
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        below.yaxis.set_major_locator(LogLocator(numticks=8))
        below.yaxis.set_minor_locator(NullLocator())
        for axes in (above, below):
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
    save(figure, out)
    return figure


def _draw(axes: Axes, run: str, steps: NDArray[Any], values: NDArray[Any]) -> None:
    name, colour, dashes, width = PENS.get(run, ANOTHER_ORDER)
    axes.plot(steps, values, color=colour, linestyle=dashes, linewidth=width, label=name)
