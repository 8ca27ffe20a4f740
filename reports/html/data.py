"""The data that the pages load: JSON in script files, because a page opened from disk may not fetch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from ...results import Profile, Run
from ...results.leaderboard.boards import Column, Entry
from ...results.leaderboard.grid import digits
from ...results.runs import KINDS
from .collect import DataSet
from .names import Names
from .paths import without_folders

SIDES = ("a", "b")


def script(call: str, content: Any) -> str:
    """Write a script that hands `content` to the page."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return f"FB.{call}({text});\n"


def metric_columns(datasets: list[DataSet]) -> list[Column]:
    """Every metric that some board has, in the order of the boards."""
    return list({column.key: column for dataset in datasets for column in dataset.board.columns}.values())


def index(
    datasets: list[DataSet], names: Names, version: str, training: int, profiles: Sequence[Profile] = ()
) -> dict[str, Any]:
    """What every page knows: the data sets, methods and metrics, the leaderboards, and what the methods cost."""
    return {
        "version": version,
        "training": training,
        "datasets": [
            {"label": d.label, "file": names.datasets[d.label], "pairs": d.board.pairs, "tasks": d.tasks}
            for d in datasets
        ],
        "methods": [{"label": label, "file": name} for label, name in names.methods.items()],
        "metrics": [{**asdict(column), "file": names.metrics[column.key]} for column in metric_columns(datasets)],
        "boards": [_board(dataset, profiles) for dataset in datasets],
        "profiles": [_profile(profile) for profile in profiles],
    }


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "method": profile.method.label,
        "circumstances": profile.circumstances,
        "setting": profile.setting,
        "parameters": profile.parameters,
        "flops": profile.flops,
        "latency": number(profile.latency.median),
        "quartiles": [number(profile.latency.low), number(profile.latency.high)],
        "throughput": number(profile.throughput),
        "memory": profile.peak_memory,
    }


def _board(dataset: DataSet, profiles: Sequence[Profile]) -> dict[str, Any]:
    board = dataset.board
    return {
        "metrics": [column.key for column in board.columns],
        "digits": {column.key: digits(board, column) for column in board.columns},
        "rows": [_entry(entry, profiles) for entry in board.entries],
    }


def _entry(entry: Entry, profiles: Sequence[Profile]) -> dict[str, Any]:
    seconds = entry.seconds()
    return {
        "method": entry.method,
        "scored": entry.scored,
        "failed": entry.failed,
        "skipped": entry.skipped,
        "complete": entry.complete,
        "seconds": number(median(seconds)) if seconds else None,
        "means": {key: _full(mean) for key, mean in entry.means.items()},
        "intervals": {key: [number(end) for end in entry.interval(key)] for key in entry.means},
        "undefined": entry.undefined,
        "notes": [without_folders(note) for note in entry.notes],
        "timing": [without_folders(note) for note in entry.timing],
        "profiles": [i for i, profile in enumerate(profiles) if profile in entry.profiles],
    }


def dataset_content(dataset: DataSet, names: Names, placed: Mapping[Path, str]) -> dict[str, Any]:
    """All pairs of a data set: where the pictures lie, and every stored number."""
    label = dataset.label
    pairs = []
    for pair in dataset.pairs:
        sources = [placed.get(names.source(label, side, pair), "") for side in SIDES]
        pairs.append({"name": pair, "file": names.pairs[label][pair], "sources": sources})
    return {
        "file": names.datasets[label],
        "pairs": pairs,
        "methods": {method: _run(dataset, run, names, placed) for method, run in dataset.runs.items()},
    }


def _run(dataset: DataSet, run: Run, names: Names, placed: Mapping[Path, str]) -> dict[str, Any]:
    rows = [run.rows.get(pair) for pair in dataset.pairs]
    keys = [column.key for column in dataset.board.columns]
    notes = {
        str(i): [row.status, without_folders(row.reason)]
        for i, row in enumerate(rows)
        if row and (row.status != "ok" or row.reason)
    }
    images: dict[str, str] = {
        kind: "".join(
            "1" if names.result(dataset.label, run.method, kind, pair) in placed else "0" for pair in dataset.pairs
        )
        for kind in KINDS
    }
    return {
        "notes": notes,
        "missing": [i for i, row in enumerate(rows) if row is None],
        "seconds": [number(row.seconds) if row else None for row in rows],
        "values": {key: [_full(row.metrics.get(key, math.nan)) if row else None for row in rows] for key in keys},
        **images,
    }


def number(value: float, digits: int = 5) -> float | None:
    """Round a number to so many digits; None where it is none, or infinite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def _full(value: float) -> float | None:
    return number(value, 8)  # more than any table shows, and half the size of all digits
