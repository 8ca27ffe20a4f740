"""Q_P: how well a fused image keeps the phase congruency of its sources."""

from __future__ import annotations

from math import nan
from typing import NamedTuple

from ..arrays.filters import gaussian, pad, total
from ..arrays.local import covariance, local_moments, moments_of
from ..arrays.pixelwise import choose, larger, sqrt
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array, Namespace
from ..arrays.windows import swept
from ..catalog import metric
from .phase import Congruency, phase_congruency

ZHAO = (
    "Zhao, Laganière & Liu, Performance assessment of combinative pixel-level image fusion based on an absolute "
    "feature measurement, Int. J. Innovative Computing, Information and Control 3(6A), 2007; Kovesi, Image "
    "features from phase congruency, Videre 1(3), 1999"
)

FEATURE = 0.1  # phase congruency above which a pixel is a feature
WINDOW = (11, 1.5)
FRAME = 5  # zeros around the maps: as many as the window reaches
STABLE = 1e-4


class Features(NamedTuple):
    """The maps of a source (or of both), zero outside its features and in a frame, and where those are."""

    maps: tuple[Image, Image, Image]
    where: Array


def _features(xp: Namespace, maps: Congruency) -> Features:
    where = maps.congruency > FEATURE
    congruency, edge, corner = (Image(pad(xp.where(where, x, 0.0), FRAME, FRAME, "zero")) for x in maps)
    return Features((congruency, edge, corner), where)


@feature
def features(source: Image) -> Features:
    """Features of one source."""
    return _features(source.xp, phase_congruency(source))


@feature
def joint_features(a: Image, b: Image) -> Features:
    """Features of the source whose phase congruency is larger, pixel by pixel."""
    xp, first, second = a.xp, phase_congruency(a), phase_congruency(b)
    larger = first.congruency > second.congruency
    return _features(xp, Congruency(*(xp.where(larger, x, y) for x, y in zip(first, second, strict=True))))


def correlation(both: Array, mf: Array, vf: Array, mc: Array, vc: Array) -> Array:
    """Correlation in a window, 1 where both maps are flat."""
    return (covariance(both, mf, vf, mc, vc) + STABLE) / (sqrt(vf * vc) + STABLE)


def best_correlation(*numbers: Array) -> tuple[Array]:
    """The largest of the correlations of a fused map with three others, each 0 where it has no feature.

    From the window means of F, F² and F times each, and mean, variance and presence of each.
    """
    own, products, maps = moments_of(*numbers[:2]), numbers[2:5], numbers[5:]
    correlations = [
        choose(maps[3 * k + 2] > 0, correlation(both, *own, *maps[3 * k : 3 * k + 2]), 0.0)
        for k, both in enumerate(products)
    ]
    return (larger(larger(correlations[0], correlations[1]), correlations[2]),)


@metric(
    "Q_P", "liu", reference=ZHAO, range=(-1, 1), min_size=2, flips=False, transposes=False,
    undefined="no pixel of a source has a phase congruency above .1 (0/0)",
)  # fmt: skip
def q_p(t: Triple) -> Array:
    """Product of the mean local correlations of phase congruency, its largest and its smallest moment, at features.

    Each factor: at every pixel the largest of the correlations of the fused map with that of source a, of source b and
    of the stronger of both (11x11 Gaussian windows of deviation 1.5, C = 1e-4), summed and divided by the number of
    features, the pixels where a source's phase congruency exceeds .1. From -1 to 1. The source maps are zero outside
    their features, the fused ones are not, so a copy does not reach 1. A flat fused image gives C / C, about 1: look at
    another metric too. The filters are not quite mirror images at the highest frequency, so flipping changes the
    last digits.
    """
    xp, sums = t.xp, list[Array]()
    candidates = [features(t.a), features(t.b), joint_features(t.a, t.b)]
    count = total(xp.astype(candidates[-1].where, xp.float64))
    where = [xp.astype(c.where, xp.uint8) for c in candidates]
    for i, data in enumerate(phase_congruency(t.fused)):
        fused, others = pad(data, FRAME, FRAME, "zero"), [c.maps[i] for c in candidates]
        maps = [m for other, there in zip(others, where, strict=True) for m in (*local_moments(other, *WINDOW), there)]
        products = ((fused,), (fused, fused), *((fused, other.pixels) for other in others))
        sums += swept(best_correlation, products, gaussian(*WINDOW), tuple(maps), outputs=0, totals=1)
    count = xp.where(count > 0, count, nan)
    return sums[0] / count * sums[1] / count * sums[2] / count
