"""Guided-filter fusion."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..method import Gray, Method
from ._common import at_least, each, mean_filter, shares

Double = NDArray[np.float64]
_LAPLACE = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=np.float64)


def box_mean(image: Double, radius: int) -> Double:
    """Return the mean over the window of (2 radius + 1)^2 pixels around each pixel, cut off at the borders."""
    import cv2

    size = (2 * radius + 1, 2 * radius + 1)
    sums = cv2.boxFilter(image, cv2.CV_64F, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    rows, columns = (_reached(length, radius) for length in image.shape)
    return np.asarray(sums, dtype=np.float64) / (rows[:, None] * columns)


def _reached(length: int, radius: int) -> Double:
    """Return how many pixels of a line lie within `radius` of each of them."""
    place = np.arange(length)
    return (np.minimum(place, radius) + np.minimum(place[::-1], radius) + 1).astype(np.float64)


def guided_filter(guide: Double, image: Double, radius: int, eps: float) -> Double:
    """Smooth `image` along the edges of `guide`.

    K. He, J. Sun, X. Tang (2013): Guided Image Filtering. IEEE TPAMI 35(6), 1397-1409. doi:10.1109/TPAMI.2012.213

    Parameters
    ----------
    guide, image : (H, W) float64; double, because the small eps of this method drowns in float32 variances.
    radius : of the square window, pixels.
    eps : regularisation; variances of the guide well below it are smoothed over.

    Returns
    -------
    (H, W) float64.
    """
    mean_guide, mean_image = box_mean(guide, radius), box_mean(image, radius)
    variance = box_mean(guide * guide, radius) - mean_guide**2
    covariance = box_mean(guide * image, radius) - mean_guide * mean_image
    slope = covariance / (variance + eps)
    offset = mean_image - slope * mean_guide
    return box_mean(slope, radius) * guide + box_mean(offset, radius)


def saliency(image: Double) -> Double:
    """Return the local strength of detail of an image (H, W): |Laplacian|, blurred by an 11x11 Gaussian, sigma 5."""
    import cv2

    high = np.abs(cv2.filter2D(image, cv2.CV_64F, _LAPLACE, borderType=cv2.BORDER_REPLICATE))
    return np.asarray(cv2.GaussianBlur(high, (11, 11), 5, borderType=cv2.BORDER_REPLICATE), dtype=np.float64)


class Gff(Method):
    """Guided-filter fusion: base and detail, weighted by saliency that follows the edges.

    Parameters
    ----------
    base : side of the averaging window that splits base from detail, pixels.
    r1, eps1 : guided filter of the base's weights.
    r2, eps2 : guided filter of the detail's weights.
    """

    name = "gff"
    title = "GFF"
    reference = (
        "S. Li, X. Kang, J. Hu (2013): Image Fusion With Guided Filtering. "
        "IEEE Transactions on Image Processing 22(7), 2864-2875. doi:10.1109/TIP.2013.2244222"
    )
    venue = "IEEE Transactions on Image Processing"
    any_number = True

    def __init__(self, base: int = 31, r1: int = 45, eps1: float = 0.3, r2: int = 7, eps2: float = 1e-6) -> None:
        self.base = at_least("base", base, 1)
        self.r1, self.r2 = at_least("r1", r1, 0), at_least("r2", r2, 0)
        self.eps1, self.eps2 = eps1, eps2

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        return each(self._fuse_one, a, b, *further)

    def _fuse_one(self, *images: Gray) -> Double:
        sources = [image.astype(np.float64) for image in images]
        bases = [mean_filter(x, self.base) for x in sources]
        details = [x - base for x, base in zip(sources, bases, strict=True)]
        strengths = [saliency(x) for x in sources]
        strongest = reduce(np.maximum, strengths)
        maps = [(strength == strongest).astype(np.float64) for strength in strengths]
        return _blend(bases, sources, maps, self.r1, self.eps1) + _blend(details, sources, maps, self.r2, self.eps2)


def _blend(layers: list[Double], guides: list[Double], maps: list[Double], radius: int, eps: float) -> Double:
    """Return the mean of layers, weighted by the refined maps."""
    weights = [
        np.clip(guided_filter(guide, weight, radius, eps), 0, 1) for guide, weight in zip(guides, maps, strict=True)
    ]
    return reduce(np.add, (share * layer for share, layer in zip(shares(weights), layers, strict=True)))
