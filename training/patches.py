"""Random patches of image pairs, each a pure function of the seed and its place, so that a run can be repeated.

Nothing here keeps a random state: a resumed run, another number of workers or devices draw the same patches.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from ..datasets.images import UnreadableImageError
from ..errors import InputError

Images = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Content = TypeVar("Content", bound=tuple[NDArray[Any], ...])
CACHE_BYTES = 1 << 30  # of decoded images kept in memory


@dataclass(frozen=True, eq=False)
class TrainingPair(Generic[Content]):
    """A pair to learn from.

    Attributes
    ----------
    name : "data set/pair".
    task : "IVF", "MIF", "MEF" or "MFF".
    read : gives its arrays, for `Patches` the sources: (H, W) or (H, W, 3), uint8, of equal size. It gets a random
        generator, for pairs that are made up on the way.
    fixed : whether `read` gives the same images every time, which may then be kept.
    number : place in its data set; with the seed it determines what is drawn, whichever other pairs take part.
    scenes : what it shows: keys of its files, and a scene's where it is known. Pairs with a key in common are learnt
        from, or held out, together (`scenes.hold_out`); without any, a pair stands alone with its name.
    spare : whether, where it turns out that it cannot be read, the next pair of its task may take its place.
    """

    name: str
    task: str
    read: Callable[[np.random.Generator], Content]
    fixed: bool = True
    number: int = 0
    scenes: tuple[str, ...] = ()
    spare: bool = False


class Memory(Generic[Content]):
    """The arrays of pairs, kept while there is room; what comes after is read again each time."""

    def __init__(self, pairs: Sequence[TrainingPair[Content]]) -> None:
        self.pairs = list(pairs)
        self._content: dict[int, Content] = {}
        self._bytes = 0

    def read(self, place: int, draw: np.random.Generator) -> Content:
        """Return what the pair in a place gives; one that cannot be read and is spare, the next of its task."""
        task = self.pairs[place].task
        for step in range(len(self.pairs)):
            other = (place + step) % len(self.pairs)
            if self.pairs[other].task == task:
                try:
                    return self._read(other, draw)
                except UnreadableImageError as error:
                    if not self.pairs[other].spare:
                        raise
                    warnings.warn(f"{error}; another one takes its place", stacklevel=2)
        raise InputError(f"none of the pairs for {task} can be read")

    def _read(self, place: int, draw: np.random.Generator) -> Content:
        if place in self._content:
            return self._content[place]
        content = self.pairs[place].read(draw)
        size = sum(array.nbytes for array in content)
        if self.pairs[place].fixed and self._bytes + size < CACHE_BYTES:
            self._content[place] = content
            self._bytes += size
        return content


class Patches(Dataset[dict[str, Any]]):
    """Patches of pairs: `count` from each pair in an epoch.

    Parameters
    ----------
    pairs : what to cut from.
    size : side of a patch in pixels.
    seed : of every draw.
    count : patches of each pair.
    fixed : draw the same patches in every epoch.
    flips : turn each patch into one of its eight mirror images and rotations; fixed patches keep their `key`.

    Examples
    --------
    >>> black = np.zeros((70, 80), np.uint8)
    >>> patches = Patches([TrainingPair("a", "IVF", lambda rng: (black, black))], size=64, seed=0)
    >>> patches[0]["first"].shape
    torch.Size([1, 64, 64])
    """

    def __init__(
        self, pairs: Sequence[TrainingPair[Images]], size: int, seed: int, count: int = 1, fixed: bool = False,
        flips: bool = False,
    ) -> None:  # fmt: skip
        self.pairs, self.size, self.seed = list(pairs), size, seed
        self._memory = Memory(pairs)
        self.count, self.fixed, self.flips = count, fixed, flips
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.pairs) * self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Cut one patch.

        Returns
        -------
        `first`, `second`: (1, size, size) float32 in [0, 1], of sources a and b; `name`, `task`; `index`; for RGB
        sources, one channel, drawn at random.

        Raises
        ------
        InputError
            The pair is smaller than a patch.
        """
        place, copy = index % len(self.pairs), index // len(self.pairs)
        pair = self.pairs[place]
        draw = np.random.default_rng([self.seed, 0 if self.fixed else self.epoch + 1, pair.number, copy])
        a, b = self._images(place, draw)
        top, left = self._corner(pair, a.shape, draw)
        window = (slice(top, top + self.size), slice(left, left + self.size))
        first, second = (_plane(image[window], draw) for image in (a, b))
        if self.flips:
            turn = np.random.default_rng([self.seed, self.epoch + 1, pair.number, copy, 1]).integers(8)
            first, second = (mirrored(plane, int(turn)) for plane in (first, second))
        return {
            "first": _tensor(first), "second": _tensor(second), "name": pair.name, "task": pair.task, "index": index,
        }  # fmt: skip

    def check(self) -> None:
        """Raise InputError for the first pair that cannot be read or is smaller than a patch.

        Pairs that are made up on the way are not: there may be a hundred thousand, and they are not kept.
        """
        for place, pair in enumerate(self.pairs):
            if not pair.fixed:
                continue
            draw = np.random.default_rng(0)
            self._corner(pair, self._images(place, draw)[0].shape, draw)

    def _images(self, place: int, draw: np.random.Generator) -> Images:
        a, b = self._memory.read(place, draw)
        if a.shape[:2] != b.shape[:2]:
            name = self.pairs[place].name
            raise InputError(f"the sources of pair {name!r} differ in size: {a.shape[:2]} and {b.shape[:2]}")
        return a, b

    def _corner(self, pair: TrainingPair[Images], shape: tuple[int, ...], draw: np.random.Generator) -> tuple[int, int]:
        height, width = shape[:2]
        if min(height, width) < self.size:
            raise InputError(
                f"pair {pair.name!r} is {height}x{width}, smaller than a patch of {self.size}x{self.size}: "
                "choose a smaller patch, or leave the pair out"
            )
        return int(draw.integers(height - self.size + 1)), int(draw.integers(width - self.size + 1))


def mirrored(plane: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """Return one of the eight mirror images and rotations; 0 is the plane itself."""
    if turn & 1:
        plane = plane[::-1]
    if turn & 2:
        plane = plane[:, ::-1]
    return plane.T if turn & 4 else plane


def _plane(image: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
    return image if image.ndim == 2 else image[..., int(draw.integers(3))]


def _tensor(plane: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(plane)).float()[None] / 255
