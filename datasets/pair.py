"""A pair of sources, or a longer sequence of them: the unit that data sets give and methods fuse."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["IVF", "MIF", "MEF", "MFF"]  # infrared-visible, medical, multi-exposure, multi-focus
Colour = Literal["none", "a", "b", "both"]
Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
Source = Path | NDArray[np.generic]
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029]")  # what breaks a line, or steers a terminal


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sources of one scene, or more.

    Attributes
    ----------
    name : unique within its data set; the stem of the files.
    a, b : a file, or an array (H, W) or RGB (H, W, 3), uint8, or uint16 at full range.
    task : the fusion task.
    colour : which of the sources carries colour.
    truth : the ideal fused image, where there is one.
    text : a description of the pair, or a file with one.
    scene : what it shows, where several pairs show the same: a network never learns from one of them and is measured on
        another while it is trained. Pairs that share a file need not say it.
    further : the sources after a and b, in their order, where a scene has more than two: exposures, focus distances.
    """

    name: str
    a: Source
    b: Source
    task: Task
    colour: Colour = "none"
    truth: Source | None = None
    text: str | Path | None = None
    scene: str | None = None
    further: tuple[Source, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """All sources in their order: a, b, and the further ones."""
        return (self.a, self.b, *self.further)

    def absolute(self) -> Pair:
        """Write out the paths, so that they stay right in whichever folder they are used."""
        paths: dict[str, Any] = {
            name: value.absolute() for name, value in vars(self).items() if isinstance(value, Path)
        }
        further = tuple(source.absolute() if isinstance(source, Path) else source for source in self.further)
        return replace(self, **paths, further=further)

    def of_side(self, side: Side) -> tuple[Source, ...]:
        """Give the sources that are read by the rules of a side: a; or b, which the further ones follow."""
        return (self.a,) if side == "a" else (self.b, *self.further)


def printable(name: str) -> str:
    r"""Return a name as it can be written in a line: control characters, and bytes that are no UTF-8, are escaped.

    Examples
    --------
    >>> print(printable("one\ntwo"))
    one\ntwo
    """
    escaped = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), name)
    return escaped.encode("utf-8", "backslashreplace").decode()
