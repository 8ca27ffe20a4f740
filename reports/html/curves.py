"""The loss curves of training runs, thinned to what a screen can show."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ...drawing.losses import EPOCHS, STEPS, columns
from .paths import shortened

POINTS = 2000
_FIXED = ("step", "epoch", "stage", "learning_rate")


def read_training(folder: Path) -> list[dict[str, Any]]:
    """Read every `losses.csv` below `folder`, in the order of their paths.

    Returns
    -------
    list of dict
        `name`, `options`, `every` (how many steps a point is the mean of), `step`, `learning_rate`, `losses` by name,
        and `held_out` with its own `step`. Numbers that are missing or not finite are None.
    """
    return [_read(path, folder) for path in sorted(folder.rglob(STEPS))]


def _read(path: Path, folder: Path) -> dict[str, Any]:
    steps = _table(path)
    epochs = _table(path.with_name(EPOCHS))
    every = max(1, math.ceil(len(steps.get("step", [])) / POINTS))
    losses = {name: _thinned(values, every) for name, values in steps.items() if name not in _FIXED}
    held_out = {
        name: [_json(v) for v in values]
        for full, values in epochs.items()
        if (name := full.removeprefix("validation_")) != full
    }
    return {
        "name": "/".join(path.parent.relative_to(folder).parts) or path.parent.name,
        "options": _options(path.with_name("options.json")),
        "every": every,
        "step": steps.get("step", [])[every - 1 :: every] if every > 1 else steps.get("step", []),
        "learning_rate": steps.get("learning_rate", [])[every - 1 :: every],
        "losses": {name: values for name, values in losses.items() if any(v is not None for v in values)},
        "held_out": {"step": epochs.get("step", []), "losses": held_out},
    }


def _options(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): shortened(value) for key, value in content.items()} if isinstance(content, dict) else {}


def _table(path: Path) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in columns(path, strict=False).items()}


def _thinned(values: list[float], every: int) -> list[float | None]:
    """Mean of the defined values of each `every` steps; a last group that is not full is left out."""
    if every == 1:
        return [_json(value) for value in values]
    means = []
    for start in range(0, len(values) - every + 1, every):
        defined = [value for value in values[start : start + every] if math.isfinite(value)]
        means.append(_json(math.fsum(defined) / len(defined)) if defined else None)
    return means


def _json(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
