"""A loaded data set: a sequence of pairs that are known to be readable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .images import read
from .pair import Pair, Source, Task
from .spec import DatasetSpec

SizePolicy = Literal["error", "crop", "resize"]
Image = NDArray[Any]


@dataclass(frozen=True, eq=False)
class FusionDataset(Sequence[Pair]):
    """A sequence of pairs; index it with a number, a slice or a pair's name.

    Attributes
    ----------
    name : of the data set; of the folder, where it is not in the catalogue.
    task : the task of all pairs, or "mixed".
    split : "test", "train", ..., "all", or the name of the list of names that was given.
    label : the name, with the split where it is not the one taken by default: "RoadScene", "RoadScene-all".
    spec : the entry of the catalogue.
    root : the data set's folder.
    pairs : the pairs.
    size_policy : what `read` does where the sources differ in size. "error" says so; "crop" keeps the common part
        from the top left corner (sizes that should agree mostly differ by rows or columns lost at the far end, so
        pixels stay on each other); "resize" brings b to the size of a.
    skipped : name and reason of each pair that was left out (`on_error="skip"`).
    """

    name: str
    task: Task | Literal["mixed"]
    split: str
    spec: DatasetSpec
    root: Path
    pairs: tuple[Pair, ...]
    size_policy: SizePolicy = "error"
    skipped: Mapping[str, str] = field(default_factory=dict)
    default_split: str = "all"

    @property
    def label(self) -> str:  # noqa: D102 - an attribute, described with the others
        return self.name if self.split == self.default_split else f"{self.name}-{self.split}"

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    @overload
    def __getitem__(self, index: int | str) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | str | slice) -> Pair | Sequence[Pair]:
        if isinstance(index, str):
            for pair in self.pairs:
                if pair.name == index:
                    return pair
            raise KeyError(index)
        return self.pairs[index]

    def __repr__(self) -> str:
        return f"FusionDataset({self.name!r}, {self.task}, split={self.split!r}, {len(self)} pairs at {self.root})"

    def read(self, pair: Pair) -> tuple[Image, Image]:
        """Read the two sources of a pair, and apply the size policy.

        Returns
        -------
        a, b : uint8 or uint16 arrays of equal height and width, (H, W) or RGB (H, W, 3).

        Raises
        ------
        InputError
            If a file cannot be read, or the sizes differ and the policy is "error".
        """
        return read_pair(pair, self.size_policy)

    def read_truth(self, pair: Pair) -> Image | None:
        """Read the ideal fused image, at the size that `read` gives; None where there is none."""
        if pair.truth is None:
            return None
        truth = load_source(pair.truth)
        if self.size_policy == "error":
            return truth
        a, _ = self.read(pair)
        return fit(a, truth, self.size_policy, pair.name)[1]


def read_pair(pair: Pair, size_policy: SizePolicy = "error") -> tuple[Image, Image]:
    """Read the two sources of a pair; see `FusionDataset.read`."""
    return fit(load_source(pair.a), load_source(pair.b), size_policy, pair.name)


def load_source(source: Source) -> Image:
    """Read a source that is a file; pass on one that is an array."""
    return read(source) if isinstance(source, Path) else source


def fit(a: Image, b: Image, policy: SizePolicy, name: str) -> tuple[Image, Image]:
    """Bring two images to one size; see `FusionDataset.size_policy`."""
    if a.shape[:2] == b.shape[:2]:
        return a, b
    if policy == "crop":
        height, width = np.minimum(a.shape[:2], b.shape[:2])
        return a[:height, :width], b[:height, :width]
    if policy == "resize":
        return a, resized(b, a.shape[:2])
    raise InputError(f"the sources of {name} differ in size: {sizes(a.shape[:2], b.shape[:2])}")


def sizes(a: Sequence[int], b: Sequence[int]) -> str:
    """Say two sizes, given as (height, width), as people do."""
    return f"a is {a[1]}x{a[0]}, b is {b[1]}x{b[0]}; say what to do with --size-policy crop or resize"


def resized(image: Image, size: Sequence[int]) -> Image:
    """Bring an image to (height, width): by the area mean where it shrinks, else bilinearly."""
    import cv2

    shrinks = size[0] <= image.shape[0] and size[1] <= image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR  # the area mean is free of aliasing
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=method))
