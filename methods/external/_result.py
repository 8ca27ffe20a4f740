"""Reading of an image that somebody else fused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...datasets.images import read
from ...errors import InputError, RunError
from ..method import Image


def read_fused(path: Path, source: Image) -> NDArray[np.uint8]:
    """Read a fused image as uint8, (H, W) or RGB (H, W, 3); 16 bit are scaled and rounded.

    Raises
    ------
    RunError
        The file is no complete image, or has another size than the source.
    """
    try:
        image = read(path)
    except InputError as error:
        raise RunError(str(error)) from error
    (height, width), (h, w) = source.shape[:2], image.shape[:2]
    if (h, w) != (height, width):
        raise RunError(f"the fused image {path.name} is {w}x{h}, its sources are {width}x{height}")
    return image if image.dtype == np.uint8 else np.round(image / 257.0).astype(np.uint8)
