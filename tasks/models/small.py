"""The segmenter that `fusionbench tasks train` trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files import sha256_once
from .interface import Image

_CHECKPOINTS = "checkpoints"


class SmallSegmenter:
    """A trained `SmallNetwork`, on the CPU.

    Parameters
    ----------
    spec : the file, or the folder of the training run, of which the best weights are taken.

    Raises
    ------
    InputError
        The file is not here, or holds something else.
    """

    def __init__(self, spec: str) -> None:
        from .network import load_network

        path = Path(spec).expanduser()
        if path.is_dir():
            path = path / _CHECKPOINTS / "best.safetensors"
        self._network, names = load_network(path)
        self._network.eval()
        self.classes: Sequence[str] = names
        self.label = path.parent.parent.name if path.parent.name == _CHECKPOINTS else path.stem
        self.digest, self._path = sha256_once(path), path

    def __reduce__(self) -> tuple[Any, ...]:
        return SmallSegmenter, (str(self._path),)

    def segment(self, image: Image) -> NDArray[np.uint8]:
        """Say of each pixel what it shows; see `Segmenter`."""
        import torch

        values = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()[None] / 255
        with torch.inference_mode():
            scores = self._network(values)
        return np.asarray(scores.argmax(dim=1)[0].numpy(), np.uint8)
