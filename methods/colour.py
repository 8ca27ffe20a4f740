"""Colour: luminance for the method, chroma for the reader.

A method fuses luminance. The chroma of the source that has colour is attached to the result again; where several have
colour, their chromas are mixed by their distance from gray. Chroma is that of full-range BT.601 (as in JPEG), with
128 for "none", so that luminance and chroma of one source make that source again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import load_source
from ..datasets.images import to_gray
from ..datasets.pair import Colour
from ..errors import letter
from .method import Image

Chroma = NDArray[np.float64]

RED, GREEN, BLUE = 0.299, 0.587, 0.114
NEUTRAL = 128.0

GAMUT = "scaled"  # what `attach` does to a colour that RGB cannot show, for the manifest


def is_colour(image: NDArray[Any]) -> bool:
    """Return whether an image is (H, W, 3) with channels that differ somewhere.

    Examples
    --------
    >>> is_colour(np.full((4, 4, 3), 7)), is_colour(np.array([[[1, 2, 3]]]))
    (False, True)
    """
    if image.ndim != 3:
        return False
    return not (np.array_equal(image[..., 0], image[..., 1]) and np.array_equal(image[..., 0], image[..., 2]))


def luminance(image: Image) -> NDArray[np.float32]:
    """Return the field's gray image of a source, as methods take it.

    Parameters
    ----------
    image : (H, W) or RGB (H, W, 3), uint8.

    Returns
    -------
    (H, W) float32 in [0, 1]: OpenCV's BGR2GRAY, rounded to whole levels, over 255.
    """
    return to_gray(image) / np.float32(255)


def chroma(image: Image) -> Chroma:
    """Return Cb and Cr of an RGB image (H, W, 3), as (2, H, W) in 0.5..255.5; 128 is gray."""
    red, green, blue = np.moveaxis(load_source(image).astype(np.float64), -1, 0)
    y = RED * red + GREEN * green + BLUE * blue
    return np.stack([(blue - y) / (2 - 2 * BLUE), (red - y) / (2 - 2 * RED)]) + NEUTRAL


def mix_chroma(*chromas: Chroma) -> Chroma:
    """Mix the chromas of colour sources by their distance from gray, |C - 128|, as the field does.

    H. Xu, J. Ma, J. Jiang, X. Guo, H. Ling (2022): U2Fusion. IEEE TPAMI 44(1), 502-518.
    doi:10.1109/TPAMI.2020.3012548. The code of IFCNN (Y. Zhang et al., 2020, doi:10.1016/j.inffus.2019.07.011) does so
    with any number of exposures.

    Parameters
    ----------
    chromas : (2, H, W) each; 128 is gray.

    Returns
    -------
    (2, H, W); gray where all are.

    Examples
    --------
    >>> mix_chroma(np.array([128.0, 138.0, 138.0]), np.array([128.0, 128.0, 158.0]))
    array([128., 138., 153.])
    """
    weights = [np.abs(each - NEUTRAL) for each in chromas]
    total = reduce(np.add, weights)
    mixed = reduce(np.add, (each * weight for each, weight in zip(chromas, weights, strict=True)))
    return np.divide(mixed, total, out=np.full_like(total, NEUTRAL), where=total > 0)


def chroma_of_pair(a: Image, b: Image, colour: Colour = "both", further: Sequence[Image] = ()) -> Chroma | None:
    """Return the chroma that the fused image of sources gets.

    Parameters
    ----------
    a, b : (H, W) or RGB (H, W, 3).
    colour : which source is said to carry colour. It matters only where several files are coloured: "a" and "b" then
        name the one to believe, as an infrared image saved as JPEG may have stray tints.
    further : the sources after a and b.

    Returns
    -------
    (2, H, W); None where no source is coloured.
    """
    chromas = [chroma(image) for image in coloured_sources((a, b, *further), colour)]
    if not chromas:
        return None
    return chromas[0] if len(chromas) == 1 else mix_chroma(*chromas)


def coloured_sources(sources: Sequence[Image], colour: Colour = "both") -> list[Image]:
    """Choose the sources whose chroma the fused image gets; see `chroma_of_pair`."""
    coloured = {letter(place): image for place, image in enumerate(sources) if is_colour(image)}
    return [coloured[colour]] if colour in coloured else list(coloured.values())


def attach(gray: NDArray[np.uint8], chroma: Chroma) -> NDArray[np.uint8]:
    """Return the RGB image of a fused luminance and a chroma.

    Parameters
    ----------
    gray : (H, W) uint8.
    chroma : (2, H, W) of Cb and Cr; 128 is gray.

    Returns
    -------
    (H, W, 3) uint8, rounded. A colour that RGB cannot show at this luminance is moved toward the gray of the same
    luminance, just as far as it needs: hue and luminance stay, where a clipped channel would change both.

    Examples
    --------
    >>> blue = np.array([[[40, 90, 250]]], np.uint8)
    >>> attach(np.array([[20]], np.uint8), chroma(blue)).tolist()
    [[[0, 19, 80]]]
    """
    y = gray.astype(np.float64)[..., None]
    cb, cr = chroma - NEUTRAL
    red, blue = (2 - 2 * RED) * cr, (2 - 2 * BLUE) * cb
    tint = np.stack([red, -(RED * red + BLUE * blue) / GREEN, blue], axis=-1)  # its luminance is 0
    room = np.where(tint > 0, 255 - y, y) + 0.5  # what rounds to 0 or 255 can be shown
    ratio = np.divide(room, np.abs(tint), out=np.ones_like(tint), where=tint != 0)
    rgb = y + np.minimum(ratio.min(axis=-1, keepdims=True), 1) * tint
    return np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.uint8)
