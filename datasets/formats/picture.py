"""What a file turned out to be: its header, and its pixels as they are stored."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Kind = Literal["uint", "int", "float"]
_LIMIT, _MOST_PIXELS = "FUSIONBENCH_MAX_PIXELS", 1 << 28  # 16384x16384; a damaged header claims any size
_LARGE, _PIXELS_OF_A_BYTE = 1 << 25, 1 << 16  # no large picture is packed that tightly, unless it shows nothing


class UnreadError(ValueError):
    """Why a file is not read."""


class DamagedError(UnreadError):
    """A file that was an image, or claims to be one, and is not whole."""

    def __init__(self, what: object = "") -> None:
        super().__init__("the file is truncated or damaged" + (f" ({what})" if str(what) else ""))


class TooLargeError(UnreadError):
    """An image of more pixels than are read."""

    def __init__(self, pixels: int, size: str = "") -> None:
        super().__init__(
            f"its header claims {size or pixels} pixels, and no more than {most_pixels()} are read: if the file is "
            f"whole, set {_LIMIT}={pixels} in the environment"
        )


@dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    Attributes
    ----------
    height, width : in pixels, as `read` returns them (EXIF orientation applied).
    channels : colour channels in the file, 1 or 3 (alpha is not counted, a palette counts as 3). An RGB file may
        still be gray: only its pixels tell.
    bits : per channel: 1, 2, 4, 8, 10, 12, 14, 16, 32 or 64.
    format : "PNG", "JPEG", "TIFF", ...
    kind : of the values: "uint", "int" or "float".
    alpha : whether there is a further channel beside the colours.
    pages : how many pictures the file holds; the first one is read.
    orientation : of EXIF, 1 to 8; it is applied.
    """

    height: int
    width: int
    channels: int
    bits: int
    format: str
    kind: Kind = "uint"
    alpha: bool = False
    pages: int = 1
    orientation: int = 1

    @property
    def deep(self) -> bool:
        """Whether the values are not the 0 to 255 of 8 bits, so that a rule has to bring them there."""
        return self.bits > 8 or self.kind != "uint"

    @property
    def values(self) -> str:
        """The values in words: "16 bit", "32 bit floating-point"."""
        return f"{self.bits} bit" + {"uint": "", "int": " signed", "float": " floating-point"}[self.kind]


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded file.

    Attributes
    ----------
    header : what it is.
    pixels : (H, W) if it is gray, also where three equal channels are stored, else RGB (H, W, 3); uint8, uint16,
        or the type of the file, where that is deeper or has a sign.
    maximum : what white is: 255, 65535, 4095 where the file says so; None where the values have no known range.
    alpha : (H, W), the further channel, where it was asked for and there is one.
    """

    header: Header
    pixels: Image
    maximum: int | None
    alpha: Image | None = None


def most_pixels() -> int:
    """Say how many pixels an image may have: FUSIONBENCH_MAX_PIXELS, or else 2**28.

    Raises
    ------
    UnreadError
        The environment has something else there than a number.
    """
    text = os.environ.get(_LIMIT, "") or str(_MOST_PIXELS)
    if not text.isdecimal():
        raise UnreadError(f"{_LIMIT} in the environment is the most pixels of an image, not {text!r}: mend it there")
    return int(text)


def with_checked_size(header: Header, size_of_file: int | None = None) -> Header:
    """Return the header, if a picture of its size can be, and is to be read.

    Parameters
    ----------
    size_of_file : in bytes; None where it is checked elsewhere that they suffice.

    Raises
    ------
    DamagedError, TooLargeError
        It has no pixels, or more than its file can hold; or more than the limit.
    """
    pixels = header.height * header.width
    if header.height < 1 or header.width < 1:
        raise DamagedError(f"its size is {header.height}x{header.width}")
    if pixels > most_pixels():
        raise TooLargeError(pixels, f"{header.height}x{header.width}")
    if size_of_file is not None and pixels > max(size_of_file * _PIXELS_OF_A_BYTE, _LARGE):
        raise DamagedError(f"it holds {size_of_file} bytes for {header.height}x{header.width} pixels")
    return header


def make_picture(header: Header, pixels: Image, maximum: int | None, alpha: Image | None = None) -> Picture:
    """Make the picture of decoded pixels, and refuse those that are no numbers."""
    if header.kind == "float":
        bad = pixels.size - int(np.isfinite(pixels).sum())
        if bad:
            raise UnreadError(
                f"NaN or infinity stands in {bad} of its {pixels.size} values: write a number there, "
                "as the smallest or largest that the sensor gives"
            )
    return Picture(header, without_equal_channels(pixels), maximum, alpha)


def without_equal_channels(pixels: Image) -> Image:
    """Return the one channel of an image whose three are equal, and any other image as it is."""
    if pixels.ndim == 2 or is_coloured(pixels[:1]):  # the first row settles it for nearly every colour image
        return pixels
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)
    return pixels


def is_coloured(pixels: Image) -> bool:
    """Whether channels of (H, W, 3) differ anywhere."""
    first = pixels[..., :1]
    return bool((pixels != first).any())


def turn_upright(pixels: Image, orientation: int) -> Image:
    """Turn an image (H, W) or (H, W, 3) as EXIF orientation 1 to 8 says."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
