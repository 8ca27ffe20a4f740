"""Large images in tiles that overlap, for networks whose pixels see a bounded part of the image: exact, in less memory.

A tile is read with a margin of the network's radius wherever the image goes on, and the margin of what comes out is cut
off: the border that the network makes up at a false edge reaches no pixel that is kept, and true borders are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Tile = int | Literal["auto"] | None  # a side in pixels, "auto", or None for the whole image at once
LEAST = 64  # pixels of a side; smaller tiles are all margin
LARGE = 1 << 21  # pixels of an image that "auto" fuses in tiles: more than 1080p has
SIDE = 1024  # of these tiles, about
_STEP = 8  # tiles begin at its multiples, as do blocks of fast convolutions: the same sums, so mostly the same bits

Part = tuple[slice, slice]
Floats = NDArray[np.float32]


def regions(height: int, width: int, pixels: int, margin: int, step: int = 1) -> Iterator[tuple[Part, Part, Part]]:
    """Cut an image into regions of about `pixels` pixels, that begin at multiples of `step`.

    Yields
    ------
    What to read (with the margin, where the image goes on), what of it to keep, and where that belongs in the image.
    """
    count = ceil(height * width / pixels)
    down = max(1, round((count * height / width) ** 0.5))
    for top, bottom in _cuts(height, down, margin, step):
        for left, right in _cuts(width, ceil(count / down), margin, step):
            y, x = (max(0, start - ceil(margin / step) * step) for start in (top, left))
            read = slice(y, min(height, bottom + margin)), slice(x, min(width, right + margin))
            inner = slice(top - y, bottom - y), slice(left - x, right - x)
            yield read, inner, (slice(top, bottom), slice(left, right))


def _cuts(length: int, parts: int, margin: int, step: int) -> list[tuple[int, int]]:
    parts = max(1, min(parts, length // max(1, 2 * margin, step)))
    return list(pairwise([*(length * i // parts // step * step for i in range(parts)), length]))


def in_tiles(fuse: Callable[..., Floats], sources: Sequence[Floats], margin: int | None, tile: Tile) -> Floats:
    """Fuse sources, (…, H, W) of one height and width, in tiles where `tile` asks for them.

    Parameters
    ----------
    fuse : takes as many sources of any height and width, and returns (…, H, W) float32.
    margin : how many pixels away a pixel can still tell on the fused one; None where any can.
    tile : see `Tile`; "auto" takes tiles for images of more than `LARGE` pixels.
    """
    height, width = sources[0].shape[-2:]
    side = (SIDE if height * width > LARGE else None) if tile == "auto" else tile
    if margin is None or side is None or height * width <= side * side:
        return fuse(*sources)
    fused: Any = None
    for read, inner, place in regions(height, width, side * side, margin, _STEP):
        part = fuse(*(source[..., *read] for source in sources))[..., *inner]
        if fused is None:
            fused = np.empty((*part.shape[:-2], height, width), np.float32)
        fused[..., *place] = part
    whole: Floats = fused
    return whole


def check_tile(tile: Tile) -> None:
    """Make sure that tiles are of a size that makes sense.

    Raises
    ------
    InputError
        They are too small.
    """
    if isinstance(tile, int) and tile < LEAST:
        raise InputError(f"tile={tile} is too small: give {LEAST} pixels or more, auto, or none for the whole image")
