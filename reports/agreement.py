"""How well metrics agree with people: correlations of their values with ratings of fused images."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..errors import InputError
from ..results.leaderboard.boards import Board, Column

Image = tuple[str, str]  # pair, method
_COLUMNS = ("pair", "method", "score")


@dataclass(frozen=True)
class Agreement:
    """How a metric agrees with ratings: correlations that are 1 in full agreement, whichever end of it is better.

    Attributes
    ----------
    key, name : metric@convention, and what its protocol calls it.
    images, pairs : how many rated images have a value, and of how many pairs they are.
    spearman, kendall, pearson : over all images: Spearman's rank correlation, Kendall's tau-b, Pearson's correlation
        (of the values as they are, without a fitted curve); -1..1, NaN where one side does not vary.
    within : the mean over the pairs of Spearman's correlation of the methods on one pair; NaN where none has two
        methods that differ.
    """

    key: str
    name: str
    images: int
    pairs: int
    spearman: float
    kendall: float
    pearson: float
    within: float


def read_ratings(path: Path) -> dict[Image, float]:
    """Read a CSV with the columns pair, method and score, the higher the better; further columns do not count.

    Several ratings of one image, as of several people, are averaged.

    Raises
    ------
    InputError
        It cannot be read, lacks a column, or has a score that is no finite number; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"the ratings {path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the ratings {path} cannot be read as text in UTF-8") from error
    rows = csv.DictReader(text.splitlines())
    heads = {head.strip().casefold(): head for head in rows.fieldnames or ()}
    for column in _COLUMNS:
        if column not in heads:
            there = ", ".join(heads) or "none"
            raise InputError(
                f"the ratings {path} have no column {column}: wanted are {', '.join(_COLUMNS)}, there are {there}"
            )
    ratings: dict[Image, list[float]] = {}
    for row in rows:
        pair, method, score = ((row[heads[column]] or "").strip() for column in _COLUMNS)
        try:
            value = float(score)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"line {rows.line_num} of {path} has the score {score!r}, which is no number")
        ratings.setdefault((pair, method), []).append(value)
    if not ratings:
        raise InputError(f"{path} has no ratings below its head")
    return {image: math.fsum(values) / len(values) for image, values in ratings.items()}


def agreement(board: Board, ratings: Mapping[Image, float]) -> list[Agreement]:
    """Correlate each metric of a data set with ratings of its images.

    Parameters
    ----------
    board : with the stored values of each image.
    ratings : by pair and method, the higher the better.

    Returns
    -------
    list of Agreement
        The best by Spearman's correlation first; those that have none last.

    Raises
    ------
    InputError
        Fewer than three rated images have stored values.
    """
    results = [_agreement(board, column, ratings) for column in board.columns]
    if max((each.images for each in results), default=0) < 3:
        raise InputError(
            f"{board.dataset} has stored values of fewer than three of the {len(ratings)} rated images: pairs are "
            f"{_some([name for name, _ in ratings])} in the ratings and {_some(board.names)} here, methods "
            f"{_some([name for _, name in ratings])} and {_some([entry.method for entry in board.entries])}"
        )
    return sorted(results, key=lambda each: (math.isnan(each.spearman), -each.spearman))


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _agreement(board: Board, column: Column, ratings: Mapping[Image, float]) -> Agreement:
    values = {
        (pair, entry.method): -column.cost(value)
        for entry in board.entries
        for pair, value in entry.values(column.key).items()
        if math.isfinite(value)
    }
    images = [image for image in ratings if image in values]
    theirs, ours = (np.array([source[image] for image in images]) for source in (ratings, values))
    pairs = list(dict.fromkeys(pair for pair, _ in images))
    of_pair = np.array([pair for pair, _ in images])
    within = [_correlation("spearman", ours[of_pair == pair], theirs[of_pair == pair]) for pair in pairs]
    known = [value for value in within if not math.isnan(value)]
    return Agreement(
        column.key,
        column.name,
        len(images),
        len(pairs),
        _correlation("spearman", ours, theirs),
        _correlation("kendall", ours, theirs),
        _correlation("pearson", ours, theirs),
        math.fsum(known) / len(known) if known else math.nan,
    )


def _correlation(kind: str, one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Correlate; NaN where a side does not vary."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    function = {"spearman": stats.spearmanr, "kendall": stats.kendalltau, "pearson": stats.pearsonr}[kind]
    return float(function(one, other).statistic)
