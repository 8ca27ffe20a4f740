"""Pairs out of the H5 files that FILM is trained and tested on, in the published layout.

Groups `imageA`, `imageB` and `text` have one entry for each pair: images (1, H, W) float32 in [0, 1], texts
(1, L, 768). Files of the published script are read as well as ours, which carry the attributes `complete` and
`settings` besides.

An image in such a file has a path, FILE.h5/imageA/NAME, with which it goes wherever the path of an image file goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .formats import Header, Picture, UnreadError
from .formats.picture import with_checked_size
from .h5 import entry_in, group_in, open_h5
from .pair import Pair, Task
from .spec import TASKS

if TYPE_CHECKING:
    import h5py  # not for a run of image files, of which it would take memory

GROUPS = ("imageA", "imageB", "text")
ENDINGS = (".h5", ".hdf5")
Image = NDArray[np.float32]
_SLACK = 0.01  # beyond [0, 1], of images that were resized with a filter that overshoots


class H5Image(NamedTuple):
    """Where an image lies: the file, the group, the entry."""

    file: Path
    group: str
    name: str

    def header(self) -> Header:
        """Tell its size, without reading it."""
        with self._entry() as entry:
            return _header(entry)

    def picture(self) -> Picture:
        """Read it, rounded to 8 bits, from which it was made."""
        with self._entry() as entry:
            header = _header(entry)
            values = np.asarray(entry, np.float32).reshape(header.height, header.width)
        if not is_in_range(values):
            raise UnreadError("its values are not in [0, 1]: make the file again")
        return Picture(header, np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8), 255)

    def content(self) -> bytes:
        """Return its values as they are stored."""
        with self._entry() as entry:
            return np.asarray(entry).tobytes()

    @contextmanager
    def _entry(self) -> Iterator[h5py.Dataset]:
        with open_h5(self.file) as file:
            group = group_in(file, self.group)
            if group is None or self.name not in group:
                raise InputError(f"there is no image {self.group}/{self.name} in {self.file} any more")
            yield entry_in(group, self.name)


def image_at(path: Path) -> H5Image | None:
    """Take the path of an image in an H5 file apart; None where it leads elsewhere.

    Examples
    --------
    >>> image_at(Path("IR/00004N.png")) is None
    True
    """
    group = path.parent
    if group.name not in GROUPS[:2] or not is_h5_name(group.parent) or not group.parent.is_file():
        return None
    return H5Image(group.parent, group.name, path.name)


def is_h5_name(path: str | Path) -> bool:
    """Whether a file is called as H5 files are."""
    return Path(path).suffix.lower() in ENDINGS


class H5Pairs:
    """The pairs of one H5 file, which is opened anew for each: so it can be read from several processes.

    Parameters
    ----------
    path : the file.

    Attributes
    ----------
    names : of the pairs, in alphabetical order.
    sizes : (height, width) of each.
    tasks : of each: "IVF", "MIF", "MEF" or "MFF"; None where the file does not say it, as the published ones.

    Raises
    ------
    InputError
        A group is missing, a pair is not in all three, its images differ in size, or the file was not finished.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open_h5(self.path) as file:
            self._check_groups(file)
            self.names = sorted(file["imageA"])
            self.sizes = {name: self.check_pair(file, name) for name in self.names}
            self.tasks = {name: self._task(file, name) for name in self.names}
        if not self.names:
            raise InputError(f"{self.path} holds no pair")

    def pairs(self, task: Task) -> list[Pair]:
        """List the pairs, gray and by the paths of their images; `task` is that of pairs which do not say theirs."""
        a, b = (self.path / group for group in GROUPS[:2])
        return [Pair(name, a / name, b / name, self.tasks[name] or task) for name in self.names]

    def _check_groups(self, file: h5py.File) -> None:
        if not file.attrs.get("complete", True):
            raise InputError(
                f"{self.path} was not finished: run the `fusionbench prepare film` that made it again, and it goes on"
            )
        for group in GROUPS:
            if group_in(file, group) is None:
                raise InputError(f"{self.path} has no group {group!r}: it is no H5 file of FILM")
        everything = set().union(*(file[group] for group in GROUPS))
        for group in GROUPS:
            lacking = sorted(everything - set(file[group]))
            if lacking:
                more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
                raise InputError(f"{self.path} has no {group} of pair {lacking[0]!r}{more}: make the file again")

    def check_pair(self, file: h5py.File, name: str) -> tuple[int, int]:
        """Look at what the open file says of a pair, and return its height and width."""
        a, b = (tuple(entry_in(file[group], name).shape) for group in GROUPS[:2])
        if a != b:
            raise InputError(
                f"the images of pair {name!r} in {self.path} differ in size: {in_words(a)} and {in_words(b)}"
            )
        if len(a) not in (2, 3) or (len(a) == 3 and a[0] != 1):
            raise InputError(f"the images of pair {name!r} in {self.path} are {in_words(a)}, not 1xHxW")
        if 0 in a:
            raise InputError(f"the images of pair {name!r} in {self.path} are {in_words(a)}: they have no pixel")
        return int(a[-2]), int(a[-1])

    def _task(self, file: h5py.File, name: str) -> Task | None:
        task = file["imageA"][name].attrs.get("task")
        task = task.decode() if isinstance(task, bytes) else task
        if task is None:
            return None
        if not isinstance(task, str) or task not in TASKS:
            raise InputError(f"pair {name!r} in {self.path} has the task {task!r}, which is none of {', '.join(TASKS)}")
        return task


def is_in_range(image: Image) -> bool:
    """Whether an image is one in [0, 1]; NaN is not."""
    return bool(image.min() >= -_SLACK and image.max() <= 1 + _SLACK)


def in_words(shape: tuple[Any, ...]) -> str:
    """Write a shape as people do: 1x288x384."""
    return "x".join(map(str, shape)) or "a single number"


def _header(entry: h5py.Dataset) -> Header:
    if entry.ndim not in (2, 3) or (entry.ndim == 3 and entry.shape[0] != 1):
        raise UnreadError(f"it is {in_words(entry.shape)}, not 1xHxW")
    height, width = map(int, entry.shape[-2:])
    return with_checked_size(Header(height, width, channels=1, bits=8, format="HDF5"))
