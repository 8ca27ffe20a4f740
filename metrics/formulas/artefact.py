"""Artefacts: edges of the fused image that no source has."""

from __future__ import annotations

from math import pi

from ..arrays.filters import sobel
from ..arrays.pixelwise import choose, exp, larger, mapped, sqrt, summed
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import metric
from .gradient import slant, strength

KUMAR = "Shreyamsha Kumar 2013, doi:10.1007/s11760-012-0361-x; Petrovic and Xydeas 2005, doi:10.1109/ICCV.2005.175"
FAINT = 2.0  # strength below which an edge has the least weight


@feature
def reflected_edges(image: Image) -> tuple[Array, ...]:
    """Sobel edges of an image whose border is mirrored without its own pixel, and the sum of their importance (N,).

    Strength over 8; angle, π/2 where the horizontal part is 0; and perceptual importance, the strength to the power
    1.5, next to nothing where it is faint.
    """

    def of_pixel(along: Array, down: Array) -> tuple[Array, ...]:
        length = strength(along, down) / 8
        importance = choose(length >= FAINT, length * sqrt(length), 0.001)
        return length, slant(along, down), importance, importance

    return mapped(of_pixel, *sobel(image.pixels, border="reflect"), outputs=3, totals=1)


def preservation(gf: Array, af: Array, gs: Array, angle: Array) -> Array:
    """Q of a pixel and a source, where the fused image has the stronger edge."""
    less_strength = exp(9.5 - 19 * gs / larger(gf, 1e-200))  # -19 (gs / gf - .5)
    other_angle = exp(11 - 44 / pi * abs(abs(angle - af) - pi / 2))  # -22 (closeness - .5)
    return sqrt(0.9999 * 0.9995 / ((1 + less_strength) * (1 + other_angle)))


def artefact(gf: Array, af: Array, ga: Array, aa: Array, wa: Array, gb: Array, ab: Array, wb: Array) -> Array:
    """(1 - QA) wA + (1 - QB) wB where the fused edge is the strongest."""
    lost = (1 - preservation(gf, af, ga, aa)) * wa + (1 - preservation(gf, af, gb, ab)) * wb
    return choose((gf > ga) & (gf > gb), lost, 0.0)


def artefacts(fused: Image, first: Image, second: Image) -> Array:
    """Nabf of `fused` against two sources: (N,)."""
    (*a, sum_a), (*b, sum_b) = reflected_edges(first), reflected_edges(second)
    return summed(artefact, *reflected_edges(fused)[:2], *a, *b) / (sum_a + sum_b)


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
