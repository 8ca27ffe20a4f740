"""Where FILM's text comes from: the interface, and the source that has none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ....datasets.pair import Pair
from ..features import WIDTH, Features

Gray = NDArray[np.float32]


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

    def files(self, pair: Pair) -> list[Path]:
        """Name the files that the features of a pair are read from."""
        return []

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
