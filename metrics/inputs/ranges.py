"""What the numbers of an image mean: 0..255, or the range that `data_range` says."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import isfinite, isnan
from numbers import Real
from typing import Any, TypeGuard

import numpy as np

from ...errors import InputError
from ..arrays.filters import rounded
from ..arrays.pixelwise import summed
from ..arrays.types import Array, is_tensor, namespace
from .axes import by_name
from .kinds import is_bool, is_uint8

Range = tuple[float, float]  # the numbers of black and of white
DataRange = float | Range | Mapping[str, float | Range | None] | Sequence[float | Range | None]
LEVELS = (0.0, 255.0)
UNIT = 2.0  # fractions up to here are an image in 0..1, perhaps with an overshoot: none in 0..255 is that dark
FAINT = 32  # an image that is so many times darker than its brightest partner may have another unit
SLIGHT, FAR = 0.01, 0.5  # of a stated range: what lies outside by less is clipped without a word; by more, refused


class RangeWarning(UserWarning):
    """The numbers of an image may mean something else than what they were taken for."""


class Extent:
    """What numbers one image holds; they are looked at when somebody asks.

    Parameters
    ----------
    what : how an error calls the image.
    pixels : (C, H, W).
    stated : what `data_range` says.
    """

    def __init__(self, what: str, pixels: Array, stated: Range | None = None) -> None:
        self.what, self.pixels, self.stated = what, pixels, stated

    @cached_property
    def low(self) -> float:
        """The smallest number."""
        return float(namespace(self.pixels).min(self.pixels))

    @cached_property
    def high(self) -> float:
        """The largest number."""
        return float(namespace(self.pixels).max(self.pixels))

    @property
    def peak(self) -> float:
        """The largest number in 0..255."""
        black, white = self.stated or LEVELS
        return (self.high - black) / (white - black) * 255

    @cached_property
    def whole(self) -> bool:
        """Whether there are no fractions."""
        xp = namespace(self.pixels)
        return not (xp.isdtype(self.pixels.dtype, "real floating") and xp.any(self.pixels != xp.round(self.pixels)))

    @property
    def is_mask(self) -> bool:
        """Whether the numbers are 0 and 1."""
        row = self.pixels[0, self.pixels.shape[1] // 2]
        if float(namespace(row).max(row)) > 1:  # it tells most images apart
            return False
        return self.low == 0 and self.high == 1 and self.whole

    def is_faint(self, partners: Iterable[Extent]) -> bool:
        """Whether the numbers may mean something else, beside those of the partners."""
        if self.stated:
            dark = self.stated != LEVELS and self.peak * FAINT <= max(one.peak for one in partners)
            return dark and self.low < self.high
        if is_uint8(self.pixels) and not self.is_mask:
            return False
        dark = self.high * FAINT <= LEVELS[1] and self.high * FAINT <= max(one.peak for one in partners)
        return dark and (self.is_mask or not self.whole)

    def __str__(self) -> str:
        return f"{self.what} holds {self.low:g} to {self.high:g}"


def stated_ranges(data_range: DataRange | None, names: tuple[str, ...]) -> dict[str, Range | None]:
    """Read `data_range`: a number (white; black is 0), a pair (black, white), or one of these for each image."""
    ranges = by_name(data_range, names, "data_range", is_common)
    return {name: None if one is None else _range(one) for name, one in ranges.items()}


def is_common(data_range: Any) -> bool:
    """Tell whether one range is said for all images."""
    return _is_number(data_range) or (
        isinstance(data_range, Sequence) and len(data_range) == 2 and all(_is_number(x) for x in data_range)
    )


def _is_number(x: Any) -> TypeGuard[float]:
    return isinstance(x, Real) and not isinstance(x, bool)


def _range(one: Any) -> Range:
    if is_common(one):
        black, white = (0.0, float(one)) if _is_number(one) else (float(x) for x in one)
        if isfinite(black) and isfinite(white) and black < white:
            return black, white
    raise InputError(f"data_range says {one!r}: give the number of white, such as 1, 255 or 65535, or (black, white)")


def extents(x: Array, what: str, stated: Range | None) -> list[Extent]:
    """Look at the numbers of each image of (N, C, H, W)."""
    if not is_tensor(x):
        return [Extent(what if len(x) == 1 else f"{what}[{i}]", image, stated) for i, image in enumerate(x)]
    import torch

    x = x.detach()
    if not is_uint8(x):
        x = x.to(torch.float64)  # min and max are not there for every type
    ends = torch.stack([f(x, dim=(1, 2, 3)) for f in (torch.amin, torch.amax)]).T.tolist()  # asks a GPU once
    sides = []
    for i, (low, high) in enumerate(ends):
        one = Extent(what if len(ends) == 1 else f"{what}[{i}]", x[i], stated)
        one.__dict__.update(low=low, high=high)
        sides.append(one)
    return sides


def scaled(x: Array, own: Sequence[Extent], beside: Sequence[Extent]) -> Array:
    """Bring planes to 0..255: uint8 stays, everything else becomes float64.

    Parameters
    ----------
    x : (N, C, H, W).
    own : its extents.
    beside : those of the partners, for the words of an error.

    Raises
    ------
    InputError
        where the numbers do not fit what was said, or 0..255 where nothing was.
    """
    stated = own[0].stated
    if stated is None:
        if is_bool(x):
            raise InputError(
                f"{own[0].what} has type bool: give uint8, or real numbers in 0..255; where True is white, say "
                "data_range=1"
            )
        if is_uint8(x):
            return x
        xp = namespace(x)
        for one in own:
            _check(one, beside, xp.isdtype(x.dtype, "integral"))
        return xp.astype(x, xp.float64, copy=False)
    for one in own:
        _check_stated(one, stated)
    return x if is_uint8(x) and stated == LEVELS else _levels(x, stated)


def as_levels(x: Array) -> Array:
    """Make uint8 of an array (N, C, H, W) of whole numbers in 0..255: the same values, looked at and scored faster.

    Tensors, truth values and all else stay as they are.
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "iuf" or x.dtype == np.uint8:
        return x
    row = x[0, 0, x.shape[2] // 2]
    if (row != np.rint(row)).any():  # it tells most others apart
        return x
    planes = x.reshape(-1, *x.shape[2:]).astype(np.float64, copy=False)
    levels = np.asarray(rounded(planes))
    same = not np.asarray(summed(_distance, planes, levels)).any()
    return levels.reshape(x.shape) if same else x


def _distance(x: Array, y: Array) -> Array:
    return abs(x - y)


def _levels(x: Array, stated: Range) -> Array:
    """Bring numbers of a range to 0..255, clipped there."""
    xp, (black, white) = namespace(x), stated
    x = xp.astype(x, xp.float64, copy=False)
    if stated != LEVELS:
        x = (x - black) * 255 / (white - black)
    return x.clamp(0, 255) if is_tensor(x) else np.clip(np.asarray(x), 0, 255)


def _check(one: Extent, beside: Sequence[Extent], integral: bool) -> None:
    """Refuse numbers that are not in 0..255, where nothing is said about them."""
    others = f" ({', '.join(map(str, beside))})" if beside else ""
    if isnan(one.low) or isnan(one.high):
        raise InputError(f"{one.what} holds NaN: images are scored in 0..255{others}, and metrics need every pixel")
    if one.low < 0 or one.high > 255:
        raise InputError(
            f"{one.what} holds values from {one.low:g} to {one.high:g}: images are scored in 0..255{others}; "
            f"{_advice(one, integral)}"
        )
    if one.high <= UNIT and not one.whole:
        raise InputError(
            f"{one.what} holds fractions from {one.low:g} to {one.high:g}{others}: multiply images in 0..1 by 255, or "
            "say data_range=1 (data_range=255 where an image is that dark)"
        )


def _check_stated(one: Extent, stated: Range) -> None:
    """Compare numbers with what is said about them; raises InputError where they are something else."""
    black, white = stated
    if isnan(one.low) or isnan(one.high):
        raise InputError(f"{one.what} holds NaN: metrics need every pixel")
    outside = max(black - one.low, one.high - white) / (white - black)
    fact = f"{one.what} holds values from {one.low:g} to {one.high:g}"
    if outside > FAR:
        raise InputError(
            f"{fact}, far outside data_range {black:g}..{white:g}: say what they mean, by name where images differ, "
            "data_range={'fused': 1, 'a': 255, 'b': 255}"
        )
    if outside > SLIGHT:
        warn(f"{fact}, outside data_range {black:g}..{white:g}: they are clipped")


def _advice(one: Extent, integral: bool) -> str:
    """Say what numbers outside 0..255 may mean, and how to say so."""
    if not isfinite(one.low) or not isfinite(one.high):
        return "mend those pixels first"
    if one.high <= UNIT and one.low >= -UNIT:
        return "say what black and white are, data_range=1 for images in 0..1, (-1, 1) for -1..1"
    if not integral and one.low >= -255 * FAR and 255 * FAR <= one.high <= 255 * (1 + FAR):
        return "say data_range=255, and they are clipped"
    if one.low >= 0 and one.high <= 65535:
        return "say what white is, data_range=65535 for 16 bit"
    return "say what black and white are, data_range=(black, white)"


def warn_of_faint(sides: Sequence[Sequence[Extent]]) -> None:
    """Warn of images whose numbers do not fit their partners'.

    A dark image is one whose brightest pixel is 32 times darker than the brightest of the three. It may be right; but
    fractions in a dark image are those of another unit more often than not, and 0 and 1 those of a mask. Where a range
    was stated, it makes the image that dark.

    Parameters
    ----------
    sides : extents of fused, a and b, as many of each.
    """
    triples = list(zip(*sides, strict=True))
    for side in range(len(sides)):
        faint = [three for three in triples if three[side].is_faint(three)]
        if faint:
            one, others = faint[0][side], (x for x in faint[0] if x is not faint[0][side])
            more = f" (and {len(faint) - 1} more)" if len(faint) > 1 else ""
            side_name = one.what.partition("[")[0]
            doubt = f"all are scored as 0..255; if that is right, say data_range=255 for {side_name}, else what it is"
            if one.stated:
                doubt = f"data_range {one.stated[0]:g}..{one.stated[1]:g} makes {side_name} nearly black beside them"
            warn(f"{one}{more}, {', '.join(map(str, others))}: {doubt}")


def warn(text: str) -> None:
    """Warn at the line of the user that called."""
    package, depth = __name__.removesuffix(".inputs.ranges"), 1
    frame = sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(package):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(text, RangeWarning, stacklevel=depth)
