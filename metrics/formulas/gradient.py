"""Metrics of gradients and edges: spatial frequency, average gradient, edge transfer."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import pi
from typing import NamedTuple

from ..arrays.filters import neighbours, sobel, squared_distance
from ..arrays.pixelwise import angle, choose, exp, larger, mapped, smaller, sqrt, summed
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import metric

ESKICIOGLU = "Eskicioglu and Fisher 1995, doi:10.1109/26.477498"
CUI = "Cui et al. 2015, doi:10.1016/j.optcom.2014.12.032"
XYDEAS = "Xydeas and Petrovic 2000, doi:10.1049/el:20000267"


def slope(west: Array, east: Array, north: Array, south: Array) -> Array:
    """Root of the mean square of both derivatives, from the neighbours of a pixel."""
    along, down = east - west, south - north
    return sqrt((along * along + down * down) / 8)


@feature
def gradient_sum(image: Image) -> Array:
    """Σ sqrt((gx² + gy²)/2) over all pixels, central differences, one-sided at the border: (N,)."""
    return summed(slope, *neighbours(image.pixels))


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


def slant(along: Array, down: Array) -> Array:
    """Angle of a gradient, arctan in -π/2..π/2; π/2 where the horizontal part is 0."""
    # the sign is that of a true convolution: it matters against the fixed sign of π/2
    return choose(along == 0, pi / 2, angle(-down, choose(along == 0, 1.0, along)))


class Edges(NamedTuple):
    """Edges of an image as Qabf compares them."""

    strength: Array
    direction: Array  # exponential of the angle, scaled: the ratio of two is that of a difference


STEEP = 22 / (pi / 2)  # of Qabf's second sigmoid, per radian
TURN = math.exp(-22 * 0.2)


def edges_of(strength: Array, angle: Array) -> Edges:
    """Edges from strength and angle."""
    return Edges(strength, exp(STEEP * angle))


def polar(along: Array, down: Array) -> Edges:
    """Edges from both derivatives."""
    return edges_of(strength(along, down), slant(along, down))


@feature
def edges(image: Image) -> tuple[Edges, Array]:
    """Sobel edges of Qabf, with a border of zeros; and the sum of their strength (N,)."""

    def with_sum(along: Array, down: Array) -> tuple[Array, ...]:
        own = polar(along, down)
        return (*own, own.strength)

    *maps, whole = mapped(with_sum, *sobel(image.pixels), outputs=2, totals=1)
    return Edges(*maps), whole


def closeness(f: Edges, s: Edges, unit: float) -> tuple[Array, Array]:
    """Q of a pixel and a source, as a ratio of two numbers but for 0.9994 · 0.9879.

    1 / (1 + exp(-15 (ratio - .5))) · 1 / (1 + exp(-22 (closeness - .8))); the second exponential is that of the angle
    between both, the larger direction over the smaller, times TURN.
    """
    weak, strong = smaller(s.strength, f.strength), larger(s.strength, f.strength)
    ratio = choose(weak == strong, unit * strong, weak / choose(strong == 0, 1.0, strong))
    low, high = smaller(f.direction, s.direction), larger(f.direction, s.direction)
    return low, (1 + exp(-15 * (ratio - 0.5))) * (low + TURN * high)


def transferred(f: Edges, a: Edges, b: Edges, unit: float) -> Array:
    """Q of both sources, each times the source's strength."""
    (above_a, below_a), (above_b, below_b) = closeness(f, a, unit), closeness(f, b, unit)
    both = a.strength * above_a * below_b + b.strength * above_b * below_a
    return 0.9994 * 0.9879 * both / (below_a * below_b)


def edge_transfer(
    fused: tuple[Array, Array],
    a: tuple[Edges, Array],
    b: tuple[Edges, Array],
    unit: float = 1.0,
    to_edges: Callable[..., Edges] = polar,
) -> Array:
    """Xydeas and Petrovic's edge transfer: Q of each pixel and source, weighted by the source's edge strength: (N,).

    Where two strengths are equal the published codes take the strength itself for their ratio, not 1, in the `unit`
    (per grey level) that each has for its images. `to_edges` makes edges of the two maps `fused`; sources are edges and
    the sum of their strength.
    """

    def of_pixel(x: Array, y: Array, *sources: Array) -> Array:
        return transferred(to_edges(x, y), Edges(*sources[:2]), Edges(*sources[2:]), unit)

    return summed(of_pixel, *fused, *a[0], *b[0]) / (a[1] + b[1])


def sobel_transfer(t: Triple, unit: float = 1.0) -> Array:
    """Edge transfer of Sobel edges; maps of the sources' are made only where they are kept."""
    fused = sobel(t.fused.pixels)
    if t.kept:
        return edge_transfer(fused, edges(t.a), edges(t.b), unit)

    def of_pixel(*derivatives: Array) -> tuple[Array, ...]:
        f, a, b = (polar(*derivatives[i : i + 2]) for i in (0, 2, 4))
        return transferred(f, a, b, unit), a.strength, b.strength

    above, *below = mapped(of_pixel, *fused, *sobel(t.a.pixels), *sobel(t.b.pixels), outputs=0, totals=3)
    return above / (below[0] + below[1])


@metric(
    "Qabf", "film", reference=XYDEAS, range=(0.0, 1.0), min_size=3, flips=False, transposes=False,
    undefined="sources without any edge have no edge to keep",
)  # fmt: skip
def qabf(t: Triple) -> Array:
    """Edge transfer: Q of each pixel and source, weighted by the source's Sobel strength, Σ Q g / Σ g."""
    return sobel_transfer(t)
