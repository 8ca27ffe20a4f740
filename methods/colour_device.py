"""Colour of a batch on a device: what `colour` does in NumPy, to the last bit.

Each step is one operation of IEEE's float64, in the order of `colour`, and rounds as it does there. Numbers that are
divided by are tensors, since by a number of Python a card multiplies with the reciprocal.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..devices.transfer import Place
from .colour import BLUE, GREEN, NEUTRAL, RED
from .method import Image


def attach_all(
    place: Place, grays: Sequence[NDArray[np.uint8]], coloured: Sequence[Sequence[Image]]
) -> list[NDArray[np.uint8] | None]:
    """Attach the chroma of sources to the luminance of fused images: two copies there, and one back.

    Parameters
    ----------
    place : the way to the device.
    grays : (H, W) uint8, all of one size.
    coloured : for each of them the sources whose chroma it gets, RGB (H, W, 3) uint8; none where it stays gray.

    Returns
    -------
    RGB (H, W, 3) uint8 for each, None where it stays gray.
    """
    which = [i for i, sources in enumerate(coloured) if sources]
    results: list[NDArray[np.uint8] | None] = [None] * len(grays)
    if not which:
        return results
    images = place.put(np.stack([image for i in which for image in coloured[i]]))
    levels = place.put(np.stack([grays[i] for i in which]))
    rgb = torch.empty((*levels.shape, 3), dtype=torch.uint8, device=levels.device)
    remaining = iter(images)
    for own, level, i in zip(rgb, levels, which, strict=True):  # one by one, for float64 takes much memory
        own.copy_(_attach(level, _mix([_chroma(next(remaining)) for _ in coloured[i]])))
    for i, image in zip(which, place.get(rgb), strict=True):
        results[i] = image
    return results


def _chroma(image: Tensor) -> Tensor:
    """Return Cb and Cr (2, H, W) of an RGB image (H, W, 3), as `colour.chroma`."""
    red, green, blue = image.double().unbind(-1)
    y = RED * red + GREEN * green + BLUE * blue
    return torch.stack([(blue - y) / _number(2 - 2 * BLUE, y), (red - y) / _number(2 - 2 * RED, y)]) + NEUTRAL


def _mix(chromas: Sequence[Tensor]) -> Tensor:
    """Mix chromas as `colour.mix_chroma`; one is left as it is."""
    if len(chromas) == 1:
        return chromas[0]
    weights = [(each - NEUTRAL).abs() for each in chromas]
    total = reduce(torch.add, weights)
    mixed = reduce(torch.add, (each * weight for each, weight in zip(chromas, weights, strict=True)))
    return torch.where(total > 0, mixed / total, NEUTRAL)


def _attach(gray: Tensor, chroma: Tensor) -> Tensor:
    """Return RGB (H, W, 3) in whole numbers of a luminance (H, W) and a chroma (2, H, W), as `colour.attach`."""
    y = gray.double()[..., None]
    cb, cr = chroma - NEUTRAL
    red, blue = (2 - 2 * RED) * cr, (2 - 2 * BLUE) * cb
    tint = torch.stack([red, -(RED * red + BLUE * blue) / _number(GREEN, y), blue], dim=-1)
    room = torch.where(tint > 0, 255 - y, y) + 0.5
    ratio = torch.where(tint != 0, room / tint.abs(), 1.0)
    rgb = y + ratio.amin(dim=-1, keepdim=True).clamp(max=1) * tint
    return (rgb + 0.5).floor().clamp(0, 255)


def _number(value: float, like: Tensor) -> Any:
    return torch.tensor(value, dtype=like.dtype, device=like.device)
