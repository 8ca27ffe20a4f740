"""What the levels of a fused image tell beside those of its sources, gathered while the pair is scored.

A number of one image proves nothing; `notes` decides over all pairs of a data set.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]

_EVERY = 4  # of each axis: enough pixels for a correlation


def levels(image: NDArray[np.generic]) -> Levels:
    """Return the gray levels of an image, (H, W) or RGB (H, W, 3), as (H, W) uint8."""
    if image.dtype == np.uint8 and image.ndim == 2:
        return image  # type: ignore[return-value]
    from ..methods.colour import luminance

    return np.rint(luminance(image) * 255).astype(np.uint8)


def look(fused: NDArray[np.uint8], a: Levels, b: Levels) -> dict[str, float]:
    """Compare a fused image with its sources.

    Parameters
    ----------
    fused : (H, W) or RGB (H, W, 3).
    a, b : the gray levels of the sources, (H, W) in 0..255.

    Returns
    -------
    dict
        `fused_min` and `fused_max`, and which part of the pixels lies at 0 and at 255 exactly; `sources_min` and
        `sources_max` over both sources; `likeness`, the larger of the correlations with a and b, where one is defined;
        `copy_of`, 1 where the fused image equals a, 2 where it equals b, and the sources differ.
    """
    gray = levels(fused)
    facts = {
        "fused_min": float(gray.min()),
        "fused_max": float(gray.max()),
        "fused_at_0": float(np.mean(gray == 0)),
        "fused_at_255": float(np.mean(gray == 255)),
        "sources_min": float(min(a.min(), b.min())),
        "sources_max": float(max(a.max(), b.max())),
    }
    if gray.shape == a.shape == b.shape:
        facts.update(_beside(gray, a, b))
    return facts


def _beside(gray: Levels, a: Levels, b: Levels) -> Iterator[tuple[str, float]]:
    correlations = [value for source in (a, b) if (value := _correlation(gray, source)) is not None]
    if correlations:
        yield "likeness", max(correlations)
    if not np.array_equal(a, b):
        for number, source in enumerate((a, b), start=1):
            if np.array_equal(gray, source):
                yield "copy_of", float(number)


def _correlation(one: Levels, other: Levels) -> float | None:
    x, y = (image[::_EVERY, ::_EVERY].astype(np.float64) for image in (one, other))
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / spread if spread > 0 else None
