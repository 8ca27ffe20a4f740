"""Where images of one scene differ most: what is worth magnifying."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Image = NDArray[np.generic]
Box = tuple[int, int, int, int]  # left, top, width, height in pixels
PART = 0.2  # of the sides of an image that a box takes


def telling_box(images: Sequence[Image], taken: Sequence[Box] = ()) -> Box:
    """Find the box in which images of one scene differ most, apart from how bright each is there as a whole.

    A box is scored by the variance over the images of each pixel's grey level, less that of the images' means in the
    box, summed over its pixels: so details count, and not that one image is brighter than the others.

    Parameters
    ----------
    images : two or more (H, W) or RGB (H, W, 3) images, uint8; those of another size than the first are left out.
    taken : boxes that it must not overlap.

    Raises
    ------
    InputError
        There are less than two images of one size, or no room beside the boxes that are taken.
    """
    shape = images[0].shape[:2]
    gray = np.stack([_gray(image) for image in images if image.shape[:2] == shape])
    if len(gray) < 2:
        raise InputError(
            "a box is searched where images differ: show two images of one size, or give the box in pixels"
        )
    high, wide = (max(1, round(PART * side)) for side in shape)
    score = _sums(gray.var(axis=0), high, wide) - wide * high * np.stack(
        [_sums(image, high, wide) / (wide * high) for image in gray]
    ).var(axis=0)
    for x, y, w, h in taken:
        score[max(0, y - high + 1) : y + h, max(0, x - wide + 1) : x + w] = -np.inf
    top, left = divmod(int(score.argmax()), score.shape[1])
    if not np.isfinite(score[top, left]):
        raise InputError("there is no room for another box: give fewer ones, or give them in pixels")
    return left, top, wide, high


def _gray(image: Image) -> NDArray[np.float64]:
    values = image.astype(np.float64)
    return values if values.ndim == 2 else values @ np.array([0.299, 0.587, 0.114])


def _sums(values: NDArray[np.float64], high: int, wide: int) -> NDArray[np.float64]:
    """Sum each box of (H, W) values: (H - high + 1, W - wide + 1) sums, by the place of its top left corner."""
    total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums: NDArray[np.float64] = (
        total[high:, wide:] - total[:-high, wide:] - total[high:, :-wide] + total[:-high, :-wide]
    )
    return sums
