"""What a fusion method is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.float32]
Quantise = Literal["round", "truncate", "minmax", "minmax-truncate", "max"]


class Method(ABC):
    """Turns a batch of gray source pairs into fused images.

    A subclass states the class attributes, takes its options as keyword arguments of `__init__`, and implements
    `fuse`. Colour, 8 bit, files and timing are the engine's work, the same for all methods.
    """

    name: ClassVar[str]
    reference: ClassVar[str]  # authors, title, venue, DOI
    tasks: ClassVar[tuple[str, ...]] = ("IVF", "MIF", "MEF", "MFF")
    quantise: Quantise = "round"  # how [0, 1] becomes 8 bit; it changes EN, SD and AG, so it is recorded
    device: str = "cpu"

    @abstractmethod
    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse sources of shape (N, 1, H, W), float32 in [0, 1], into images of the same shape and type."""

    @property
    def options(self) -> dict[str, Any]:
        """Every option with its value; stands in the manifest, and tells two runs of one method apart."""
        return {}
