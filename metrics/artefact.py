"""Artefacts: edges of the fused image that no source has."""

from __future__ import annotations

from math import pi
from typing import Any

from .catalog import metric
from .filters import mapped, sobel, summed, total
from .triple import Array, Image, Triple, feature

KUMAR = (
    "Shreyamsha Kumar 2013, doi:10.1007/s11760-012-0361-x; Petrovic and Xydeas 2005, doi:10.1016/j.inffus.2004.04.010"
)
FAINT = 2.0  # strength below which an edge has the least weight


@feature
def reflected_edges(image: Image) -> tuple[Array, Array]:
    """Sobel strength over 8 and angle, border mirrored without its own pixel; π/2 where the horizontal part is 0."""
    xp = image.xp

    def polar(along: Array, down: Array) -> tuple[Array, Array]:
        level = along == 0
        angle = xp.where(level, pi / 2, xp.atan(down / xp.where(level, 1.0, along)))
        return xp.sqrt(along * along + down * down) / 8, angle

    strength, angle = mapped(polar, *sobel(image.data, border="reflect"))
    return strength, angle


def lost(xp: Any, fused: tuple[Array, Array], source: tuple[Array, Array]) -> Array:
    """Part of each pixel's edge in the source that the fused image does not keep, 1 - sqrt(Qg Qa).

    For pixels where the fused image has an edge that is the stronger one.
    """
    (gf, af), (gs, angle) = fused, source
    closeness = xp.abs(xp.abs(angle - af) - pi / 2) * (2 / pi)
    # .9999 / (1 + exp(-19 (gs / gf - .5))) times .9995 / (1 + exp(-22 (closeness - .5)))
    return 1 - xp.sqrt(0.9999 * 0.9995 / ((1 + xp.exp(9.5 - 19 * gs / gf)) * (1 + xp.exp(11 - 22 * closeness))))


@feature
def weight(image: Image) -> Array:
    """Perceptual importance of each pixel's edge: strength to the power 1.5, next to nothing where it is faint."""
    xp, strength = image.xp, reflected_edges(image)[0]
    return mapped(lambda g: (xp.where(g >= FAINT, g * xp.sqrt(g), 0.001),), strength)[0]


def artefacts(xp: Any, fused: Image, first: Image, second: Image) -> Array:
    """Nabf of `fused` against two sources: (N,)."""

    def added(gf: Array, af: Array, ga: Array, aa: Array, gb: Array, ab: Array, wa: Array, wb: Array) -> Array:
        new = (gf > ga) & (gf > gb)
        edge = xp.where(new, gf, 1.0), af
        return xp.where(new, lost(xp, edge, (ga, aa)) * wa + lost(xp, edge, (gb, ab)) * wb, 0.0)

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
    return artefacts(t.xp, t.fused, t.a, t.b)


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
    return artefacts(t.xp, t.a, t.b, t.fused)
