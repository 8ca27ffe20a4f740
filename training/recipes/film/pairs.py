"""The H5 files that FILM is trained on: groups `imageA`, `imageB` and `text`, one entry for each pair in each.

Images are (1, H, W) float32 in [0, 1], texts (1, L, 768). Files of the published script are read as well as ours, which
carry the attributes `complete` and `settings` besides.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ....datasets.spec import TASKS
from ....errors import InputError
from ....methods.film.features import Features, checked
from ....methods.film.h5 import entry_in, group_in, open_h5
from ....methods.film.text.trained import notes_of

GROUPS = ("imageA", "imageB", "text")
Image = NDArray[np.float32]


class PairFile:
    """The pairs of one H5 file, which is opened anew for each: so it can be read from several processes.

    Parameters
    ----------
    path : the file.

    Attributes
    ----------
    names : of the pairs, in alphabetical order.
    task : "IVF", "MIF", "MEF" or "MFF" where the file says it, else "IVF".

    Raises
    ------
    InputError
        A group is missing, a pair is not in all three, its images differ in size, its text is not 768 wide, or the file
        was not finished.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open_h5(self.path) as file:
            self._check_groups(file)
            self.names = sorted(file["imageA"])
            self.sizes = {name: self._check_pair(file, name) for name in self.names}
            self.tasks = {name: self._task(file, name) for name in self.names}
        if not self.names:
            raise InputError(f"{self.path} holds no pair")

    def read(self, name: str) -> tuple[Image, Image, Features]:
        """Return the two images (H, W) in [0, 1] and the text (L, 768) of a pair; InputError where it is damaged."""
        with open_h5(self.path) as file:
            if self._check_pair(file, name) != self.sizes[name]:
                raise InputError(f"pair {name!r} of {self.path} changed while it was read: start again")
            a, b = (np.asarray(file[group][name], np.float32).reshape(self.sizes[name]) for group in GROUPS[:2])
            text = np.asarray(file["text"][name])
        if not all(image.min() >= -0.01 and image.max() <= 1.01 for image in (a, b)):
            raise InputError(f"the images of pair {name!r} in {self.path} are not in [0, 1]: make the file again")
        try:
            return a, b, checked(text, name)
        except InputError as error:
            raise InputError(f"cannot use {self.path}: {error}") from error

    def text_notes(self) -> dict[str, str]:
        """Tell what its texts are, in the words that weights keep (`text.trained.notes_of`).

        A file that does not say has features that were computed before, as the published ones have; of these, the
        lengths and a hash of all are told.
        """
        with open_h5(self.path) as file:
            record = {"source": "precomputed"}
            with contextlib.suppress(ValueError, TypeError, AttributeError):
                record = json.loads(file.attrs.get("settings")).get("text") or record
            if record["source"] not in ("describe", "none"):
                lengths, digest = set(), hashlib.sha256()
                for name in self.names:
                    values = np.asarray(entry_in(file["text"], name), np.float32)
                    lengths.add(values.shape[-2])
                    digest.update(name.encode() + values.tobytes())
                low, high = min(lengths), max(lengths)
                words = str(low) if low == high else f"{low} to {high}"
                record = {**record, "words": words, "features": f"sha256:{digest.hexdigest()}"}
        return notes_of(record)

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

    def _check_pair(self, file: h5py.File, name: str) -> tuple[int, int]:
        a, b, text = (tuple(entry_in(file[group], name).shape) for group in GROUPS)
        if a != b:
            raise InputError(f"the images of pair {name!r} in {self.path} differ in size: {_size(a)} and {_size(b)}")
        if len(a) not in (2, 3) or (len(a) == 3 and a[0] != 1):
            raise InputError(f"the images of pair {name!r} in {self.path} are {_size(a)}, not 1xHxW")
        if 0 in a:
            raise InputError(f"the images of pair {name!r} in {self.path} are {_size(a)}: they have no pixel")
        if not text or text[-1] != 768:
            raise InputError(f"the text of pair {name!r} in {self.path} is {_size(text)}, not 1xLx768")
        return int(a[-2]), int(a[-1])

    def _task(self, file: h5py.File, name: str) -> str:
        task = file["imageA"][name].attrs.get("task", "IVF")
        task = task.decode() if isinstance(task, bytes) else task
        if not isinstance(task, str) or task not in TASKS:
            raise InputError(f"pair {name!r} in {self.path} has the task {task!r}, which is none of {', '.join(TASKS)}")
        return task


def _size(shape: tuple[Any, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"
