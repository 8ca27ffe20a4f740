"""What measures become when the images are drawn anew: kept, so that rows can be compared without their images."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .records import Record

_FORM = "<f4"  # six digits of a measure; a draw says less than that


@dataclass(kw_only=True)
class Draws(Record):
    """The measures of a row for each of many draws of its images, with replacement: the same draws for every row.

    Attributes
    ----------
    images : a hash of the images' names. Rows compare draw by draw where it and `count` are the same.
    count : how many draws there are.
    values : by measure, base64 of `count` little-endian float32; NaN where a measure is not defined.
    """

    images: str
    count: int
    values: dict[str, str]

    def __post_init__(self) -> None:
        """Check that every measure has as many values; `ValueError` says which has not."""
        for name in self.values:
            if len(self._bytes(name)) != 4 * self.count:
                raise ValueError(f"its draws of {name!r} are not {self.count} numbers")

    @classmethod
    def of(cls, images: Sequence[str], values: Mapping[str, NDArray[np.float64]]) -> Self:
        """Keep the draws of images with these names, in any order; shape (count,) for each measure."""
        packed = {
            name: base64.b64encode(np.asarray(each).astype(_FORM).tobytes()).decode() for name, each in values.items()
        }
        return cls(
            images=hashlib.sha256("\n".join(sorted(images)).encode()).hexdigest()[:16],
            count=len(next(iter(values.values()))),
            values=packed,
        )

    def of_measure(self, name: str) -> NDArray[np.float64] | None:
        """Return the draws of a measure, shape (count,); None where there are none of it."""
        return np.frombuffer(self._bytes(name), _FORM).astype(np.float64) if name in self.values else None

    def drawn_as(self, other: Self) -> bool:
        """Whether both are of the same draws of the same images."""
        return (self.images, self.count) == (other.images, other.count)

    def _bytes(self, name: str) -> bytes:
        try:
            return base64.b64decode(self.values[name], validate=True)
        except (binascii.Error, ValueError):  # the latter for text that is not ASCII
            raise ValueError(f"its draws of {name!r} are damaged") from None
