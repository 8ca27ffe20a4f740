"""Metrics of local structure: SSIM and its relatives."""

from __future__ import annotations

import numpy as np

from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..arrays.windows import positions, swept
from ..catalog import metric

WANG = "Wang et al. 2004, doi:10.1109/TIP.2003.819861"


BOX = np.full(7, 1 / 7)
SAMPLE = 49 / 48  # n / (n - 1) of a window's pixels


def box_moments_of(mean: Array, square: Array) -> tuple[Array, Array]:
    """Mean and mean square of a window to mean and sample variance."""
    return mean, (square - mean * mean) * SAMPLE


@feature
def box_moments(image: Image) -> tuple[Array, Array]:
    """Mean and sample variance in each 7 x 7 window that lies inside the image."""
    x = image.pixels
    mean, variance = swept(box_moments_of, ((x,), (x, x)), BOX, outputs=2)
    return mean, variance


def similarity(c1: float, c2: float, both: Array, mx: Array, vx: Array, my: Array, vy: Array) -> Array:
    """SSIM of two windows of 7 x 7 pixels: both constants, their mean product, means and sample variances."""
    means = mx * my
    covariance = (both - means) * SAMPLE
    return (2 * means + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))


def ssim_box(t: Triple, data_range: float) -> Array:
    """scikit-image's default SSIM of the fused image with each source, summed: uniform 7 x 7 windows, K = .01, .03."""
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2

    def of_both(mf: Array, squares: Array, fa: Array, fb: Array, *sources: Array) -> tuple[Array]:
        own = box_moments_of(mf, squares)
        return (similarity(c1, c2, fa, *own, *sources[:2]) + similarity(c1, c2, fb, *own, *sources[2:]),)

    def of_all(*means: Array) -> tuple[Array]:
        return of_both(*means[:4], *box_moments_of(*means[4:6]), *box_moments_of(*means[6:]))

    f, a, b = (image.pixels for image in (t.fused, t.a, t.b))
    products: tuple[tuple[Array, ...], ...] = ((f,), (f, f), (f, a), (f, b))
    if t.kept:
        maps = (*box_moments(t.a), *box_moments(t.b))
        total = swept(of_both, products, BOX, maps, outputs=0, totals=1)[0]
    else:
        total = swept(of_all, (*products, (a,), (a, a), (b,), (b, b)), BOX, outputs=0, totals=1)[0]
    height, width = (positions(side, len(BOX), 1) for side in t.fused.size)
    return total / (height * width)


@metric(
    "SSIM", "film", reference=WANG, range=(-2.0, 2.0), identity=2.0, min_size=7, differentiable=True,
    note="a sum of two: its best value is 2; uniform 7 x 7 windows (scikit-image), data range 255",
)  # fmt: skip
def ssim_sum(t: Triple) -> Array:
    """SSIM with each source, summed: uniform 7 x 7 windows, sample covariance, L = 255."""
    return ssim_box(t, 255.0)


@metric(
    "SSIM", "dr2", reference=WANG, range=(-2.0, 2.0), identity=2.0, min_size=7, differentiable=True,
    note="CDDFuse's copy with an old scikit-image: grey values 0..255, but the data range of floats in -1..1, 2",
)  # fmt: skip
def ssim_sum_range_2(t: Triple) -> Array:
    """SSIM with each source, summed: as SSIM@film, but with the stabilising constants of L = 2."""
    return ssim_box(t, 2.0)
