"""Metrics of gradients and edges: spatial frequency, average gradient, edge transfer."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf, pi

from .catalog import metric
from .filters import central_differences, sobel, squared_distance
from .pixelwise import arctan, choose, exp, larger, mapped, smaller, sqrt, summed
from .triple import Array, Image, Triple, feature

ESKICIOGLU = "Eskicioglu and Fisher 1995, doi:10.1109/26.477498"
CUI = "Cui et al. 2015, doi:10.1016/j.optcom.2014.12.032"
XYDEAS = "Xydeas and Petrovic 2000, doi:10.1049/el:20000267"


def slope(along: Array, down: Array) -> Array:
    """Root of the mean square of both derivatives, from twice the derivatives."""
    return sqrt((along * along + down * down) / 8)


@feature
def gradient_sum(image: Image) -> Array:
    """Σ sqrt((gx² + gy²)/2) over all pixels, central differences, one-sided at the border: (N,)."""
    return summed(slope, *central_differences(image.pixels))


@metric(
    "SF", "film", reference=ESKICIOGLU, range=(0.0, 255 * 2**0.5), min_size=2, no_reference=True, differentiable=True
)
def spatial_frequency(t: Triple) -> Array:
    """Root of the mean squared horizontal plus the mean squared vertical difference, each over its own count."""
    x, (height, width) = t.fused.pixels, t.fused.size
    along, down = squared_distance(x[..., 1:], x[..., :-1]), squared_distance(x[..., 1:, :], x[..., :-1, :])
    return t.xp.sqrt(along / (height * (width - 1)) + down / ((height - 1) * width))


@metric(
    "AG", "film", reference=CUI, range=(0.0, 255.0), min_size=2, no_reference=True, differentiable=True,
    note="divided by the number of pixels MN, where others divide by (M-1)(N-1)",
)  # fmt: skip
def average_gradient(t: Triple) -> Array:
    """Mean of sqrt((gx² + gy²)/2), central differences, one-sided at the border, over all pixels."""
    return gradient_sum(t.fused) / (t.fused.size[0] * t.fused.size[1])


def strength(along: Array, down: Array) -> Array:
    """Length of the gradient."""
    return sqrt(along * along + down * down)


def steepness(along: Array, down: Array) -> Array:
    """Tangent of the gradient's angle, +∞ where the horizontal part is 0."""
    # the sign is that of a true convolution: it matters against the fixed sign of +∞
    return choose(along == 0, inf, -down / choose(along == 0, 1.0, along))


Edges = tuple[Array, Array]  # strength, and direction as `direction` tells it
SourceEdges = tuple[Array, Array, Array]  # the same, and the sum of the strength (N,)

STEEP = 22 / (pi / 2)  # of Qabf's second sigmoid, per radian
TURN = math.exp(-22 * 0.2)


def direction(angle: Array) -> Array:
    """Exponential of an angle: the second sigmoid needs the exponential of a difference, a ratio of two of these."""
    return exp(STEEP * angle)


def polar(along: Array, down: Array) -> Edges:
    """Strength and direction of a gradient for Qabf: arctan in -π/2..π/2, π/2 where the horizontal part is 0."""
    return strength(along, down), direction(arctan(steepness(along, down)))


@feature
def edges(image: Image) -> SourceEdges:
    """Sobel strength and direction of Qabf, with a border of zeros; and the sum of the strength (N,)."""
    length, turn, whole = mapped(polar_and_strength, *sobel(image.pixels), kept=2, sums=1)
    return length, turn, whole


def polar_and_strength(along: Array, down: Array) -> tuple[Array, Array, Array]:
    """`polar`, and the strength once more."""
    length, turn = polar(along, down)
    return length, turn, length


def kept(gf: Array, df: Array, gs: Array, ds: Array, unit: float) -> Array:
    """Q of a source, from strength and direction in the fused image and in the source.

    0.9994 / (1 + exp(-15 (ratio - .5))) · 0.9879 / (1 + exp(-22 (closeness - .8)))
    """
    ratio = choose(gs == gf, unit * gf, smaller(gs, gf) / choose(gs == gf, 1.0, larger(gs, gf)))
    turn = larger(df, ds) / smaller(df, ds)  # exp(22 (1 - closeness))
    return 0.9994 * 0.9879 / ((1 + exp(-15 * (ratio - 0.5))) * (1 + TURN * turn))


def edge_transfer(
    fused: tuple[Array, Array],
    a: SourceEdges,
    b: SourceEdges,
    unit: float = 1.0,
    to_edges: Callable[..., Edges] = polar,
) -> Array:
    """Xydeas and Petrovic's edge transfer: Q of each pixel and source, weighted by the source's edge strength: (N,).

    Where two strengths are equal the published codes take the strength itself for their ratio, not 1, in the `unit`
    (per grey level) that each has for its images. `to_edges` makes strength and direction of the two maps `fused`.
    """

    def transferred(x: Array, y: Array, ga: Array, da: Array, gb: Array, db: Array) -> Array:
        gf, df = to_edges(x, y)
        return kept(gf, df, ga, da, unit) * ga + kept(gf, df, gb, db, unit) * gb

    return summed(transferred, *fused, *a[:2], *b[:2]) / (a[2] + b[2])


@metric(
    "Qabf", "film", reference=XYDEAS, range=(0.0, 1.0), min_size=3, flips=False, transposes=False,
    undefined="sources without any edge have no edge to keep",
)  # fmt: skip
def qabf(t: Triple) -> Array:
    """Edge transfer: Q of each pixel and source, weighted by the source's Sobel strength, Σ Q g / Σ g."""
    return edge_transfer(sobel(t.fused.pixels), edges(t.a), edges(t.b))
