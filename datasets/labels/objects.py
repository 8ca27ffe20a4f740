"""The objects of one annotation file on their way to `Boxes`, each checked, and named where it is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..annotations import in_words_of_coco
from ..dataset import SizePolicy
from .records import Boxes

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Frame:
    """The size at which a pair is read, and those of its sources.

    Attributes
    ----------
    size : as `FusionDataset.read` gives it.
    sources : the sizes of the files.
    policy : what is done where these differ.
    """

    size: Size
    sources: tuple[Size, ...]
    policy: SizePolicy = "error"

    def scale(self, told: Size, place: object) -> tuple[float, float]:
        """Say by what x and y of labels are multiplied that are of an image of this size.

        Raises
        ------
        InputError
            It is the size of neither source.
        """
        if told == self.size or (told in self.sources and self.policy == "crop"):
            return 1.0, 1.0
        if told in self.sources and self.policy == "resize":
            return self.size[1] / told[1], self.size[0] / told[0]
        (height, width), (high, wide) = told, self.size
        raise InputError(f"{place} is of an image of {height}x{width}, and the pair's has {high}x{wide}")


@dataclass
class Objects:
    """The objects of one image.

    Attributes
    ----------
    path : the file that they stand in, for sentences.
    places : the place of each class, by its name in COCO's words; None for one that is not scored.
    frame : of the pair.
    told : the size of the image that the file is of; that at which the pair is read by default.
    """

    path: Path
    places: Mapping[str, int | None]
    frame: Frame
    told: Size | None = None
    _rows: list[tuple[list[float], int, bool, bool]] = field(default_factory=list)

    def add(self, what: str, name: str, corners: Sequence[float], crowd: bool = False, ignored: bool = False) -> None:
        """Take an object.

        A box that reaches over the border of the image stays as it is, as COCO's code leaves it, so that measures are
        those of other tools. One that lies outside altogether is a mistake.

        Parameters
        ----------
        what : how the object is named where it is wrong: "object 3", "line 5".
        name : of its class.
        corners : left, top, right, bottom in pixels of the image that the file is of.

        Raises
        ------
        InputError
            There is no such class, or the box is not possible.
        """
        place = self._place(what, name)
        corners = [float(corner) for corner in corners]
        if not all(map(math.isfinite, corners)):
            raise self.error(what, "has a corner that is no finite number")
        left, top, right, bottom = corners
        if right <= left or bottom <= top:
            ends = f"from {left:g} to {right:g}, and from {top:g} to {bottom:g}"
            raise self.error(
                what, f"has its right not beyond its left, or its bottom not below its top: it goes {ends}"
            )
        height, width = self.told or self.frame.size
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            box = f"({left:g}, {top:g}, {right:g}, {bottom:g})"
            raise self.error(what, f"lies outside the image of {height}x{width}: {box}")
        if place is not None:
            self._rows.append((corners, place, crowd, ignored))

    def _place(self, what: str, name: str) -> int | None:
        word = in_words_of_coco(name)
        if word not in self.places:
            known = ", ".join(self.places)
            raise self.error(what, f"is of the class {name[:40]!r}, which is none of {known}")
        return self.places[word]

    def error(self, what: str, wrong: str) -> InputError:
        """Build the error of an object."""
        return InputError(f"{self.path}: {what} {wrong}")

    def boxes(self) -> Boxes:
        """Give what was taken, in pixels of the image as it is read."""
        corners = np.array([row[0] for row in self._rows], np.float64).reshape(-1, 4)
        corners *= np.tile(self.frame.scale(self.told, self.path) if self.told else (1.0, 1.0), 2)
        flags = np.array([row[2:] for row in self._rows], bool).reshape(-1, 2)
        classes = np.array([row[1] for row in self._rows], np.int64)
        kept = np.ones(len(corners), bool)
        if self.told and self.told != self.frame.size and self.frame.policy == "crop":  # what was cut off is not there
            height, width = self.frame.size
            corners = np.clip(corners, 0, [width, height, width, height])
            kept = (corners[:, 0] < corners[:, 2]) & (corners[:, 1] < corners[:, 3])
        return Boxes(corners[kept], classes[kept], flags[kept, 0], flags[kept, 1])
