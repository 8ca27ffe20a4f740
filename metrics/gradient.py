"""Metrics of gradients and edges: spatial frequency, average gradient, edge transfer."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi

from .catalog import metric
from .filters import arctan, central_differences, exp, sobel, squared_distance, summed, total
from .pixelwise import choose, larger, pixelwise, smaller, sqrt
from .triple import Array, Image, Triple, feature

ESKICIOGLU = "Eskicioglu and Fisher 1995, doi:10.1109/26.477498"
CUI = "Cui et al. 2015, doi:10.1016/j.optcom.2014.12.032"
XYDEAS = "Xydeas and Petrovic 2000, doi:10.1049/el:20000267"


@pixelwise
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


@pixelwise
def strength(along: Array, down: Array) -> Array:
    """Length of the gradient."""
    return sqrt(along * along + down * down)


@pixelwise
def steepness(along: Array, down: Array) -> Array:
    """Tangent of the gradient's angle, +∞ where the horizontal part is 0."""
    # the sign is that of a true convolution: it matters against the fixed sign of +∞
    return choose(along == 0, inf, -down / choose(along == 0, 1.0, along))


Edges = tuple[Array, Array]  # strength and angle


def polar(along: Array, down: Array) -> Edges:
    """Strength and angle of a gradient for Qabf: arctan in -π/2..π/2, π/2 where the horizontal part is 0."""
    return strength(along, down), arctan(steepness(along, down))


@feature
def edges(image: Image) -> Edges:
    """Sobel strength and angle of Qabf, with a border of zeros."""
    return polar(*sobel(image.pixels))


@pixelwise
def strength_loss(gf: Array, gs: Array, unit: float) -> Array:
    """Exponent of Qabf's first sigmoid, -15 (ratio - .5)."""
    ratio = choose(gs == gf, unit * gf, smaller(gs, gf) / choose(gs == gf, 1.0, larger(gs, gf)))
    return -15 * (ratio - 0.5)


@pixelwise
def angle_loss(af: Array, angle: Array) -> Array:
    """Exponent of Qabf's second sigmoid, -22 (closeness - .8)."""
    closeness = 1 - abs(angle - af) / (pi / 2)
    return -22 * (closeness - 0.8)


@pixelwise
def kept_of_both(sa: Array, da: Array, ga: Array, sb: Array, db: Array, gb: Array) -> Array:
    """Q times strength for both sources, from the exponentials (of the strength's loss and the direction's) and g."""
    return 0.9994 * 0.9879 * (ga / ((1 + sa) * (1 + da)) + gb / ((1 + sb) * (1 + db)))


def edge_transfer(
    fused: tuple[Array, Array], a: Edges, b: Edges, unit: float = 1.0, to_edges: Callable[..., Edges] = polar
) -> Array:
    """Xydeas and Petrovic's edge transfer: Q of each pixel and source, weighted by the source's edge strength: (N,).

    Where two strengths are equal the published codes take the strength itself for their ratio, not 1, in the `unit`
    (per grey level) that each has for its images. `to_edges` makes strength and angle of the two maps `fused`, piece by
    piece.
    """

    def kept(x: Array, y: Array, ga: Array, aa: Array, gb: Array, ab: Array) -> Array:
        gf, af = to_edges(x, y)
        of_a = exp(strength_loss(gf, ga, unit)), exp(angle_loss(af, aa)), ga
        return kept_of_both(*of_a, exp(strength_loss(gf, gb, unit)), exp(angle_loss(af, ab)), gb)

    return summed(kept, *fused, *a, *b) / (total(a[0]) + total(b[0]))


@metric(
    "Qabf", "film", reference=XYDEAS, range=(0.0, 1.0), min_size=3, flips=False, transposes=False,
    undefined="sources without any edge have no edge to keep",
)  # fmt: skip
def qabf(t: Triple) -> Array:
    """Edge transfer: Q of each pixel and source, weighted by the source's Sobel strength, Σ Q g / Σ g."""
    return edge_transfer(sobel(t.fused.pixels), edges(t.a), edges(t.b))
