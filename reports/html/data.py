"""The data that the pages load: JSON in script files, because a page opened from disk may not fetch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from string import ascii_lowercase
from typing import Any

from ...results import Profile, Run, TrainingRecord
from ...results.leaderboard.boards import Board, Column, Entry
from ...results.leaderboard.grid import digits
from ...results.leaderboard.ranks import common_columns
from ...results.runs import KINDS
from ..significance import Comparison, compare, friedman_over_pairs
from .collect import DataSet, Names
from .paths import shortened, without_folders

SIDES = ascii_lowercase  # the folders of sources; of a longer sequence the first ones are shown
ALL = "all"  # metrics, or data sets
POINTS = 2000  # of a loss curve: what a screen can show


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
        "year": entry.year,
        "venue": entry.venue,
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
        sides = SIDES[: len(dataset.sources.get(pair, "ab"))]
        sources = [placed.get(names.source(label, side, pair), "") for side in sides]
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
    images: dict[str, list[str]] = {
        kind: [placed.get(names.result(dataset.label, run.method, kind, pair), "") for pair in dataset.pairs]
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


def significance_content(boards: Sequence[Board], names: Mapping[str, str]) -> dict[str, Any]:
    """Test every metric on every data set, and on all data sets together.

    Returns
    -------
    dict
        By data set (its file name, or "all") and metric (key, or "all"): `methods`, `ranks`, `n`, `statistic`, `p`,
        `critical` of Friedman's test; and for one metric on one data set `tests`, for every two methods, by their
        places, the corrected p-value, pairs won and lost by the first, and 1 or -1 where it is better or worse.
    """
    content = {names[board.dataset]: _tests([board], board.columns) for board in boards}
    if len(boards) > 1:
        content[ALL] = _tests(boards, common_columns(boards))
    return content


def _tests(boards: Sequence[Board], columns: Sequence[Column]) -> dict[str, Any]:
    tests = {column.key: _friedman(boards, column.key) for column in columns}
    if len(boards) == 1:
        for column in columns:
            pairs = compare(boards[0], column)
            methods = list(dict.fromkeys(name for test in pairs for name in (test.a, test.b)))
            tests[column.key] |= {"compared": methods, "tests": [_test(test, methods) for test in pairs]}
    if len(columns) > 1:
        tests[ALL] = _friedman(boards, None)
    return tests


def _friedman(boards: Sequence[Board], metric: str | None) -> dict[str, Any]:
    test = friedman_over_pairs(boards, metric)
    numbers = {"statistic": test.statistic, "p": test.p, "critical": test.critical}
    ranks = [number(rank, 4) for rank in test.ranks] if test.n else []
    return {"methods": test.methods, "n": test.n, "ranks": ranks, **{k: number(v, 4) for k, v in numbers.items()}}


def _test(test: Comparison, methods: list[str]) -> list[float | None]:
    sign = 0 if test.better is None else 1 if test.better == test.a else -1
    return [methods.index(test.a), methods.index(test.b), number(test.corrected, 4), test.wins, test.losses, sign]


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
