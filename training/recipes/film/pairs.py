"""The H5 files that FILM is trained on, with their texts; see `datasets.h5pairs`."""

from __future__ import annotations

import hashlib

import h5py
import numpy as np

from ....datasets.h5 import entry_in, open_h5
from ....datasets.h5pairs import GROUPS, H5Pairs, Image, in_words, is_in_range
from ....errors import InputError
from ....methods.film.features import WIDTH, Features, checked
from ....methods.film.text.trained import notes_of, text_in


class PairFile(H5Pairs):
    """The pairs of one H5 file as FILM learns from them.

    Raises
    ------
    InputError
        As `H5Pairs`; or a text is not 768 wide.
    """

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

    def text_notes(self) -> dict[str, str]:
        """Tell what its texts are, in the words that weights keep (`text.trained.notes_of`).

        A file that does not say has features that were computed before, as the published ones have; of these, the
        lengths and a hash of all are told.
        """
        with open_h5(self.path) as file:
            record = text_in(file)
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

    def check_pair(self, file: h5py.File, name: str) -> tuple[int, int]:
        """Look at what the open file says of a pair and its text, and return its height and width."""
        size = super().check_pair(file, name)
        text = tuple(entry_in(file["text"], name).shape)
        if not text or text[-1] != WIDTH:
            raise InputError(f"the text of pair {name!r} in {self.path} is {in_words(text)}, not 1xLx{WIDTH}")
        return size
