"""Artefacts: edges of the fused image that no source has."""

from __future__ import annotations

from math import pi

from ..arrays.filters import sobel, total
from ..arrays.pixelwise import choose, exp, larger, mapped, pixelwise, sqrt, summed
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import metric
from .gradient import slant, strength

KUMAR = "Shreyamsha Kumar 2013, doi:10.1007/s11760-012-0361-x; Petrovic and Xydeas 2005, doi:10.1109/ICCV.2005.175"
FAINT = 2.0  # strength below which an edge has the least weight


@feature
def reflected_edges(image: Image) -> tuple[Array, Array]:
    """Sobel strength over 8 and angle, border mirrored without its own pixel; π/2 where the horizontal part is 0."""
    slopes = sobel(image.pixels, border="reflect")
    length, angle = mapped(lambda x, y: (strength(x, y) / 8, slant(x, y)), *slopes, outputs=2)
    return length, angle


@pixelwise
def importance(g: Array) -> Array:
    """Perceptual importance of an edge of strength g: g to the power 1.5, next to nothing where it is faint."""
    return choose(g >= FAINT, g * sqrt(g), 0.001)


@feature
def weight(image: Image) -> Array:
    """Importance of each pixel's edge: (N, H, W)."""
    return importance(reflected_edges(image)[0])


@pixelwise
def strength_loss(gf: Array, gs: Array) -> Array:
    """Exponent of Q's first sigmoid, -19 (gs / gf - .5), where the fused image has the stronger edge."""
    return 9.5 - 19 * gs / larger(gf, 1e-200)


@pixelwise
def angle_loss(af: Array, angle: Array) -> Array:
    """Exponent of Q's second sigmoid, -22 (closeness - .5)."""
    return 11 - 44 / pi * abs(abs(angle - af) - pi / 2)


@pixelwise
def loss(gf: Array, ga: Array, gb: Array, sa: Array, aa: Array, wa: Array, sb: Array, ab: Array, wb: Array) -> Array:
    """(1 - QA) wA + (1 - QB) wB where the fused edge is the strongest; s and a are the sigmoids' exponentials."""
    qa = sqrt(0.9999 * 0.9995 / ((1 + sa) * (1 + aa)))
    qb = sqrt(0.9999 * 0.9995 / ((1 + sb) * (1 + ab)))
    return choose((gf > ga) & (gf > gb), (1 - qa) * wa + (1 - qb) * wb, 0.0)


def artefacts(fused: Image, first: Image, second: Image) -> Array:
    """Nabf of `fused` against two sources: (N,)."""

    def added(gf: Array, af: Array, ga: Array, aa: Array, gb: Array, ab: Array, wa: Array, wb: Array) -> Array:
        of_a = exp(strength_loss(gf, ga)), exp(angle_loss(af, aa)), wa
        of_b = exp(strength_loss(gf, gb)), exp(angle_loss(af, ab)), wb
        return loss(gf, ga, gb, *of_a, *of_b)

    maps = [part for image in (fused, first, second) for part in reflected_edges(image)]
    weights = weight(first), weight(second)
    return summed(added, *maps, *weights) / (total(weights[0]) + total(weights[1]))


@metric(
    "Nabf_fused_first", "tang", reference=KUMAR, better="lower", range=(0.0, 1.0), identity=0.0, min_size=3,
    transposes=False, note="the order of arguments that the function was written for",
)  # fmt: skip
@metric(
    "Nabf", "tang2022", reference=KUMAR, better="lower", range=(0.0, 1.0), identity=0.0, min_size=3, transposes=False
)
def nabf(t: Triple) -> Array:
    """Edges of the fused image that are stronger than in either source: weighted share of what the sources lack there.

    Σ (1 - QA) wA + (1 - QB) wB over the pixels whose Sobel strength in the fused image exceeds both sources',
    over Σ wA + wB of all pixels. Q is the edge preservation of strength and direction; w is strength^1.5, or .001
    where the strength is below 2. 0 is best.
    """
    return artefacts(t.fused, t.a, t.b)


@metric(
    "Nabf", "tang", reference=KUMAR, better="lower", range=(0.0, 1.0), identity=0.0, min_size=3, symmetric=False,
    transposes=False,
    note="today's code passes (a, b, fused) to a function that expects the fused image first: it scores source a as if "
    "it were fused; Nabf_fused_first has the order that is meant",
)  # fmt: skip
def nabf_as_called(t: Triple) -> Array:
    """Edges of source a that are stronger than in source b and in the fused image, weighted as in Nabf_fused_first.

    The formula is that of the artefact measure, with the images in the wrong places. It is kept because published
    tables may have been made with it; do not rank methods by it.
    """
    return artefacts(t.a, t.b, t.fused)
