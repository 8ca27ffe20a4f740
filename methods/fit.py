"""Fused images of another size than their sources: what the size policy does about them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import SizePolicy, resized
from ..errors import RunError

MARK = "size: "  # begins the part of a row's reason that says what was done
_FEW, _MOST, _PART = 3, 31, 8  # networks crop to multiples of 4, at most of 32


def fit_fused(image: NDArray[Any], size: tuple[int, ...], policy: SizePolicy) -> tuple[NDArray[Any], str]:
    """Bring a fused image to the size at which it is scored.

    "crop" keeps its common part with the sources, from the top left corner, as networks crop that want multiples of 4;
    the sources are cropped to it for this method alone. "resize" brings it to the sources' size, by the area mean
    where it shrinks, else bilinearly. A crop takes 3 pixels off a side, or up to 31 where these are at most an eighth
    of it: what differs more is most likely the image of another pair.

    Parameters
    ----------
    image : (H, W) or (H, W, 3).
    size : height and width of the sources.

    Returns
    -------
    image, note
        The note says what was done; it is empty where nothing was.

    Raises
    ------
    RunError
        The sizes differ, and the policy is "error", or they differ too much to be cropped.
    """
    (h, w), (height, width) = image.shape[:2], size
    if (h, w) == (height, width):
        return image, ""
    sizes = f"the fused image is {h}x{w}, its sources are {height}x{width}"
    if policy == "error":
        raise RunError(f"{sizes}: say what to do with --size-policy crop or resize")
    if policy == "resize":
        return resized(image, (height, width)), f"{MARK}{sizes}: resized"
    for one, other in ((h, height), (w, width)):
        lost = abs(one - other)
        if lost > _FEW and (lost > _MOST or lost * _PART > max(one, other)):
            raise RunError(f"{sizes}, which is more than a crop to multiples of 32: is it another pair's, or resized?")
    return np.ascontiguousarray(image[: min(h, height), : min(w, width)]), f"{MARK}{sizes}: cropped"


def crop_to(source: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """Keep the part of a source that a cropped fused image shows."""
    return np.ascontiguousarray(source[: size[0], : size[1]])


def size_note(reason: str) -> str:
    """Return the part of a row's reason that says what was done about the size; empty where there is none."""
    return next((part for part in reason.split("; ") if part.startswith(MARK)), "")
