"""What a task's measures give: means over the classes, and the values of each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """The values of a task's measures; NaN where a measure is not defined.

    Attributes
    ----------
    images : how many images were scored: those with an annotation.
    values : each measure over all classes.
    classes : for each class that has any object, or any pixel, its measures.
    """

    images: int
    values: Mapping[str, float]
    classes: Mapping[str, Mapping[str, float]]


class Statistics(Protocol):
    """What is kept of each image, from which scores are made for any choice of images."""

    @property
    def images(self) -> Sequence[str]: ...  # noqa: D102

    def scores(self, counts: Counts | None = None) -> Scores:
        """Score the images, each as often as `counts` says."""


def count(images: Sequence[str], drawn: Iterable[str]) -> Counts:
    """Count how often each image was drawn: int64, shape (len(images),); names that are no image are left out."""
    times = Counter(drawn)
    return np.array([times[name] for name in images], np.int64)


def by_group(statistics: Statistics, groups: Mapping[str, str]) -> dict[str, Scores]:
    """Score each group of images by itself.

    Parameters
    ----------
    statistics : `Matches` or `Confusions`.
    groups : the group of an image ("day", "night"), by the image's name; images without one are left out.
    """
    names = sorted({groups[name] for name in statistics.images if name in groups})
    parts = {group: [name for name in statistics.images if groups.get(name) == group] for group in names}
    return {group: statistics.scores(count(statistics.images, part)) for group, part in parts.items()}


def mean(values: Iterable[float]) -> float:
    """Average what is defined; NaN where nothing is."""
    defined = [value for value in values if value == value]
    return float(np.mean(defined)) if defined else float("nan")
