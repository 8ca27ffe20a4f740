"""Measures of fused videos: how a fused frame differs from the one before it, beside how the sources do."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2, nan
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
Differences = NDArray[np.int16]
PROTOCOL, VERSION = "temporal", "1"


class Measure(NamedTuple):
    """A measure of two frames in a row: its name in tables, which values are the better ones, and where it is from."""

    name: str
    better: Literal["higher", "lower", "zero"]
    reference: str


MEASURES = {
    "flicker@temporal": Measure("flicker", "zero", "mean absolute inter-frame difference"),
    "IFD_MI@temporal": Measure(
        "IFD-MI",
        "higher",
        "Rockinger 1997, Image sequence fusion using a shift-invariant wavelet transform, doi:10.1109/ICIP.1997.632093",
    ),
}


def temporal(
    fused: Levels, sources: Sequence[Levels], fused_before: Levels, sources_before: Sequence[Levels]
) -> dict[str, float]:
    """Measure a frame against the one before it; NaN where a size changed in between.

    Parameters
    ----------
    fused, fused_before : gray levels, (H, W) uint8.
    sources, sources_before : those of each source, in their order.

    Returns
    -------
    dict
        `flicker@temporal`: the mean absolute inter-frame difference of the fused video less the mean of those of its
        sources, in gray levels; above 0 it is more restless than they are, below 0 it moves less.
        `IFD_MI@temporal`: the mutual information of the inter-frame differences (IFD) of all sources together with that
        of the fused video, H(A, B) + H(F) - H(A, B, F), in bits, of the 511 values that a difference of levels has.

    Examples
    --------
    >>> still, dark = np.full((2, 2), 9, np.uint8), np.zeros((2, 2), np.uint8)
    >>> temporal(still, [still, dark], dark, [dark, dark])["flicker@temporal"]
    4.5
    """
    shapes = {image.shape for image in (fused, fused_before, *sources, *sources_before)}
    if len(shapes) > 1:
        return dict.fromkeys(MEASURES, nan)
    of_fused = _difference(fused, fused_before)
    of_sources = [_difference(*pair) for pair in zip(sources, sources_before, strict=True)]
    change = [float(np.abs(difference).mean()) for difference in of_sources]
    flicker = float(np.abs(of_fused).mean()) - sum(change) / len(change)
    together = _joint(of_sources)
    shared = _entropy(together) + _entropy(_joint([of_fused])) - _entropy(_joint([together, of_fused]))
    return {"flicker@temporal": flicker, "IFD_MI@temporal": max(0.0, shared)}


def _difference(image: Levels, before: Levels) -> Differences:
    return image.astype(np.int16) - before


def _joint(variables: Sequence[NDArray[np.integer[Any]]]) -> NDArray[np.int64]:
    """Number the combinations of values at each pixel, from 0 on; where there are several variables, without a gap."""
    numbers, *others = (variable.ravel().astype(np.int64) - int(variable.min()) for variable in variables)
    for values in others:
        numbers = np.unique(numbers * (int(values.max()) + 1) + values, return_inverse=True)[1].ravel()
    return numbers


def _entropy(values: NDArray[np.integer[Any]]) -> float:
    """Shannon's entropy in bits of the frequencies of numbers from 0 on."""
    counts = np.bincount(values)
    counts = counts[counts > 0]
    return log2(values.size) - float((counts * np.log2(counts)).sum()) / values.size
