"""Fusion by multi-resolution singular value decomposition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..method import Gray, Method
from ._common import at_least, each, halvings, mean, strongest

Double = NDArray[np.float64]


def split(image: Double) -> Double:
    """Return the 2x2 blocks of an image (H, W) with even sides as an array (4, H/2, W/2)."""
    return np.stack([image[0::2, 0::2], image[1::2, 0::2], image[0::2, 1::2], image[1::2, 1::2]])


def join(blocks: Double) -> Double:
    """Return the image (2H, 2W) whose 2x2 blocks are given as (4, H, W)."""
    height, width = blocks.shape[1:]
    image = np.empty((2 * height, 2 * width))
    image[0::2, 0::2], image[1::2, 0::2], image[0::2, 1::2], image[1::2, 1::2] = blocks
    return image


def decompose(image: Double) -> tuple[Double, Double]:
    """Return bands (4, H/2, W/2), the strongest first, and the basis (4, 4) of an image (H, W) with even sides."""
    blocks = split(image)
    columns = blocks.reshape(4, -1)
    basis = np.linalg.svd(columns @ columns.T)[0]
    return (basis.T @ columns).reshape(blocks.shape), basis


class Msvd(Method):
    """Multi-resolution singular value decomposition: the strongest detail of each band, the mean of the rest.

    The mean of the bases is the paper's. Singular vectors have no sign of their own, though, and the mean of a
    vector and its opposite is nothing: code that leaves the signs to the solver loses whole bands of detail, other
    ones in each image. Here the other bases are turned to agree with the first.

    Parameters
    ----------
    levels : levels of decomposition, 1 at least; fewer where the image is too small.
    """

    name = "msvd"
    title = "MSVD"
    reference = (
        "V. P. S. Naidu (2011): Image Fusion Technique using Multi-resolution Singular Value Decomposition. "
        "Defence Science Journal 61(5), 479-484. doi:10.14429/dsj.61.705"
    )
    venue = "Defence Science Journal"
    any_number = True

    def __init__(self, levels: int = 1) -> None:
        self.levels = at_least("levels", levels, 1)

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        levels = halvings(a.shape, self.levels)
        return each(lambda *sources: _fuse([x.astype(np.float64) for x in sources], levels), a, b, *further)


def _fuse(sources: Sequence[Double], levels: int) -> Double:
    """Fuse images (H, W) of any size, level by level."""
    if levels == 0:
        return mean(sources)
    height, width = sources[0].shape
    even = ((0, height % 2), (0, width % 2))
    (bands, basis), *others = (decompose(np.pad(source, even, mode="edge")) for source in sources)
    turns = [np.where((basis * other).sum(axis=0) < 0, -1.0, 1.0) for _, other in others]
    all_bands = [bands, *(own * turn[:, None, None] for (own, _), turn in zip(others, turns, strict=True))]
    bases = [basis, *(own * turn for (_, own), turn in zip(others, turns, strict=True))]
    rest = _fuse([own[0] for own in all_bands], levels - 1)
    fused = np.concatenate([rest[None], strongest(*(own[1:] for own in all_bands))])
    blocks = mean(bases) @ fused.reshape(4, -1)
    return join(blocks.reshape(fused.shape))[:height, :width]
