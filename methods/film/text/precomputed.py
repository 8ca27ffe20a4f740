"""Text features that were computed before and lie in files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....datasets.h5 import entry_in, group_in, open_h5
from ....datasets.pair import Pair
from ....errors import InputError
from ..features import Features, checked, read_npy
from .source import Gray, TextSource


class Precomputed(TextSource):
    """Features that lie in a folder of `.npy` files (`<name>.npy`), or in the group `text` of an H5 file.

    Parameters
    ----------
    path : the folder or the file.
    """

    name = "precomputed"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        self._read: Callable[[str], NDArray[Any] | None]
        if self.path.is_dir():
            self._read = self._from_folder
        elif self.path.is_file():
            self._read = self._from_h5
        else:
            raise InputError(f"there is no folder and no H5 file of text features at {self.path}")

    def features(self, pair: Pair, a: Gray, b: Gray) -> Features:
        """Read the features of the pair's name."""
        values = self._read(pair.name)
        if values is None:
            raise InputError(
                f"there is no text for pair {pair.name!r} in {self.path}: add {pair.name}.npy, or choose another --text"
            )
        try:
            return checked(values, pair.name)
        except InputError as error:
            raise InputError(f"cannot use {self.path}: {error}") from error

    def check(self, pairs: Sequence[Pair]) -> None:
        """Look for the names of the pairs; each is read when its turn comes."""
        if pairs and not any(self._has(pair.name) for pair in pairs):
            first = pairs[0].name
            wanted = f"{first}.npy" if self.path.is_dir() else f"an entry {first!r} in its group 'text'"
            raise InputError(
                f"there is no text for any of the {len(pairs)} pairs in {self.path}, where {wanted} would be that of "
                "the first: name another folder, or choose another --text"
            )

    def _has(self, name: str) -> bool:
        if self.path.is_dir():
            return any(file.is_file() for file in self._files(name))
        return self._from_h5(name) is not None

    def files(self, pair: Pair) -> list[Path]:
        """Name the file of a pair's features, or the H5 file of all."""
        return [self.path] if self.path.is_file() else [file for file in self._files(pair.name) if file.is_file()][:1]

    @property
    def record(self) -> dict[str, Any]:
        """Say where they lie."""
        return {"source": self.name, "path": str(self.path)}

    def _files(self, name: str) -> list[Path]:
        # The published file names end where the first dot is.
        return [self.path / f"{stem}.npy" for stem in (name, name.partition(".")[0])]

    def _from_folder(self, name: str) -> NDArray[Any] | None:
        path = next((file for file in self._files(name) if file.is_file()), None)
        if path is None:
            return None
        try:
            return read_npy(path)
        except InputError as error:
            raise InputError(f"cannot read the text of pair {name!r}: {error}") from error

    def _from_h5(self, name: str) -> NDArray[Any] | None:
        with open_h5(self.path) as file:
            group = group_in(file, "text")
            if group is None:
                raise InputError(f"{self.path} has no group 'text': it holds no text features")
            return np.asarray(entry_in(group, name)) if name in group else None
