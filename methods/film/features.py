"""The text features that FILM takes: 768 numbers for each word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.h5pairs import in_words
from ...errors import InputError

WIDTH = 768
Features = NDArray[np.float32]


def checked(values: NDArray[Any], name: str) -> Features:
    """Bring the features of a pair to (L, 768) float32.

    Parameters
    ----------
    values : (L, 768), or with leading axes of length 1, as in the published files (1, L, 768).
    name : of the pair, for errors.

    Raises
    ------
    InputError
        They have another shape, are no numbers, or are not all finite.
    """
    shape = in_words(values.shape)
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    if values.dtype.kind != "f":
        raise InputError(f"the text of pair {name!r} is of type {values.dtype}, not of floating-point numbers")
    if values.ndim != 2 or values.shape[1] != WIDTH or not len(values):
        raise InputError(
            f"the text of pair {name!r} is {shape}, not Lx{WIDTH}: FILM takes features that are {WIDTH} wide, as "
            "BLIP-2's Q-Former makes them"
        )
    features = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(features).all():
        raise InputError(f"the text of pair {name!r} is not all finite")
    return features


def filled(texts: Sequence[Features]) -> tuple[NDArray[np.float32], ...]:
    """Make a batch of texts: one array, and a second where their lengths differ.

    Parameters
    ----------
    texts : (L, 768) float32 each, L its own.

    Returns
    -------
    (N, L, 768) with L of the longest, filled up with zeros; and (N, L), what each word counts in the mean over a text's
    words, 0 for what fills up. See `network.FilmNetwork.forward`.
    """
    longest = max(map(len, texts))
    if all(len(text) == longest for text in texts):
        return (np.stack(texts),)
    words, shares = np.zeros((len(texts), longest, WIDTH), np.float32), np.zeros((len(texts), longest), np.float32)
    for row, share, text in zip(words, shares, texts, strict=True):
        row[: len(text)], share[: len(text)] = text, 1 / len(text)
    return words, shares


def read_npy(path: Path) -> NDArray[Any]:
    """Read a `.npy` file of numbers.

    Raises
    ------
    InputError
        It is not there, or not whole.
    """
    try:
        # mapped, because a file that is not as long as it says is refused then before memory is taken for it
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        return np.array(values)
    except Exception as error:  # a damaged header is read by Python's own parser, which raises half a dozen kinds
        raise InputError(f"{path} is no whole .npy file") from error
