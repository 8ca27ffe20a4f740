"""The picture of the loss curves."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files import write_bytes

_NO_LOSS = ("step", "epoch", "stage", "learning_rate")


def draw_curves(steps: Path, epochs: Path, target: Path) -> None:
    """Draw every loss of a run: each step faint, a moving mean above it, the held-out loss of each epoch as dots.

    Parameters
    ----------
    steps, epochs : the tables that the journal keeps.
    target : the PNG to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    by_step, by_epoch = _columns(steps), _columns(epochs)
    names = [name for name in by_step if name not in _NO_LOSS and np.isfinite(by_step[name]).any()]
    figure = Figure(figsize=(5 * max(len(names), 1), 4), layout="constrained")
    FigureCanvasAgg(figure)
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        x, y = by_step["step"], by_step[name]
        axes.plot(x, y, color="C0", alpha=0.25, linewidth=0.8)
        width = max(1, len(y) // 50)
        axes.plot(x, _moving_mean(y, width), color="C0", label=f"training, mean of {width} steps")
        held_out = by_epoch.get(f"validation_{name}")
        if held_out is not None and np.isfinite(held_out).any():
            axes.plot(by_epoch["step"], held_out, "o-", color="C1", markersize=3, label="held out")
        finite = y[np.isfinite(y)]
        if finite.size and finite.min() > 0 and finite.max() > 20 * finite.min():
            axes.set_yscale("log")
        axes.set(xlabel="step", title=name.replace("_", " "))
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    write_bytes(target, buffer.getvalue())


def _columns(path: Path) -> dict[str, NDArray[np.float64]]:
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (rows[0] if rows else {}) if name != "stage"]
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


def _moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean of the last `width` values at each place, of fewer at the start."""
    total = np.concatenate([[0.0], np.nancumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - width, 0)
    return (total[end] - total[start]) / (end - start)
