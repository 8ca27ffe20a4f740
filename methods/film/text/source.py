"""Where FILM's text comes from: the interface, and the sources without a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ....datasets.pair import Pair
from ....errors import InputError

WIDTH = 768
Gray = NDArray[np.float32]
Features = NDArray[np.float32]


class TextSource(ABC):
    """Gives the text features of a pair.

    Attributes
    ----------
    name : as it stands in options and manifests.
    """

    name: ClassVar[str]

    @abstractmethod
    def features(self, pair: Pair, a: Gray, b: Gray) -> Features:
        """Return the features of a pair.

        Parameters
        ----------
        pair : its name, its task, and its text, where it has one.
        a, b : its gray sources (H, W), float32 in [0, 1].

        Returns
        -------
        (L, 768) float32, L at least 1.

        Raises
        ------
        InputError
            There is no text for this pair, or it is not 768 wide; the pair is named.
        """

    def check(self, pairs: Sequence[Pair]) -> None:  # noqa: B027
        """Make sure that there can be text for some of the pairs; InputError where there is for none."""

    @property
    def record(self) -> dict[str, Any]:
        """What the manifest says of the text."""
        return {"source": self.name}


class NoText(TextSource):
    """The ablation: one word of zeros for every pair, so that the text tells nothing.

    What is left of the guidance is the network's own biases.
    """

    name = "none"

    def features(self, pair: Pair, a: Gray, b: Gray) -> Features:
        """Return zeros."""
        return np.zeros((1, WIDTH), np.float32)


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
        return checked(values, pair.name)

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
            return np.asarray(np.load(path, allow_pickle=False))
        except (ValueError, OSError, EOFError) as error:
            raise InputError(f"cannot read the text of pair {name!r}: {path} is no whole .npy file") from error

    def _from_h5(self, name: str) -> NDArray[Any] | None:
        from ..h5 import open_h5

        with open_h5(self.path) as file:
            if "text" not in file:
                raise InputError(f"{self.path} has no group 'text': it holds no text features")
            return np.asarray(file["text"][name]) if name in file["text"] else None


def checked(values: NDArray[Any], name: str) -> Features:
    """Bring the features of a pair to (L, 768) float32.

    Parameters
    ----------
    values : (L, 768), or with leading axes of length 1, as in the published files (1, L, 768).
    name : of the pair, for errors.

    Raises
    ------
    InputError
        They have another shape, are no numbers, or are not all finite.
    """
    shape = "x".join(map(str, values.shape)) or "a single number"
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    if values.dtype.kind != "f":
        raise InputError(f"the text of pair {name!r} is of type {values.dtype}, not of floating-point numbers")
    if values.ndim != 2 or values.shape[1] != WIDTH or not len(values):
        raise InputError(
            f"the text of pair {name!r} is {shape}, not Lx{WIDTH}: FILM takes features that are {WIDTH} wide, as "
            "BLIP-2's Q-Former makes them"
        )
    features = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(features).all():
        raise InputError(f"the text of pair {name!r} is not all finite")
    return features
