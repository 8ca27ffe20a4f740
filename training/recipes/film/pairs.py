"""The H5 files that FILM is trained on, with their texts; see `datasets.h5pairs`."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from ....datasets.h5 import entry_in, open_h5
from ....datasets.h5pairs import GROUPS, H5Pairs, Image, in_words, is_in_range
from ....errors import InputError
from ....methods.film.features import WIDTH, Features, checked


class PairFile(H5Pairs):
    """The pairs of one H5 file as FILM learns from them.

    Attributes
    ----------
    tasks : "IVF" where the file does not say it.

    Raises
    ------
    InputError
        As `H5Pairs`; or a text is not 768 wide.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self.tasks = {name: task or "IVF" for name, task in self.tasks.items()}

    def read(self, name: str) -> tuple[Image, Image, Features]:
        """Return the two images (H, W) in [0, 1] and the text (L, 768) of a pair; InputError where it is damaged."""
        with open_h5(self.path) as file:
            if self.check_pair(file, name) != self.sizes[name]:
                raise InputError(f"pair {name!r} of {self.path} changed while it was read: start again")
            a, b = (np.asarray(file[group][name], np.float32).reshape(self.sizes[name]) for group in GROUPS[:2])
            text = np.asarray(file["text"][name])
        if not (is_in_range(a) and is_in_range(b)):
            raise InputError(f"the images of pair {name!r} in {self.path} are not in [0, 1]: make the file again")
        try:
            return a, b, checked(text, name)
        except InputError as error:
            raise InputError(f"cannot use {self.path}: {error}") from error

    def check_pair(self, file: h5py.File, name: str) -> tuple[int, int]:
        """Look at what the open file says of a pair and its text, and return its height and width."""
        size = super().check_pair(file, name)
        text = tuple(entry_in(file["text"], name).shape)
        if not text or text[-1] != WIDTH:
            raise InputError(f"the text of pair {name!r} in {self.path} is {in_words(text)}, not 1xLx{WIDTH}")
        return size
