"""Fusion by multi-resolution singular value decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..method import Gray, Method
from ._common import at_least, each, halvings, stronger

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
    """Multi-resolution singular value decomposition: the stronger detail of each band, the mean of the rest.

    The mean of the two bases is the paper's. Singular vectors have no sign of their own, though, and the mean of a
    vector and its opposite is nothing: code that leaves the signs to the solver loses whole bands of detail, other
    ones in each image. Here the second basis is turned to agree with the first.

    Parameters
    ----------
    levels : levels of decomposition, 1 at least; fewer where the image is too small.
    """

    name = "msvd"
    reference = (
        "V. P. S. Naidu (2011): Image Fusion Technique using Multi-resolution Singular Value Decomposition. "
        "Defence Science Journal 61(5), 479-484. doi:10.14429/dsj.61.705"
    )
    venue = "Defence Science Journal"

    def __init__(self, levels: int = 1) -> None:
        self.levels = at_least("levels", levels, 1)

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(self._fuse_one, a, b)

    def _fuse_one(self, a: Gray, b: Gray) -> Double:
        return _fuse(a.astype(np.float64), b.astype(np.float64), halvings(a.shape, self.levels))


def _fuse(a: Double, b: Double, levels: int) -> Double:
    """Fuse two images (H, W) of any size, level by level."""
    if levels == 0:
        return 0.5 * (a + b)
    height, width = a.shape
    even = ((0, height % 2), (0, width % 2))
    bands_a, basis_a = decompose(np.pad(a, even, mode="edge"))
    bands_b, basis_b = decompose(np.pad(b, even, mode="edge"))
    turn = np.where((basis_a * basis_b).sum(axis=0) < 0, -1.0, 1.0)
    bands_b, basis_b = bands_b * turn[:, None, None], basis_b * turn
    rest = _fuse(bands_a[0], bands_b[0], levels - 1)
    fused = np.concatenate([rest[None], stronger(bands_a[1:], bands_b[1:])])
    blocks = 0.5 * (basis_a + basis_b) @ fused.reshape(4, -1)
    return join(blocks.reshape(fused.shape))[:height, :width]
