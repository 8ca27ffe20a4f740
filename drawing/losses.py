"""Loss curves of training runs: raw, smoothed, held out, and the learning rate; several runs in one picture."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .pens import legend_below, pen
from .style import check_format, new_figure, plain, save, style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEPS, EPOCHS = "losses.csv", "losses_by_epoch.csv"
_NO_LOSS = ("step", "epoch", "stage", "learning_rate")
Array = NDArray[np.float64]
POINTS = 4000  # of a curve, at most: more than that no printer shows, and a PDF would grow to many megabytes


@dataclass(frozen=True)
class Training:
    """What a training run told: each column by name, one value a step (or an epoch); NaN where it has none."""

    name: str
    steps: dict[str, Array]
    epochs: dict[str, Array]

    @property
    def losses(self) -> list[str]:
        """Names of the losses that have values; "loss", what was minimised, first."""
        found = [name for name in self.steps if name not in _NO_LOSS and np.isfinite(self.steps[name]).any()]
        return sorted(found, key=lambda name: name != "loss")


def read_training(folder: Path, name: str | None = None) -> Training:
    """Read `losses.csv` and, where it is there, `losses_by_epoch.csv` of a training run.

    Parameters
    ----------
    folder : of the run, or its losses.csv.
    name : what to call it; by default the folder's.

    Raises
    ------
    InputError
        There is no losses.csv, it has no steps, or it is not a table of numbers.
    """
    folder = folder.parent if folder.name == STEPS else folder
    steps = columns(folder / STEPS)
    if not steps or "step" not in steps:
        raise InputError(f"{folder} has no steps in {STEPS}: give the folder of a run that `fusionbench train` made")
    return Training(name or folder.resolve().name, steps, columns(folder / EPOCHS))


def columns(path: Path, strict: bool = True) -> dict[str, Array]:
    """Read the columns of numbers of a table that training writes, NaN where a cell is empty.

    Parameters
    ----------
    path : the file; nothing is read where there is none. A run may be writing its last line now: it is left out.
    strict : raise where a cell is no number; else it is NaN.

    Raises
    ------
    InputError
        A cell is no number.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    lines = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))
    if len(lines) < 2:
        return {}
    rows = [line for line in lines[1:] if len(line) == len(lines[0])]
    try:
        return {
            name: np.array([_number(row[place], strict) for row in rows])
            for place, name in enumerate(lines[0])
            if name != "stage"
        }
    except ValueError as error:
        raise InputError(f"{path} is not a table of losses ({error}): give the folder of a training run") from error


def _number(text: str, strict: bool) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        if strict:
            raise
        return math.nan


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
    runs: Sequence[Path | Training],
    out: Path | None = None,
    *,
    losses: Sequence[str] | None = None,
    smooth: int | None = None,
    log: bool | None = None,
    names: Sequence[str] | None = None,
    dpi: int = 300,
) -> Figure:
    """Draw the losses of one training run or several over each other, a panel each, and the learning rate.

    Parameters
    ----------
    runs : their folders, or what `read_training` gave.
    out : the file to write, .pdf or .png; None only draws.
    losses : only these; by default all that any of the runs has.
    smooth : steps to average over for the strong line; by default a twentieth of the run. The faint line is each step.
    log : logarithmic loss axes; by default where a loss is positive and spans more than a factor of 20.
    names : what to call each run; by default its folder's name, with as many parents as tell them apart.
    dpi : of the PNG.

    Raises
    ------
    InputError
        A run has no table of losses, a loss is in none of them, or the extension of `out` is another one.
    """
    if out is not None:
        check_format(out)
    trainings = _trainings(runs, names)
    known = list(dict.fromkeys(loss for training in trainings for loss in training.losses))
    for loss in losses or ():
        if loss not in known:
            raise InputError(f"no run has a loss {loss!r}: there are {', '.join(known)}")
    with style():
        drawn = _draw(trainings, list(losses or known), smooth, log)
    if out is not None:
        save(drawn, out, dpi)
    return drawn


def _trainings(runs: Sequence[Path | Training], names: Sequence[str] | None) -> list[Training]:
    if not runs:
        raise InputError("there is no training run to draw: give the folder of one or more")
    if names is not None and len(names) != len(runs):
        raise InputError(f"{len(names)} names were given for {len(runs)} runs: give one for each")
    paths = [run.resolve() for run in runs if isinstance(run, Path)]
    called = iter(names or _telling([path.parent if path.name == STEPS else path for path in paths]))
    return [run if isinstance(run, Training) else read_training(run, next(called)) for run in runs]


def _telling(paths: list[Path]) -> list[str]:
    """Shortest ends of paths that tell them apart."""
    for depth in range(1, max((len(path.parts) for path in paths), default=1) + 1):
        ends = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(ends)) == len(set(paths)):
            return ends
    return [str(path) for path in paths]


def _draw(trainings: list[Training], losses: list[str], smooth: int | None, log: bool | None) -> Figure:
    rates = any("learning_rate" in training.steps for training in trainings)
    panels = [*losses, *(["learning_rate"] if rates else [])]
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    drawn = new_figure(3.5 if columns == 1 else 7.16, rows * 2.2 + 0.35)
    for place, name in enumerate(panels, start=1):
        axes = drawn.add_subplot(rows, columns, place)
        axes.set(title=plain(name.replace("_", " ")), xlabel="step")
        for index, training in enumerate(trainings):
            if name == "learning_rate":
                _draw_rate(axes, training, index)
            elif name in training.steps:
                _draw_loss(axes, training, name, index, smooth, len(trainings) == 1)
        if name != "learning_rate" and (log or (log is None and _spans(trainings, name))):
            axes.set_yscale("log")
    handles: dict[str, Artist] = {}  # a run may lack what another panel shows
    for axes in drawn.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    legend_below(drawn, _without_rates(handles))
    return drawn


def _without_rates(handles: dict[str, Artist]) -> dict[str, Artist]:
    """Leave out a run's bare name, under which its learning rate goes, where its losses say more."""
    return {
        label: handle
        for label, handle in handles.items()
        if not any(o.startswith(f"{label}, mean of ") for o in handles)
    }


def _spans(trainings: list[Training], name: str) -> bool:
    values = np.concatenate([training.steps.get(name, np.empty(0)) for training in trainings])
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > 20 * values.min())


def _draw_loss(axes: Axes, training: Training, name: str, index: int, smooth: int | None, alone: bool) -> None:
    steps, values = training.steps["step"], training.steps[name]
    width = smooth or max(1, len(values) // 20)
    every = max(1, len(values) // POINTS)
    mine, called = pen(index), plain(training.name)
    ink = mine.colour
    mean = smoothed(values, width)
    if width > 1:
        axes.plot(steps[::every], values[::every], color=ink, alpha=0.25, linewidth=0.6)
    label = f"{called}, mean of {width} steps" if width > 1 else called
    axes.plot(steps[::every], mean[::every], mine.dash, color=ink, label=label)
    held_out = training.epochs.get(f"validation_{name}")
    if held_out is not None and np.isfinite(held_out).any():
        axes.plot(
            training.epochs["step"], held_out, "--", color="black" if alone else ink, marker=mine.marker, markersize=3,
            linewidth=0.8, markerfacecolor="white", label=f"{called}, held out",
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
