"""A pair of sources, or a longer sequence of them: the unit that data sets give and methods fuse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["IVF", "MIF", "MEF", "MFF"]  # infrared-visible, medical, multi-exposure, multi-focus
Colour = Literal["none", "a", "b", "both"]
Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
Source = Path | NDArray[np.generic]


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
            name: value.absolute()
            for name in ("a", "b", "truth", "text")
            if isinstance(value := getattr(self, name), Path)
        }
        further = tuple(source.absolute() if isinstance(source, Path) else source for source in self.further)
        return replace(self, **paths, further=further)

    def of_side(self, side: Side) -> tuple[Source, ...]:
        """Give the sources that are read by the rules of a side: a; or b, which the further ones follow."""
        return (self.a,) if side == "a" else (self.b, *self.further)


class _Place:
    """A field of a pair that is an array or a file; of a file the folder and the name are kept, its path is made anew.

    A path takes five times as much, and there may be hundreds of thousands of them; their folders are shared.
    """

    def __init__(self, name: str) -> None:
        self._name, self._folder = f"_{name}", f"_folder_of_{name}"

    def __get__(self, pair: Pair, kind: type) -> Source | None:
        value: Source | str | None = getattr(pair, self._name)
        return getattr(pair, self._folder) / value if isinstance(value, str) else value

    def __set__(self, pair: Pair, value: Source | None) -> None:
        if isinstance(value, _PATH):
            object.__setattr__(pair, self._folder, _shared(value.parent))
        object.__setattr__(pair, self._name, value.name if isinstance(value, _PATH) else value)


@lru_cache(maxsize=1024)
def _shared(folder: Path) -> Path:
    return folder


_PATH = type(Path())
for _field in ("a", "b", "truth"):
    setattr(Pair, _field, _Place(_field))
