"""What the levels of a fused image tell beside those of its sources, gathered while the pair is scored.

A number of one image proves nothing; `notes` decides over all pairs of a data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def look(fused: NDArray[np.uint8], *sources: Levels) -> dict[str, float]:
    """Compare a fused image with its sources.

    Parameters
    ----------
    fused : (H, W) or RGB (H, W, 3).
    sources : the gray levels of each, (H, W) in 0..255.

    Returns
    -------
    dict
        `fused_min` and `fused_max`, and which part of the pixels lies at 0 and at 255 exactly; `sources_min` and
        `sources_max` over all sources; `likeness`, the largest of the correlations with them, where one is defined;
        `copy_of`, 1 where the fused image equals a, 2 where it equals b, …, and the sources differ.
    """
    gray = levels(fused)
    facts = {
        "fused_min": float(gray.min()),
        "fused_max": float(gray.max()),
        "fused_at_0": float(np.mean(gray == 0)),
        "fused_at_255": float(np.mean(gray == 255)),
        "sources_min": float(min(source.min() for source in sources)),
        "sources_max": float(max(source.max() for source in sources)),
    }
    if all(gray.shape == source.shape for source in sources):
        facts.update(_beside(gray, sources))
    return facts


def _beside(gray: Levels, sources: Sequence[Levels]) -> Iterator[tuple[str, float]]:
    correlations = [value for source in sources if (value := _correlation(gray, source)) is not None]
    if correlations:
        yield "likeness", max(correlations)
    if not all(np.array_equal(sources[0], source) for source in sources[1:]):
        for number, source in enumerate(sources, start=1):
            if np.array_equal(gray, source):
                yield "copy_of", float(number)


def _correlation(one: Levels, other: Levels) -> float | None:
    x, y = (image[::_EVERY, ::_EVERY].astype(np.float64) for image in (one, other))
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / spread if spread > 0 else None
