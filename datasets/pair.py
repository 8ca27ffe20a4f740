"""A pair of sources: the unit that data sets give and methods fuse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["IVF", "MIF", "MEF", "MFF"]  # infrared-visible, medical, multi-exposure, multi-focus
Colour = Literal["none", "a", "b", "both"]
Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
Source = Path | NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sources of one scene.

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
    """

    name: str
    a: Source
    b: Source
    task: Task
    colour: Colour = "none"
    truth: Source | None = None
    text: str | Path | None = None
    scene: str | None = None
