"""The conventions of the VIFB benchmark (Zhang, Ye, Xiao, CVPRW 2020, doi:10.1109/CVPRW50498.2020.00060).

Every metric but Spatial_frequency is computed of each RGB channel and the mean of the three is reported.
"""

from __future__ import annotations

from math import inf, log

from ..arrays.filters import sobel, squared_distance
from ..arrays.local import mean_similarity
from ..arrays.pixelwise import in_sequence, summed
from ..arrays.triple import Triple
from ..arrays.types import Array
from ..catalog import adopt, metric
from . import tang  # noqa: F401  (it registers AG, which is adopted below)
from .gradient import ESKICIOGLU, XYDEAS, sobel_transfer, strength
from .information import probabilities
from .intensity import JAGALINGAM, squared_error
from .structure import WANG

BULANON = "Bulanon, Burks, Alchanatis 2009, doi:10.1016/j.biosystemseng.2009.02.009"
RAJALINGAM = "Rajalingam and Priya 2018, Hybrid multimodality medical image fusion technique"

adopt("EN@film", "Entropy", "vifb")
adopt("MI@film", "Mutinf", "vifb", note="in nats; images are stretched to 0..255 first, which changes nothing in 8 bit")
adopt("SD@film", "Variance", "vifb", note="the name says variance, the value is the standard deviation")
adopt("AG@tang", "Avg_gradient", "vifb", note="divided by (M-1)(N-1) although all M N pixels are summed")


@metric(
    "Cross_entropy", "vifb", reference=BULANON, better="lower", range=(-8.0, inf), identity=0.0,
    note="levels that only one of the two images has are left out, so it is no divergence and may be negative",
)  # fmt: skip
def cross_entropy(t: Triple) -> Array:
    """Divergence of the fused image's grey levels from each source's, Σ p log2(p / q), mean of the two, in bits.

    p are the relative frequencies of the source's 256 levels, q those of the fused image; only levels with both count.
    """
    xp, q = t.xp, probabilities(t.fused)

    def divergence(p: Array) -> Array:
        both = (p > 0) & (q > 0)
        return xp.sum(p * xp.log(xp.where(both, p, 1.0) / xp.where(both, q, 1.0)), axis=1) / log(2)

    return (divergence(probabilities(t.a)) + divergence(probabilities(t.b))) / 2


@metric(
    "Rmse", "vifb", reference=JAGALINGAM, better="lower", range=(0.0, 255.0), identity=0.0, differentiable=True,
    note="the root of the sum, divided by the number of pixels: 1/sqrt(MN) of the root mean square",
)  # fmt: skip
def rmse_of_sum(t: Triple) -> Array:
    """Root of the summed squared error, divided by the number of pixels, against each source, mean of the two.

    sqrt(Σ (X - F)²) / (M N): because the root is taken before the division it falls with the size of the image.
    """
    xp, pixels = t.xp, t.fused.size[0] * t.fused.size[1]
    return in_sequence([xp.sqrt(squared_error(t.fused, source) / pixels) for source in t.sources]) / 2


@metric(
    "Psnr", "vifb", reference=JAGALINGAM, range=(-inf, inf), identity=inf, differentiable=True,
    note="the error in the ratio is Rmse@vifb, not the mean squared error: about 60 dB where the usual one has 16",
)  # fmt: skip
def psnr_of_rmse(t: Triple) -> Array:
    """Peak signal to noise ratio, 20 log10(255 / sqrt(e)) with the Rmse of this convention as e, in dB.

    Of colour images the mean is taken of the channels' decibels.
    """
    return 10 * t.xp.log10(255.0**2 / rmse_of_sum(t))


@metric(
    "Spatial_frequency", "vifb", reference=ESKICIOGLU, range=(0.0, 255 * 2**0.5), min_size=2, no_reference=True,
    differentiable=True, channels="joined",
    note="both sums are divided by the number of pixels; the seams between the colour channels count as differences",
)  # fmt: skip
def spatial_frequency_joined(t: Triple) -> Array:
    """Root of the summed squared differences of neighbours, both directions over the number of pixels, 0..255.

    The channels of a colour image lie side by side in one wide image, so the jumps from one to the next are counted.
    """
    x = t.fused.pixels
    along, down = squared_distance(x[..., 1:], x[..., :-1]), squared_distance(x[..., 1:, :], x[..., :-1, :])
    return t.xp.sqrt((along + down) / (t.fused.size[0] * t.fused.size[1]))


@metric(
    "Edge_intensity", "vifb", reference=RAJALINGAM, range=(0.0, 1020 * 2**0.5), no_reference=True, differentiable=True,
)  # fmt: skip
def edge_intensity(t: Triple) -> Array:
    """Mean Sobel magnitude of the fused image, kernel sums of 4 on either side, border replicated."""
    height, width = t.fused.size
    return summed(strength, *sobel(t.fused.pixels, border="replicate")) / (height * width)


@metric(
    "Ssim", "vifb", reference=WANG, range=(-2.0, 2.0), identity=2.0, min_size=11, differentiable=True,
    note="a sum of two: its best value is 2; Gaussian windows of 11 pixels that lie inside the image",
)  # fmt: skip
def ssim_gaussian_sum(t: Triple) -> Array:
    """SSIM with each source, summed: 11 x 11 Gaussian windows of deviation 1.5, weighted variances, L = 255."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return in_sequence([mean_similarity(t.fused, source, 11, 1.5, c1, c2) for source in t.sources])


@metric(
    "Qabf", "vifb", reference=XYDEAS, range=(0.0, 1.0), min_size=3, flips=False, transposes=False,
    undefined="sources without any edge have no edge to keep",
    note="levels are multiplied by 255 once more, which matters only where two strengths are equal",
)  # fmt: skip
def qabf_stretched(t: Triple) -> Array:
    """Edge transfer: Q of each pixel and source, weighted by the source's Sobel strength, Σ Q g / Σ g.

    Qabf@film on levels that are 255 times as large; the values agree to nine digits.
    """
    return sobel_transfer(t, 255.0)
