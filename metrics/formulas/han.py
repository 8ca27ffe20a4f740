"""Visual information fidelity for fusion (VIFF) as Han et al. defined it in 2013."""

from __future__ import annotations

from math import inf

from ..arrays.filters import total
from ..arrays.local import local_covariance, local_variance
from ..arrays.pixelwise import in_sequence
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import metric
from .perception import FLAT, SCALES, pyramid

HAN = (
    "Han, Cai, Cao & Xu, A new image fusion performance metric based on visual information fidelity, Information "
    "Fusion 14, 2013, doi:10.1016/j.inffus.2011.08.002"
)
NOISE = 0.005 * 255**2  # variance of the noise of the visual channel
WEIGHTS = (1 / 2.15, 0.0, 0.15 / 2.15, 1 / 2.15)  # of the scales, finest first
SMALL = 1e-7  # added to every pixel, so that flat images divide


@feature
def levels(image: Image) -> list[Image]:
    """The image at VIFp's four scales."""
    return [Image(x) for x in pyramid(image)]


def fidelity(fused: Image, source: Image, scale: int) -> tuple[Array, Array, Array]:
    """Gain, information that arrives and information there was, at every pixel of one scale.

    The gain is the slope of the regression of the fused image on the source, 0 where either is flat or it is negative.
    """
    xp, window, f, s = fused.xp, SCALES[scale], levels(fused)[scale], levels(source)[scale]
    vf, vs, covariance = local_variance(f, *window), local_variance(s, *window), local_covariance(f, s, *window)
    follows = (vs >= FLAT) & (vf >= FLAT) & (covariance > 0)
    gain = xp.where(follows, covariance / (vs + FLAT), 0.0)
    rest = vf - gain * covariance
    rest = xp.where(rest > FLAT, rest, FLAT)
    there = xp.where(vs < FLAT, 0.0, vs)
    return gain, xp.log10(1 + gain**2 * there / (rest + NOISE)), xp.log10(1 + there / NOISE)


@metric(
    "VIFF", "han2013", reference=HAN, range=(0, inf), identity=1, min_size=41, symmetric=False, flips=False,
    differentiable=True,
    note="the VIFF of the paper; what FILM, CDDFuse and many tables call VIFF is a sum of two VIFp with noise "
    "variance 2. For colour the authors score the L of CIELAB",
)  # fmt: skip
def viff_han(t: Triple) -> Array:
    """Visual information that arrives over the information there was, by scale, from the source with the smaller gain.

    At every pixel of VIFp's four scales the source counts on which the fused image has the smaller slope (source b
    where they are equal); the ratio of the sums of log10(1 + g² var S / (rest + σ²)) and log10(1 + var S / σ²),
    σ² = .005 · 255², is weighted by (1, 0, .15, 1) / 2.15, finest scale first. From 0; 1 for a copy, above it
    where the contrast of both sources is raised. Flat images score 1, and equal gains (0 and 0 in a flat fused
    image) make it depend on the order of the sources. Follows the code that the authors published, which takes the
    smaller gain, although the metric is often described as taking the larger; no values were published to
    compare with: checked against a plain reading of the definition.
    """
    xp, parts = t.xp, []
    for scale, weight in enumerate(WEIGHTS):
        if weight:
            (gain_a, arrived_a, there_a), (gain_b, arrived_b, there_b) = (
                fidelity(t.fused, source, scale) for source in t.sources
            )
            smaller = gain_a < gain_b
            arrived = total(xp.where(smaller, arrived_a, arrived_b) + SMALL)
            parts.append(weight * arrived / total(xp.where(smaller, there_a, there_b) + SMALL))
    return in_sequence(parts)
