"""The colour policy, and what size the images of a triple have, on images that were checked."""

from __future__ import annotations

import numpy as np

from ...errors import InputError, letter
from ..arrays.filters import rounded
from ..arrays.pixelwise import mapped, single
from ..arrays.triple import Image
from ..arrays.types import Array, namespace
from ..protocols import Colour

OPENCV = tuple(float(np.float32(weight)) for weight in (0.299, 0.587, 0.114))  # of red, green and blue
Planes = Array  # (N, C, H, W) with C = 1 or 3, uint8 or float64
Side = dict[str, Image]  # one side of a triple, by `Metric.channels`


def names_of(number: int) -> list[str]:
    """Name sources, as `data_range` and `axes` do: a, b, c …; beyond z by their number.

    Examples
    --------
    >>> names_of(3)
    ['a', 'b', 'c']
    """
    return [letter(place) for place in range(number)]


def check_sizes(fused: Planes, *sources: Planes) -> None:
    """Make sure that the images of a triple have one size; raises InputError where they do not."""
    shapes = [tuple(x.shape[-2:]) for x in (fused, *sources)]
    if len(set(shapes)) > 1:
        names = ("fused", *names_of(len(sources)))
        spelled = ", ".join(f"{what} {h}x{w}" for what, (h, w) in zip(names, shapes, strict=True))
        raise InputError(f"images of one triple differ in size ({spelled}): align them, or crop or resize them first")


def images(x: Planes, colour: Colour, kept: bool = False) -> Side:
    """Apply a colour policy to (N, C, H, W); `kept` is what `Image` says.

    Returns
    -------
    dict
        "mean": an image of N (gray) or, for the policy "channels" and RGB, 3 N planes; "joined": N images, the
        channels of each side by side.
    """
    n, c, height, width = x.shape
    if c == 3 and colour != "channels":
        x, c = _gray(x, colour)[:, None], 1
    xp = namespace(x)
    if isinstance(x, np.ndarray):
        x = np.ascontiguousarray(x)  # sums run along memory: a view is to score as its copy
    mean = joined = Image(xp.reshape(x, (n * c, height, width)), kept)
    if c == 3:
        joined = Image(xp.reshape(xp.permute_dims(x, (0, 2, 1, 3)), (n, height, c * width)), kept)
    return {"mean": mean, "joined": joined}


def _gray(x: Planes, colour: Colour) -> Array:
    """RGB (N, 3, H, W) to one plane (N, H, W) of whole numbers: float64 tensors, uint8 arrays, which are faster."""
    xp, (red, green, blue) = namespace(x), (x[:, i] for i in range(3))
    if colour == "gray":
        (gray,) = mapped(_opencv_gray, red, green, blue, outputs=1)
        return rounded(gray) if isinstance(gray, np.ndarray) else xp.round(gray)
    red, green, blue = (xp.astype(channel, xp.float64) for channel in (red, green, blue))
    if colour == "rgb2gray":
        gray = red * 0.298936021293776 + green * 0.587043074451121 + blue * 0.114020904255103
    else:
        gray = 16 + (red * 65.481 + green * 128.553 + blue * 24.966) / 255
    gray = xp.floor(gray + 0.5)
    return gray.astype(np.uint8) if isinstance(gray, np.ndarray) else gray


def _opencv_gray(red: Array, green: Array, blue: Array) -> tuple[Array]:
    """OpenCV's BGR2GRAY on float32: g, b, r in this order, each product fused with its addition.

    Equal to OpenCV on all 256^3 colours; another order or plain float64 rounds hundreds of them to another level.
    float64 holds the products of two float32 exactly, so rounding each sum to float32 is a fused operation.
    """
    of_red, of_green, of_blue = OPENCV
    return (single(red * of_red + single(blue * of_blue + single(green * of_green))),)
