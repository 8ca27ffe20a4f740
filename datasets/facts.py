"""What one source turned out to be: every pixel of it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import load_source
from .images import EXTENSIONS, read_picture
from .pair import Pair, Side
from .ranges import Ranges, refusal
from .remarks import Remark, remark_on

_SUFFIXES = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "TGA": (".tga",),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm", ".pam"),
    "PFM": (".pfm",),
}


@dataclass(frozen=True, eq=False)
class Facts:
    """What one source turned out to be.

    Attributes
    ----------
    size : (height, width).
    kind : "8 bit gray", "16 bit RGB", ...
    colour : whether its channels differ anywhere.
    format : "PNG", ...; "array".
    misnamed : whether its extension is that of another format.
    deep : whether it has values that a rule has to bring to 0..255.
    image : as a run reads it; None where the rule gives no range for it.
    remark : what is worth saying of it; None of an array.
    """

    size: tuple[int, int]
    kind: str
    colour: bool
    format: str
    misnamed: bool
    deep: bool
    image: NDArray[np.uint8] | None
    remark: Remark | None


def facts_of(pair: Pair, side: Side, ranges: Ranges, rgbt: bool = False) -> Facts:
    """Decode a source.

    Raises
    ------
    UnreadableImageError
        Its file cannot be decoded.
    """
    source: Any = getattr(pair, side)
    if not isinstance(source, Path):
        known = source.dtype in (np.uint8, np.uint16) or ranges[side].kind != "full"
        image = load_source(source, ranges[side]) if known else None
        kind, colour = f"{8 * source.dtype.itemsize} bit", source.ndim == 3
        deep = source.dtype != np.uint8
        return Facts((source.shape[0], source.shape[1]), kind, colour, "array", False, deep, image, None)
    picture, rule, thermal = read_picture(source, alpha=True), ranges[side], rgbt and side == "a"
    header = picture.header
    pixels = picture.alpha if thermal and picture.alpha is not None else picture.pixels
    return Facts(
        (header.height, header.width),
        f"{header.values} {'gray' if header.channels == 1 or thermal else 'RGB'}",
        pixels.ndim == 3,
        header.format,
        source.suffix.lower() not in _SUFFIXES.get(header.format, tuple(EXTENSIONS)),
        header.deep,
        None if refusal(header, rule) else rule.eight_bit(pixels, picture.maximum),
        remark_on(picture, source, rule, thermal, rgbt),
    )


def same(facts: dict[Side, Facts]) -> bool:
    """Whether both sources are the same image."""
    a, b = facts["a"].image, facts["b"].image
    return a is not None and b is not None and np.array_equal(a, b)
