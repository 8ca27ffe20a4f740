"""MEF-SSIM: how close a fused window comes to the best contrast and structure that the exposures offer there."""

from __future__ import annotations

from math import pi
from typing import Any, NamedTuple

from .catalog import metric
from .filters import box, mean, pad
from .local import ROUNDING, local_covariance, local_variance
from .triple import Array, Image, Triple, feature

MA = "Ma, Zeng, Wang 2015, doi:10.1109/TIP.2015.2442920"

SIDE = 11
WINDOW = (SIDE, 1.5)  # the Gaussian window of the comparison; means and contrasts are those of a plain window
C = (0.03 * 255) ** 2
EPS = 2.0**-52
WEIGHTS = tuple(weight / (0.0448 + 0.2856 + 0.3001) for weight in (0.0448, 0.2856, 0.3001))  # of the scales


@feature
def plain_mean(image: Image) -> Array:
    """Mean of each 11 x 11 window."""
    return box(image.data, SIDE)


@feature
def plain_variance(image: Image) -> Array:
    """Variance of each 11 x 11 window, exactly 0 where it is flat."""
    square = box(image.data**2, SIDE)
    variance = square - plain_mean(image) ** 2
    return image.xp.where(variance > ROUNDING * square, variance, 0.0)


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
    xp, va, vb = a.xp, plain_variance(a), plain_variance(b)
    product = box(a.data * b.data, SIDE) - plain_mean(a) * plain_mean(b)
    cab = xp.where((va == 0) | (vb == 0), 0.0, product)
    contrast_a, contrast_b = SIDE * xp.sqrt(va) + 0.001, SIDE * xp.sqrt(vb) + 0.001
    both = SIDE * xp.sqrt(xp.clip(va + vb + 2 * cab, min=0.0))
    agreement = (both + EPS) / (SIDE * (xp.sqrt(va) + xp.sqrt(vb)) + EPS)
    p = xp.clip(xp.tan(pi / 2 * xp.clip(agreement, max=1 - EPS)), max=10.0)
    # (contrast_a / 11)^p and (contrast_b / 11)^p as shares, over the contrasts
    share = 1 / (1 + (contrast_b / contrast_a) ** p)
    wa, wb = share / contrast_a, (1 - share) / contrast_b
    norm = SIDE * xp.sqrt(xp.clip(wa**2 * va + wb**2 * vb + 2 * wa * wb * cab, min=0.0))
    scale = xp.where(norm > 0, xp.maximum(contrast_a, contrast_b) / xp.where(norm > 0, norm, 1.0), 0.0)
    wa, wb = scale * wa, scale * wb
    ga, gb, gab = local_variance(a, *WINDOW), local_variance(b, *WINDOW), local_covariance(a, b, *WINDOW)
    return Best(wa, wb, wa**2 * ga + wb**2 * gb + 2 * wa * wb * gab)


def exposure_similarity(fused: Image, a: Image, b: Image) -> Array:
    """MEF-SSIM of one scale: (N,)."""
    best = best_patch(a, b)
    along = best.wa * local_covariance(fused, a, *WINDOW) + best.wb * local_covariance(fused, b, *WINDOW)
    return mean((2 * along + C) / (best.variance + local_variance(fused, *WINDOW) + C))


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
