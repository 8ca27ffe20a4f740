"""Fusion of Laplacian pyramids."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..method import Gray, Method
from ._common import at_least, each, expand, gaussian_pyramid, mean, strongest


def laplacian_pyramid(image: Gray, levels: int) -> list[Gray]:
    """Return the band-pass levels of an image (H, W), finest first, and last the low-pass rest."""
    low = gaussian_pyramid(image, levels)
    bands = [fine - expand(coarse, fine) for fine, coarse in pairwise(low)]
    return [*bands, low[-1]]


def collapse(pyramid: list[Gray]) -> Gray:
    """Return the image of which `pyramid` is the Laplacian pyramid."""
    image = pyramid[-1]
    for band in reversed(pyramid[:-1]):
        image = band + expand(image, band)
    return image


class Laplacian(Method):
    """Laplacian pyramids: the strongest detail of each band, the mean of the rest.

    Parameters
    ----------
    levels : band-pass levels, 1 at least; fewer where the image is too small.
    """

    name = "laplacian"
    title = "Laplacian"
    reference = (
        "P. J. Burt, E. H. Adelson (1983): The Laplacian Pyramid as a Compact Image Code. "
        "IEEE Transactions on Communications 31(4), 532-540. doi:10.1109/TCOM.1983.1095851"
    )
    venue = "IEEE Transactions on Communications"
    any_number = True

    def __init__(self, levels: int = 4) -> None:
        self.levels = at_least("levels", levels, 1)

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(self._fuse_one, a, b, *further)

    def _fuse_one(self, *sources: Gray) -> Gray:
        *bands, rests = zip(*(laplacian_pyramid(source, self.levels) for source in sources), strict=True)
        return collapse([*(strongest(*band) for band in bands), mean(rests)])
