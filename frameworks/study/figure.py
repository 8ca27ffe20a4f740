"""The picture of a study of two frameworks: both loss curves, and below how far each run is from float64."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...drawing.losses import smoothed
from ...drawing.style import COLOURS, new_figure, plain, save, style
from .tables import ADAM, BASE, JUDGE, NATIVE, PORT, TIES, Array, Comparison, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = {BASE: COLOURS[0], NATIVE: COLOURS[1], PORT: COLOURS[3], TIES: COLOURS[4], ADAM: COLOURS[5]}
_DASH = {BASE: "-", NATIVE: (0, (4, 2)), PORT: "-", TIES: (0, (1, 1.5)), ADAM: (0, (5, 1.5, 1, 1.5))}
_OTHER = "#717581"


def plot_comparison(comparison: Comparison, out: Path | None = None, dpi: int = 300) -> Figure:
    """Draw the study.

    Above: the loss of each step with PyTorch and with Jittor as it is (faint), its mean over an epoch (strong), and a
    band of one deviation; and, for what chance does, PyTorch with the data in another order. Below: the relative
    difference of each run's loss from that of PyTorch in float64.

    Parameters
    ----------
    out : the file to write, .pdf or .png; None only draws.
    """
    with style():
        drawn = new_figure(7.16, 5.6)
        above, below = drawn.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (1, 1)})
        _curves(above, comparison)
        _differences(below, comparison)
        for axes in (above, below):
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
    if out is not None:
        save(drawn, out, dpi)
    return drawn


def _curves(axes: Axes, comparison: Comparison) -> None:
    width = comparison.epoch
    axes.set(ylabel="loss", title=plain(f"The loss of each step, and its mean over an epoch of {width} steps"))
    for run in comparison.orders[:1]:
        values = comparison.losses[run]
        steps = np.arange(1, len(values) + 1)
        axes.plot(steps, smoothed(values, width), color=_OTHER, linewidth=1, linestyle=":", label="another order")
    for run in (BASE, NATIVE):
        values = comparison.losses[run]
        steps, mean = np.arange(1, len(values) + 1), smoothed(values, width)
        deviation = np.sqrt(smoothed(np.square(values - mean), width))
        axes.plot(steps, values, color=_INK[run], alpha=0.3, linewidth=0.6, linestyle=_DASH[run])
        axes.fill_between(steps, mean - deviation, mean + deviation, color=_INK[run], alpha=0.13, linewidth=0)
        axes.plot(steps, mean, color=_INK[run], linestyle=_DASH[run], linewidth=1.6, label=_short(run))


def _differences(axes: Axes, comparison: Comparison) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set(xlabel="step", ylabel="relative difference", title="How far each loss is from PyTorch's in float64")
    judge = comparison.losses[JUDGE]
    for run in comparison.orders:
        first = run == comparison.orders[0]
        _difference(axes, comparison.losses[run], judge, _OTHER, ":", "another order" if first else None)
    for run in (BASE, PORT, NATIVE, TIES, ADAM):
        _difference(axes, comparison.losses[run], judge, _INK[run], _DASH[run], _short(run))
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _difference(axes: Axes, values: Array, judge: Array, ink: str, dash: object, called: str | None) -> None:
    number = min(len(values), len(judge))
    difference = np.abs(values[:number] - judge[:number]) / np.abs(judge[:number])
    difference[difference == 0] = np.nan  # no place on a logarithmic axis
    axes.plot(np.arange(1, number + 1), difference, color=ink, linestyle=dash, linewidth=0.9, label=called)


def _short(run: str) -> str:
    return plain({TIES: "Jittor, own ties", ADAM: "Jittor, own Adam", PORT: "Jittor, as PyTorch"}.get(run, label(run)))
