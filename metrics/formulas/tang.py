"""The conventions of Tang's Evaluation-for-Image-Fusion: today's code (tang) and that of May 2022 (tang2022).

The published TNO table was made with tang2022; what only that code computes is in `saturating`.
"""

from __future__ import annotations

from math import inf, log, nan

from ..arrays.filters import pad
from ..arrays.local import mean_similarity
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import adopt, metric
from .gradient import CUI, gradient_sum
from .information import QU, entropy, joint_probabilities, probabilities
from .intensity import JAGALINGAM, mean_squared_error
from .perception import SHEIKH, information, vif_sum
from .structure import WANG

adopt("EN@film", "EN", "tang", "tang2022")
adopt("SD@film", "SD", "tang")
adopt("SF@film", "SF", "tang")
adopt("CC@film", "CC", "tang", "tang2022")
adopt("SCD@film", "SCD", "tang", "tang2022")
adopt("Qabf@film", "Qabf", "tang")


@metric(
    "AG", "tang", "tang2022", reference=CUI, range=(0.0, inf), min_size=2, no_reference=True, differentiable=True,
    note="divided by (M-1)(N-1) although all M N pixels are summed",
)  # fmt: skip
def average_gradient_interior(t: Triple) -> Array:
    """Sum of sqrt((gx² + gy²)/2) over all pixels, divided by (M-1)(N-1).

    gx and gy are central differences, one-sided at the border.
    """
    height, width = t.fused.size
    return gradient_sum(t.fused) / ((height - 1) * (width - 1))


@metric(
    "VIF", "tang", reference=SHEIKH, identity=2.0, min_size=41, flips=False, differentiable=True,
    undefined="a source of which no part varies has no information to keep", note="the sum of two VIFp",
)  # fmt: skip
def vif_of_varied_sources(t: Triple) -> Array:
    """Sum over both sources of VIFp(source, F), as VIFF@film, but without a value where a source is constant (0/0)."""
    sums = information(t.fused, t.a, t.b)
    return t.xp.where((sums.possible_a > 0) & (sums.possible_b > 0), vif_sum(t), nan)


@feature
def merged_joint_probabilities(image: Image, other: Image) -> Array:
    """Relative frequency of pairs of levels, 254 and 255 counted as one: (N, 255, 255)."""
    xp, both = image.xp, joint_probabilities(image, other)
    both = xp.concat([both[:, :254], both[:, 254:255] + both[:, 255:]], axis=1)
    return xp.concat([both[:, :, :254], both[:, :, 254:255] + both[:, :, 255:]], axis=2)


@metric(
    "MI", "tang", "tang2022", reference=QU, range=(0.0, inf),
    note="in bits; levels 254 and 255 are one in the joint histogram but two in the others (uint8 + 1 stops at 255)",
)  # fmt: skip
def mutual_information_merged(t: Triple) -> Array:
    """Mutual information of the fused image with each source, summed: H(X) + H(F) - H(X, F), in bits.

    The joint histogram does not tell the levels 254 and 255 apart, which adds up to 2 % on bright images.
    """
    own = entropy(probabilities(t.fused))
    each = [own + entropy(probabilities(s)) - entropy(merged_joint_probabilities(t.fused, s)) for s in t.sources]
    return (each[0] + each[1]) / log(2)


@metric(
    "MSE", "tang", "tang2022", reference=JAGALINGAM, better="lower", range=(0.0, 1.0), identity=0.0,
    differentiable=True, note="on 0..1",
)  # fmt: skip
def mean_squared_error_unit(t: Triple) -> Array:
    """Mean squared error on 0..1 against each source, mean of the two."""
    return mean_squared_error(t) / 255**2


@metric(
    "PSNR", "tang", "tang2022", reference=JAGALINGAM, range=(20 * log(255, 10), inf), identity=inf, differentiable=True,
    note="the peak is 255 and the error that of images on 0..1: 48.13 dB above the usual value",
)  # fmt: skip
def psnr_mixed_units(t: Triple) -> Array:
    """Peak signal to noise ratio, 20 log10(255 / sqrt(MSE)) with the MSE on 0..1, the mean over both sources, in dB."""
    return 10 * t.xp.log10(255.0**2 / mean_squared_error_unit(t))


@feature
def extended(image: Image) -> Image:
    """The image with its border replicated five times on each side: every pixel has a window of 11."""
    return Image(pad(image.pixels, 5, 5, "replicate"))


@metric(
    "SSIM", "tang", reference=WANG, range=(-1.0, 1.0), identity=1.0, min_size=11, differentiable=True,
    note="levels of 0..255 with the stabilising constants of a data range of 1, MATLAB's default for doubles",
)  # fmt: skip
def ssim_mean_range_1(t: Triple) -> Array:
    """SSIM with each source, mean of the two: 11 x 11 Gaussian windows of deviation 1.5, border replicated, L = 1."""
    fused = extended(t.fused)
    each = [mean_similarity(fused, extended(s), 11, 1.5, 0.01**2, 0.03**2) for s in t.sources]
    return (each[0] + each[1]) / 2
