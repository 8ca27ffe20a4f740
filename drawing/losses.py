"""Loss curves of training runs: raw, smoothed, held out, and the learning rate; several runs in one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .pens import legend_below, pen
from .style import check_format, new_figure, plain, save, style, width_for
from .ticks import mark_logarithmic

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
POINTS = 4000  # of a curve, at most: more than that no printer shows, and a PDF would grow to many megabytes


class Training(Protocol):
    """A training run: each column of numbers by name, one value a step or an epoch, NaN where it has none."""

    @property
    def name(self) -> str:
        """What to call it."""

    @property
    def steps(self) -> dict[str, Array]:
        """The columns of the steps, `step` and `learning_rate` among them."""

    @property
    def epochs(self) -> dict[str, Array]:
        """The columns of the epochs, with `validation_` before those of what was held out."""

    @property
    def losses(self) -> list[str]:
        """Names of the columns of the steps that are losses."""


def smoothed(values: Array, width: int) -> Array:
    """Mean of the `width` values around each place, of fewer at the ends; NaN values are left out.

    Parameters
    ----------
    values : (n,) numbers.
    width : how many; 1 gives the values themselves.

    Examples
    --------
    >>> smoothed(np.array([1.0, 2.0, 6.0, 4.0]), 3).tolist()
    [1.5, 3.0, 4.0, 5.0]
    """
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    place = np.arange(len(values))
    start, end = np.maximum(place - (width - 1) // 2, 0), np.minimum(place + width // 2 + 1, len(values))
    number = counts[end] - counts[start]
    return np.divide(total[end] - total[start], number, out=np.full(len(values), np.nan), where=number > 0)


def plot_losses(
    trainings: Sequence[Training],
    out: Path | None = None,
    *,
    losses: Sequence[str] | None = None,
    smooth: int | None = None,
    log: bool | None = None,
    dpi: int = 300,
) -> Figure:
    """Draw the losses of one training run or several over each other, a panel each, and the learning rate.

    Parameters
    ----------
    trainings : the runs.
    out : the file to write, .pdf or .png; None only draws.
    losses : only these; by default all that any of the runs has.
    smooth : steps to average over for the strong line; by default a twentieth of the run. The faint line is each step.
    log : logarithmic loss axes; by default where a loss is positive and spans more than a factor of 20.
    dpi : of the PNG.

    Raises
    ------
    InputError
        There is no run, a loss is in none of them, or the extension of `out` is another one.
    """
    if out is not None:
        check_format(out)
    if not trainings:
        raise InputError("there is no training run to draw: give the folder of one or more")
    known = list(dict.fromkeys(loss for training in trainings for loss in training.losses))
    for loss in losses or ():
        if loss not in known:
            raise InputError(f"no run has a loss {loss!r}: there are {', '.join(known)}")
    with style():
        figure = _draw(trainings, list(losses or known), smooth, log)
    if out is not None:
        save(figure, out, dpi)
    return figure


def _draw(trainings: Sequence[Training], losses: list[str], smooth: int | None, log: bool | None) -> Figure:
    rates = any("learning_rate" in training.steps for training in trainings)
    panels = [*losses, *(["learning_rate"] if rates else [])]
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(width_for(columns), rows * 2.2 + 0.35)
    for place, name in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, place)
        axes.set(title=plain(name.replace("_", " ")), xlabel="step")
        for index, training in enumerate(trainings):
            if name == "learning_rate":
                _draw_rate(axes, training, index)
            elif name in training.steps:
                _draw_loss(axes, training, name, index, smooth, len(trainings) == 1)
        if name != "learning_rate" and (log or (log is None and _spans(trainings, name))):
            mark_logarithmic(axes, "y", 1.7, apart=0.16)
    handles: dict[str, Artist] = {}  # a run may lack what another panel shows
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    legend_below(figure, _without_rates(handles))
    return figure


def _without_rates(handles: dict[str, Artist]) -> dict[str, Artist]:
    """Leave out a run's bare name, under which its learning rate goes, where its losses say more."""
    return {
        label: handle
        for label, handle in handles.items()
        if not any(o.startswith(f"{label}, mean of ") for o in handles)
    }


def _spans(trainings: Sequence[Training], name: str) -> bool:
    values = np.concatenate([training.steps.get(name, np.empty(0)) for training in trainings])
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > 20 * values.min())


def _draw_loss(axes: Axes, training: Training, name: str, index: int, smooth: int | None, alone: bool) -> None:
    steps, values = training.steps["step"], training.steps[name]
    width = smooth or max(1, len(values) // 20)
    every = max(1, len(values) // POINTS)
    mine, name_of_run = pen(index), plain(training.name)
    ink = mine.colour
    mean = smoothed(values, width)
    if width > 1:
        axes.plot(steps[::every], values[::every], color=ink, alpha=0.25, linewidth=0.6)
    label = f"{name_of_run}, mean of {width} steps" if width > 1 else name_of_run
    axes.plot(steps[::every], mean[::every], mine.dash, color=ink, label=label)
    held_out = training.epochs.get(f"validation_{name}")
    if held_out is not None and np.isfinite(held_out).any():
        axes.plot(
            training.epochs["step"], held_out, "--", color="black" if alone else ink, marker=mine.marker, markersize=3,
            linewidth=0.8, markerfacecolor="white", label=f"{name_of_run}, held out",
        )  # fmt: skip
    if not np.isfinite(values).all() and np.isfinite(values).any():
        _mark_lost(axes, steps, values, ink)


def _mark_lost(axes: Axes, steps: Array, values: Array, ink: str) -> None:
    """Mark steps at which a loss that had values was infinite or no number: a gap in the line is easily missed."""
    bad = np.isinf(values)
    for step in steps[bad][:20]:
        axes.axvline(step, color=ink, linewidth=0.5, linestyle=":")


def _draw_rate(axes: Axes, training: Training, index: int) -> None:
    if "learning_rate" in training.steps:
        every = max(1, len(training.steps["step"]) // POINTS)
        steps, rate = training.steps["step"][::every], training.steps["learning_rate"][::every]
        axes.plot(steps, rate, pen(index).dash, color=pen(index).colour, label=plain(training.name))
        axes.set_ylim(0, max(axes.get_ylim()[1], 1.08 * float(np.nanmax(rate))))
