"""Reading of an image that somebody else fused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...datasets.images import read
from ...errors import InputError, RunError


def read_fused(path: Path) -> NDArray[np.uint8]:
    """Read a fused image as uint8, (H, W) or RGB (H, W, 3); 16 bit are scaled and rounded.

    Raises
    ------
    RunError
        The file is no complete image.
    """
    try:
        image = read(path)
    except InputError as error:
        raise RunError(str(error)) from error
    return image if image.dtype == np.uint8 else np.round(image / 257.0).astype(np.uint8)
