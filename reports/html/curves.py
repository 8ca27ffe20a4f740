"""The loss curves of training runs, thinned to what a screen can show."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

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
    return [_read(path, folder) for path in sorted(folder.rglob("losses.csv"))]


def _read(path: Path, folder: Path) -> dict[str, Any]:
    steps = _table(path)
    epochs = _table(path.with_name("losses_by_epoch.csv"))
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
    """Read the columns of numbers; a torn last line is left out."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        lines = [line for line in csv.reader(file) if line]
    head = lines[0] if lines else []
    rows = [line for line in lines[1:] if len(line) == len(head)]
    return {name: [_number(row[i]) for row in rows] for i, name in enumerate(head) if name != "stage"}


def _number(text: str) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


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
