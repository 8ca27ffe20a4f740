"""Metrics of local structure: SSIM and its relatives."""

from __future__ import annotations

import numpy as np

from .catalog import metric
from .pixelwise import pixelwise, summed
from .triple import Array, Image, Triple, feature
from .windows import windowed

WANG = "Wang et al. 2004, doi:10.1109/TIP.2003.819861"


@pixelwise
def sample_variance(squares: Array, average: Array, sample: float) -> Array:
    """Mean square and mean of a window to its variance; `sample` is n / (n - 1)."""
    return (squares - average * average) * sample


@feature
def box_moments(image: Image, size: int) -> tuple[Array, Array]:
    """Mean and sample variance in each size x size window that lies inside the image, in the order of `windowed`."""
    box, sample = np.full(size, 1 / size), size**2 / (size**2 - 1)
    average, squares = windowed(image.data, box), windowed(image.data, box, times=image.data)
    return average, sample_variance(squares, average, sample)


@feature
def box_products(image: Image, other: Image, size: int) -> Array:
    """Mean product of two images in each size x size window that lies inside them, in the order of `windowed`."""
    return windowed(image.data, np.full(size, 1 / size), times=other.data)


def box_covariance(image: Image, other: Image, size: int) -> Array:
    """Sample covariance in each size x size window that lies inside the image, in the order of `windowed`."""
    both = box_products(image, other, size)
    return (both - box_moments(image, size)[0] * box_moments(other, size)[0]) * (size**2 / (size**2 - 1))


@pixelwise
def similarity(both: Array, mx: Array, vx: Array, my: Array, vy: Array, c1: float, c2: float) -> Array:
    """SSIM of two windows of 7 x 7 pixels: their mean product, means and sample variances, and both constants."""
    means = mx * my
    covariance = (both - means) * (49 / 48)
    return (2 * means + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))


def ssim_box(image: Image, other: Image, data_range: float) -> Array:
    """scikit-image's default SSIM: uniform 7 x 7 windows, sample covariance, K = .01, .03, mean over the windows."""
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    maps = (box_products(image, other, 7), *box_moments(image, 7), *box_moments(other, 7))
    return summed(lambda *pieces: similarity(*pieces, c1, c2), *maps) / (maps[0].shape[1] * maps[0].shape[2])


@metric(
    "SSIM", "film", reference=WANG, range=(-2.0, 2.0), identity=2.0, min_size=7, differentiable=True,
    note="a sum of two: its best value is 2; uniform 7 x 7 windows (scikit-image), data range 255",
)  # fmt: skip
def ssim_sum(t: Triple) -> Array:
    """SSIM with each source, summed: uniform 7 x 7 windows, sample covariance, L = 255."""
    return ssim_box(t.fused, t.a, 255.0) + ssim_box(t.fused, t.b, 255.0)


@metric(
    "SSIM", "dr2", reference=WANG, range=(-2.0, 2.0), identity=2.0, min_size=7, differentiable=True,
    note="CDDFuse's copy with an old scikit-image: grey values 0..255, but the data range of floats in -1..1, 2",
)  # fmt: skip
def ssim_sum_range_2(t: Triple) -> Array:
    """SSIM with each source, summed: as SSIM@film, but with the stabilising constants of L = 2."""
    return ssim_box(t.fused, t.a, 2.0) + ssim_box(t.fused, t.b, 2.0)
