"""The scores of a row, and how sure they are: its images are drawn anew, as those of every other row are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..results.draws import Draws
from ..results.tasks import TaskRow, defined
from .measures import by_group
from .measures.detection import Matches
from .measures.scores import Counts, Scores, Statistics

DRAWS = 1999  # the smallest p-value is 2 / (DRAWS + 1): corrected for thirty methods it is still below 0.05


def scored_row(source: str, statistics: Statistics, groups: Mapping[str, str]) -> TaskRow:
    """Score the images of a row: all, each class, each group, and the intervals over images."""
    scores = statistics.scores()
    drawn = draw(statistics)
    # NaN where it is for any of the draws
    ends = {name: np.quantile(each, (0.025, 0.975)) for name, each in drawn.items()}
    return TaskRow(
        source=source,
        images=scores.images,
        values=defined(scores.values),
        low=defined({name: low for name, (low, _) in ends.items()}),
        high=defined({name: high for name, (_, high) in ends.items()}),
        classes={name: defined(values) for name, values in scores.classes.items()},
        groups={name: defined(each.values) for name, each in by_group(statistics, groups).items()},
        draws=Draws.of(statistics.images, drawn) if drawn else None,
    )


def draw(statistics: Statistics, draws: int = DRAWS) -> dict[str, NDArray[np.float64]]:
    """Score the images drawn anew, with replacement: for each measure the value of each draw, shape (draws,).

    Which images a draw takes depends on their names alone: rows of the same images compare draw by draw. Of fewer than
    two images there is none.

    Notes
    -----
    The bootstrap over images, B. Efron and R. J. Tibshirani: An Introduction to the Bootstrap, 1993.
    """
    values: dict[str, list[float]] = {}
    known: dict[bytes, Scores] = {}  # few images have few choices
    for counts in _choices(statistics.images, draws):
        key = counts.tobytes() if len(counts) < 8 else b""
        scores = known[key] if key in known else _scores(statistics, counts)
        if key:
            known[key] = scores
        for name, value in scores.values.items():
            values.setdefault(name, []).append(value)
    return {name: np.array(each) for name, each in values.items()}


def _choices(images: Sequence[str], draws: int) -> Iterator[Counts]:
    """Say for each draw how often it takes each image; by their names, in whatever order they come."""
    count = len(images)
    place = np.argsort(np.argsort(np.array(images, object))) if count > 1 else np.zeros(0, np.int64)
    random = np.random.default_rng(0)
    for _ in range(draws if count > 1 else 0):
        yield np.bincount(random.integers(0, count, count), minlength=count).astype(np.int64)[place]


def _scores(statistics: Statistics, counts: Counts) -> Scores:
    return statistics.scores(counts, sizes=False) if isinstance(statistics, Matches) else statistics.scores(counts)
