"""MEF-SSIM: how close a fused window comes to the best contrast and structure that the exposures offer there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from math import pi
from operator import add
from typing import NamedTuple

import numpy as np

from ..arrays.filters import pad
from ..arrays.local import Moments, covariance_of, local_covariance, local_variance, moments_of
from ..arrays.pixelwise import choose, larger, pixelwise, smaller, sqrt, summed
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..arrays.windows import swept
from ..catalog import adopt, metric

MA = "Ma, Zeng, Wang 2015, doi:10.1109/TIP.2015.2442920"

SIDE = 11
PLAIN = np.full(SIDE, 1 / SIDE)
WINDOW = (SIDE, 1.5)  # the Gaussian window of the comparison; means and contrasts are those of a plain window
C = (0.03 * 255) ** 2
EPS = 2.0**-52
WEIGHTS = tuple(weight / (0.0448 + 0.2856 + 0.3001) for weight in (0.0448, 0.2856, 0.3001))  # of the scales


@feature
def plain_moments(image: Image) -> Moments:
    """Mean and variance of each 11 x 11 window, the variance exactly 0 where it is flat."""
    x = image.pixels
    mean, spread = swept(moments_of, ((x,), (x, x)), PLAIN, outputs=2)
    return mean, spread


class Best(NamedTuple):
    """The patch that a window should have, wa (A - mean A) + wb (B - mean B), and its Gaussian-weighted variance."""

    wa: Array
    wb: Array
    variance: Array


@pixelwise
def contrast(v: Array) -> Array:
    """Norm of a window of variance v less its mean, kept above 0."""
    return 11 * sqrt(v) + 0.001


@pixelwise
def agreement(va: Array, vb: Array, cab: Array) -> Array:
    """How well two structures add up, as an angle: π/2 where they are alike, less where they cancel."""
    norm_sum = 11 * sqrt(larger(va + vb + 2 * cab, 0.0))
    return pi / 2 * smaller((norm_sum + EPS) / (11 * sqrt(va) + 11 * sqrt(vb) + EPS), 1 - EPS)


@pixelwise
def patch_scale(share: Array, va: Array, vb: Array, cab: Array) -> Array:
    """Factor that gives the joined structure the stronger contrast; `share` is the weight of b over that of a."""
    ca, cb = contrast(va), contrast(vb)
    wa, wb = 1 / (1 + share) / ca, share / (1 + share) / cb
    norm = 11 * sqrt(larger(wa * wa * va + wb * wb * vb + 2 * wa * wb * cab, 0.0))
    return choose(norm == 0, 0.0, larger(ca, cb) / choose(norm == 0, 1.0, norm))


@pixelwise
def patch_weight(scale: Array, share: Array, v: Array) -> Array:
    """Weight of a source of variance v in the best patch; `share` is the weight of the other one over its own."""
    return scale / (1 + share) / contrast(v)


@pixelwise
def joined_variance(wa: Array, wb: Array, ga: Array, gb: Array, gab: Array) -> Array:
    """Variance of wa A + wb B."""
    return wa * wa * ga + wb * wb * gb + 2 * wa * wb * gab


@feature
def best_patch(a: Image, b: Image) -> Best:
    """Join the structures of two exposures in each window, as strong as the stronger of the two.

    A source counts by its contrast to the power p, which grows from 0 to 10 as the two structures agree more.
    """
    xp, (mean_a, va), (mean_b, vb) = a.xp, plain_moments(a), plain_moments(b)
    cab = swept(covariance_of, ((a.pixels, b.pixels),), PLAIN, (mean_a, va, mean_b, vb))[0]
    share = (contrast(vb) / contrast(va)) ** xp.clip(xp.tan(agreement(va, vb, cab)), max=10.0)
    scale = patch_scale(share, va, vb, cab)
    wa, wb = patch_weight(scale, share, va), patch_weight(scale, 1 / share, vb)
    weighted = [local_variance(a, *WINDOW), local_variance(b, *WINDOW), local_covariance(a, b, *WINDOW)]
    return Best(wa, wb, joined_variance(wa, wb, *weighted))


@pixelwise
def index(wa: Array, wb: Array, best: Array, cov_a: Array, cov_b: Array, own: Array) -> Array:
    """SSIM without luminance of a fused window and the best patch."""
    return (2 * (wa * cov_a + wb * cov_b) + C) / (best + own + C)


@feature
def best_of_many(first: Image, *others: Image) -> tuple[list[Array], Array]:
    """Join the structures of any number of exposures, as `best_patch` does of two.

    Returns
    -------
    The weight of each exposure in the best patch of a window, and the patch's Gaussian-weighted variance.
    """
    xp, images = first.xp, (first, *others)
    moments = [plain_moments(image) for image in images]
    contrasts = [contrast(v) for _, v in moments]
    pairs = list(combinations(range(len(images)), 2))
    together = [
        swept(covariance_of, ((images[i].pixels, images[j].pixels),), PLAIN, (*moments[i], *moments[j]))[0]
        for i, j in pairs
    ]

    def spread(factors: Sequence[Array | float], variances: Sequence[Array], covariances: Sequence[Array]) -> Array:
        """Variance of the sum of all exposures, each times a factor."""
        squares = [factor * factor * own for factor, own in zip(factors, variances, strict=True)]
        products = [2 * factors[i] * factors[j] * own for (i, j), own in zip(pairs, covariances, strict=True)]
        return reduce(add, squares + products)

    def norm(factors: Sequence[Array | float]) -> Array:
        return 11 * xp.sqrt(xp.clip(spread(factors, [v for _, v in moments], together), min=0.0))

    alone = 11 * reduce(add, (xp.sqrt(v) for _, v in moments))
    agreed = xp.clip((norm([1.0] * len(images)) + EPS) / (alone + EPS), max=1 - EPS)
    power, highest = xp.clip(xp.tan(pi / 2 * agreed), max=10.0), reduce(xp.maximum, contrasts)
    powers = [(own / highest) ** power for own in contrasts]
    parts = [own / reduce(add, powers) / strength for own, strength in zip(powers, contrasts, strict=True)]
    length = norm(parts)
    scale = xp.where(length == 0, 0.0, highest / xp.where(length == 0, 1.0, length))
    weights = [scale * part for part in parts]
    own = [local_variance(image, *WINDOW) for image in images]
    return weights, spread(weights, own, [local_covariance(images[i], images[j], *WINDOW) for i, j in pairs])


def exposure_similarity(fused: Image, a: Image, b: Image, *further: Image) -> Array:
    """MEF-SSIM of one scale: (N,)."""
    if further:
        weights, best = best_of_many(a, b, *further)
        shared = [local_covariance(fused, source, *WINDOW) for source in (a, b, *further)]
        both = reduce(add, (weight * own for weight, own in zip(weights, shared, strict=True)))
        return fused.xp.mean((2 * both + C) / (best + local_variance(fused, *WINDOW) + C), axis=(-2, -1))
    covariances = [local_covariance(fused, source, *WINDOW) for source in (a, b)]
    total = summed(index, *best_patch(a, b), *covariances, local_variance(fused, *WINDOW))
    return total / ((fused.size[0] - SIDE + 1) * (fused.size[1] - SIDE + 1))


@feature
def halved(image: Image) -> Image:
    """The image at half the size: means of 2 x 2 pixels, the last row and column repeated where one is left over."""
    data, (height, width) = image.data, image.size
    if height % 2 or width % 2:
        data = pad(data, height % 2, width % 2, "symmetric")[:, height % 2 :, width % 2 :]
    rows = data[:, ::2] + data[:, 1::2]
    return Image((rows[:, :, ::2] + rows[:, :, 1::2]) / 4)


@metric(
    "MEF_SSIM", "tang", reference=MA, range=(-1.0, 1.0), min_size=SIDE, any_number=True,
    note="one scale; what the code of May 2022 reported as SSIM",
)  # fmt: skip
@metric(
    "SSIM", "tang2022", reference=MA, range=(-1.0, 1.0), min_size=SIDE, any_number=True,
    note="not SSIM but MEF-SSIM, at one scale",
)  # fmt: skip
def mef_ssim(t: Triple) -> Array:
    """Similarity of each 11 x 11 window's contrast and structure to the best that the sources offer, mean.

    The best window has the strongest of the sources' contrasts and a structure that joins theirs, weighted by contrast
    (the more the sources agree, the more the stronger one counts). Compared as in SSIM without luminance, K = .03,
    L = 255, a Gaussian of deviation 1.5 over the windows inside the image.
    """
    return exposure_similarity(t.fused, t.a, t.b, *t.further)


@metric(
    "MS_SSIM", "tang", reference=MA, range=(0.0, 1.0), min_size=4 * SIDE, flips=False, any_number=True,
    undefined="a mean similarity below 0 has no fractional power",
    note="not the MS-SSIM of Wang et al. 2003: it is the MEF-SSIM of Ma et al., whose paper has these three scales",
)  # fmt: skip
def mef_ssim_scales(t: Triple) -> Array:
    """MEF-SSIM at three scales, each half as large as the one before, Π Q^w with w = .071, .453, .476.

    Scales are halved by means of 2 x 2 pixels. The smallest must still hold a window of 11 x 11.
    """
    images, scales = [t.fused, t.a, t.b, *t.further], []
    for weight in WEIGHTS:
        scales.append(exposure_similarity(*images) ** weight)
        images = [halved(image) for image in images]
    return scales[0] * scales[1] * scales[2]


adopt(
    "MS_SSIM@tang", "MEF_SSIM", "ma2015",
    note="the index of the paper, over three scales; Tang's code calls it MS_SSIM, and its finest scale MEF_SSIM",
)  # fmt: skip
