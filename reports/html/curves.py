"""The loss curves of training runs, thinned to what a screen can show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...results import TrainingRecord
from .data import number
from .paths import shortened

POINTS = 2000


def loss_curves(training: TrainingRecord) -> dict[str, Any]:
    """Say what the page shows of a training run.

    Returns
    -------
    dict
        `name`, `options`, `every` (how many steps a point is the mean of), `step`, `learning_rate`, `losses` by name,
        and `held_out` with its own `step`. Numbers that are missing or not finite are None.
    """
    steps = {name: values.tolist() for name, values in training.steps.items()}
    epochs = {name: values.tolist() for name, values in training.epochs.items()}
    every = max(1, math.ceil(len(steps.get("step", [])) / POINTS))
    losses = {
        name: _thin(values, every) for name, values in steps.items() if name not in ("step", "epoch", "learning_rate")
    }
    held_out = {
        name: [number(value, 6) for value in values]
        for full, values in epochs.items()
        if (name := full.removeprefix("validation_")) != full
    }
    return {
        "name": training.name,
        "options": shortened(training.options),
        "every": every,
        "step": steps.get("step", [])[every - 1 :: every],
        "learning_rate": steps.get("learning_rate", [])[every - 1 :: every],
        "losses": {name: values for name, values in losses.items() if any(value is not None for value in values)},
        "held_out": {"step": epochs.get("step", []), "losses": held_out},
    }


def _thin(values: Sequence[float], every: int) -> list[float | None]:
    """Mean of the defined values of each `every` steps; a last group that is not full is left out."""
    if every == 1:
        return [number(value, 6) for value in values]
    means = []
    for start in range(0, len(values) - every + 1, every):
        defined = [value for value in values[start : start + every] if math.isfinite(value)]
        means.append(number(math.fsum(defined) / len(defined), 6) if defined else None)
    return means
