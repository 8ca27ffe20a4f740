"""The images that a task looks at: both sources of each pair, and what methods made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..datasets import FusionDataset, read
from ..datasets.pair import Pair
from ..errors import InputError
from ..results import Run

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Row:
    """One row of the table: a source, or a method.

    Attributes
    ----------
    label : what the table calls it.
    source : "a" or "b" for a source, "" for a method.
    read : the image of a pair, uint8 RGB of shape (H, W, 3).
    """

    label: str
    source: str
    read: Callable[[Pair], Image]


def rows_of(dataset: FusionDataset, runs: Sequence[Run]) -> list[Row]:
    """List the sources of a data set and the methods that ran on it."""
    names = {"a": dataset.spec.modalities[0], "b": dataset.spec.modalities[1]}
    sources = [
        Row(f"{name} (source)" if name != side else f"source {side}", side, partial(_source, dataset, place))
        for place, (side, name) in enumerate(names.items())
    ]
    return [*sources, *(Row(run.method, "", partial(fused, run)) for run in runs)]


def _source(dataset: FusionDataset, place: int, pair: Pair) -> Image:
    return _in_colour(dataset.read(pair)[place])


def fused(run: Run, pair: Pair) -> Image:
    """Read what a method made of a pair, as `stored_image` finds it."""
    return _in_colour(read(stored_image(run, pair)))


def stored_image(run: Run, pair: Pair) -> Path:
    """Find what a method made of a pair: in colour, where luminance was fused and has its colour beside it.

    Raises
    ------
    InputError
        There is no such image.
    """
    paths = [run.folder.image(pair.name, "colour"), run.folder.image(pair.name, "fused")]
    path = next((each for each in paths if each.is_file()), None)
    if path is None:
        raise InputError(f"{run.method} has no image of {pair.name} on {run.dataset}: run it on all pairs first")
    return path


def pixels_hash(image: Image) -> str:
    """Hash the pixels of an image: what a model finds depends on nothing else."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes() + str(image.shape).encode()).hexdigest()[:16]


def _in_colour(image: Image) -> Image:
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
