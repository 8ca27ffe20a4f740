"""MEF-SSIM: how close a fused window comes to the best contrast and structure that the exposures offer there."""

from __future__ import annotations

from math import pi
from typing import Any, NamedTuple

import numpy as np

from .catalog import metric
from .filters import at_least, mapped, pad, product, summed, windowed
from .local import ROUNDING, local_covariance, local_variance
from .triple import Array, Image, Triple, feature

MA = "Ma, Zeng, Wang 2015, doi:10.1109/TIP.2015.2442920"

SIDE = 11
PLAIN = np.full(SIDE, 1 / SIDE)
WINDOW = (SIDE, 1.5, windowed)  # the Gaussian window of the comparison; means and contrasts are those of a plain window
C = (0.03 * 255) ** 2
EPS = 2.0**-52
WEIGHTS = tuple(weight / (0.0448 + 0.2856 + 0.3001) for weight in (0.0448, 0.2856, 0.3001))  # of the scales


@feature
def plain_mean(image: Image) -> Array:
    """Mean of each 11 x 11 window."""
    return windowed(image.data, PLAIN)


@feature
def plain_variance(image: Image) -> Array:
    """Variance of each 11 x 11 window, exactly 0 where it is flat."""

    def variance(square: Array, mean: Array) -> tuple[Array]:
        found = square - mean * mean
        return (image.xp.where(found > ROUNDING * square, found, 0.0),)

    return mapped(variance, windowed(product(image.data, image.data), PLAIN), plain_mean(image))[0]


class Best(NamedTuple):
    """The patch that a window should have, wa (A - mean A) + wb (B - mean B), and its Gaussian-weighted variance."""

    wa: Array
    wb: Array
    variance: Array


@feature
def best_patch(a: Image, b: Image) -> Best:
    """Join the structures of two exposures in each window, as strong as the stronger of the two.

    A source counts by its contrast to the power p, which grows from 0 to 10 as the two structures agree more.
    """
    xp = a.xp

    def join(both: Array, ma: Array, mb: Array, va: Array, vb: Array, ga: Array, gb: Array, gab: Array) -> Best:
        covariance = xp.where((va == 0) | (vb == 0), 0.0, both - ma * mb)
        norm_a, norm_b = SIDE * xp.sqrt(va), SIDE * xp.sqrt(vb)
        contrast_a, contrast_b = norm_a + 0.001, norm_b + 0.001
        norm_sum = SIDE * xp.sqrt(at_least(va + vb + 2 * covariance, 0.0))
        agreement = (norm_sum + EPS) / (norm_a + norm_b + EPS)
        p = xp.clip(xp.tan(pi / 2 * xp.clip(agreement, max=1 - EPS)), max=10.0)
        share = 1 / (1 + (contrast_b / contrast_a) ** p)
        wa, wb = share / contrast_a, (1 - share) / contrast_b
        norm = SIDE * xp.sqrt(at_least(wa * wa * va + wb * wb * vb + 2 * wa * wb * covariance, 0.0))
        none = norm == 0
        scale = xp.where(none, 0.0, xp.maximum(contrast_a, contrast_b) / xp.where(none, 1.0, norm))
        wa, wb = scale * wa, scale * wb
        return Best(wa, wb, wa * wa * ga + wb * wb * gb + 2 * wa * wb * gab)

    plain = [*(plain_mean(image) for image in (a, b)), *(plain_variance(image) for image in (a, b))]
    weighted = [local_variance(a, *WINDOW), local_variance(b, *WINDOW), local_covariance(a, b, *WINDOW)]
    return Best(*mapped(join, windowed(product(a.data, b.data), PLAIN), *plain, *weighted))


def exposure_similarity(fused: Image, a: Image, b: Image) -> Array:
    """MEF-SSIM of one scale: (N,)."""

    def index(wa: Array, wb: Array, variance: Array, cov_a: Array, cov_b: Array, own: Array) -> Array:
        return (2 * (wa * cov_a + wb * cov_b) + C) / (variance + own + C)

    covariances = [local_covariance(fused, source, *WINDOW) for source in (a, b)]
    found = summed(index, *best_patch(a, b), *covariances, local_variance(fused, *WINDOW))
    return found / ((fused.size[0] - SIDE + 1) * (fused.size[1] - SIDE + 1))


@feature
def halved(image: Image) -> Image:
    """The image at half the size: means of 2 x 2 pixels, the last row and column repeated where one is left over."""
    data, (height, width) = image.data, image.size
    if height % 2 or width % 2:
        data = pad(data, height % 2, width % 2, "symmetric")[:, height % 2 :, width % 2 :]
    rows = data[:, ::2] + data[:, 1::2]
    return Image((rows[:, :, ::2] + rows[:, :, 1::2]) / 4)


@metric(
    "MEF_SSIM", "tang", reference=MA, range=(-1.0, 1.0), min_size=SIDE,
    note="one scale; what the code of May 2022 reported as SSIM",
)  # fmt: skip
@metric("SSIM", "tang2022", reference=MA, range=(-1.0, 1.0), min_size=SIDE, note="not SSIM but MEF-SSIM, at one scale")
def mef_ssim(t: Triple) -> Array:
    """Similarity of each 11 x 11 window's contrast and structure to the best that the two sources offer, mean.

    The best window has the strongest of the sources' contrasts and a structure that joins theirs, weighted by contrast
    (the more the sources agree, the more the stronger one counts). Compared as in SSIM without luminance, K = .03,
    L = 255, a Gaussian of deviation 1.5 over the windows inside the image.
    """
    return exposure_similarity(t.fused, t.a, t.b)


@metric(
    "MS_SSIM", "tang", reference=MA, range=(0.0, 1.0), min_size=4 * SIDE, flips=False,
    undefined="a mean similarity below 0 has no fractional power",
    note="not the MS-SSIM of Wang et al. 2003: it is the MEF-SSIM of Ma et al., whose paper has these three scales",
)  # fmt: skip
def mef_ssim_scales(t: Triple) -> Array:
    """MEF-SSIM at three scales, each half as large as the one before, Π Q^w with w = .071, .453, .476.

    Scales are halved by means of 2 x 2 pixels. The smallest must still hold a window of 11 x 11.
    """
    value: Any = 1.0
    fused, a, b = t.fused, t.a, t.b
    for weight in WEIGHTS:
        value = value * exposure_similarity(fused, a, b) ** weight
        fused, a, b = halved(fused), halved(a), halved(b)
    return value
