"""The images that a metric sees, and a memory for what several metrics share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from .filters import histogram, rounded
from .types import Array, Namespace, namespace

P = ParamSpec("P")
T = TypeVar("T")


class Image:
    """A batch of one-channel images and what has been derived from it.

    Parameters
    ----------
    pixels : (N, H, W) array or tensor, float64 or uint8, 0..255.
    kept : whether other images are compared with it later, so that maps of it alone are worth their memory.
    """

    def __init__(self, pixels: Array, kept: bool = False) -> None:
        self.pixels, self.kept = pixels, kept
        self.memo: dict[Hashable, Any] = {}

    @property
    def whole(self) -> bool:
        """Whether the pixels are 8-bit integers."""
        return bool(self.pixels.dtype == self.xp.uint8)

    @cached_property
    def data(self) -> Array:
        """The pixels as float64."""
        return self.xp.astype(self.pixels, self.xp.float64) if self.whole else self.pixels

    @cached_property
    def xp(self) -> Namespace:
        """The array namespace (NumPy's or torch's, with the names of the array API standard)."""
        return namespace(self.pixels)

    @cached_property
    def levels(self) -> Array:
        """The grey levels as uint8: rounded (half to even) and clipped to 0..255."""
        return self.pixels if self.whole else rounded(self.data)

    @cached_property
    def counts(self) -> Array:
        """How often each of the 256 levels is there: (N, 256) float64."""
        return histogram(self.levels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[-2], self.pixels.shape[-1]


def feature(function: Callable[Concatenate[Image, P], T]) -> Callable[Concatenate[Image, P], T]:
    """Remember the value of `function(image, ...)` on its first image.

    What belongs to a source alone thus survives from one fused image to the next. In a feature of two images
    put the one that lives shorter (the fused one) first. Further arguments must be hashable.
    """

    @wraps(function)
    def recall(image: Image, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in image.memo:
            image.memo[key] = function(image, *args, **kwargs)
        value: T = image.memo[key]
        return value

    return recall


class Triple:
    """A fused image and its two sources, as batches of equal shape.

    Parameters
    ----------
    fused, a, b : images of shape (N, H, W). `a` and `b` may be shared with other triples: their features are kept.
    further : the sources after these, for metrics of `Metric.any_number`.
    """

    def __init__(self, fused: Image, a: Image, b: Image, *further: Image) -> None:
        self.fused, self.a, self.b, self.further = fused, a, b, further

    @property
    def sources(self) -> tuple[Image, Image]:
        """Both sources, a first."""
        return self.a, self.b

    @property
    def kept(self) -> bool:
        """Whether the two sources serve other fused images as well."""
        return self.a.kept and self.b.kept

    @property
    def xp(self) -> Namespace:
        """The array namespace of the three images."""
        return self.fused.xp
