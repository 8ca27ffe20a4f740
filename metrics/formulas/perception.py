"""Metrics modelled on human vision: visual information fidelity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..arrays.filters import gaussian
from ..arrays.pixelwise import choose, in_sequence, larger
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..arrays.windows import correlate, swept
from ..catalog import metric

SHEIKH = "Sheikh and Bovik 2006, doi:10.1109/TIP.2005.859378"

FLAT = 1e-10  # a variance below it counts as none
NOISE = 2.0  # variance of the noise of the visual channel
SCALES = ((17, 3.4), (9, 1.8), (5, 1.0), (3, 0.6))  # taps and sigma of the window at each scale


@feature
def pyramid(image: Image) -> list[Array]:
    """The image at VIFp's four scales: each filtered with its window, valid part, every second pixel."""
    levels = [image.pixels]
    for window in SCALES[1:]:
        levels.append(correlate(levels[-1], gaussian(*window), stride=2))
    return levels


def variance(squares: Array, average: Array) -> Array:
    """Mean square and mean of a window to its variance, which rounding may not turn negative."""
    return larger(squares - average * average, 0.0)


def possible(vs: Array) -> Array:
    """Signal to noise ratio in the eye that looks at the source, plus 1; a flat source has no signal."""
    return 1 + choose(vs < FLAT, 0.0, vs) / NOISE


def slope_factor(vs: Array) -> Array:
    """What makes a covariance with the source a slope, 1 / variance; a flat source passes nothing on."""
    return choose(vs < FLAT, 0.0, 1 / (vs + FLAT))


def arrival(both: Array, mf: Array, vf: Array, ms: Array, factor: Array) -> Array:
    """Signal to noise ratio in the eye that looks at the fused image, plus 1; `factor` is the source's `slope_factor`.

    No signal passes from a flat source, into a flat fused image, or where the contrast is inverted.
    """
    covariance = larger(both - mf * ms, 0.0)
    explained = covariance * covariance * factor
    noise = larger(vf - explained, FLAT)
    # gain² variance of the source, with gain = covariance · factor and variance = 1 / factor - FLAT
    return 1 + choose(vf < FLAT, 0.0, explained * (1 - FLAT * factor)) / (noise + NOISE)


class Reference(NamedTuple):
    """What is known of a source at one scale: maps of its means and slope factors, and what an eye could take (N,)."""

    mean: Array
    factor: Array
    information: Array


def reference_of(average: Array, squares: Array) -> tuple[Array, Array, Array]:
    """Mean and mean square of a window to mean, slope factor, and what is possible."""
    vs = variance(squares, average)
    return average, slope_factor(vs), possible(vs)


@feature
def references(image: Image) -> list[Reference]:
    """What is known of a source, at each scale."""
    return [
        Reference(*swept(reference_of, ((x,), (x, x)), gaussian(*window), outputs=2, totals=1, logarithms=True))
        for x, window in zip(pyramid(image), SCALES, strict=True)
    ]


def arrivals(mf: Array, squares: Array, fa: Array, fb: Array, *sources: Array) -> tuple[Array, Array]:
    """`arrival` for two sources, from window means of F, F², FA and FB, and mean and slope factor of A and of B."""
    vf = variance(squares, mf)
    ma, factor_a, mb, factor_b = sources
    return arrival(fa, mf, vf, ma, factor_a), arrival(fb, mf, vf, mb, factor_b)


def of_window(*means: Array) -> tuple[Array, ...]:
    """`arrivals` and what is possible for two sources, from window means of F, F², FA, FB, A, A², B and B²."""
    (*a, possible_a), (*b, possible_b) = reference_of(*means[4:6]), reference_of(*means[6:])
    return (*arrivals(*means[:4], *a, *b), possible_a, possible_b)


class Information(NamedTuple):
    """Sums of logarithms over windows and scales, (N,) each: what arrives of each source, and what could."""

    of_a: Array
    of_b: Array
    possible_a: Array
    possible_b: Array


@feature
def information(fused: Image, a: Image, b: Image) -> Information:
    """What the fused image tells of its sources: what belongs to these alone is kept where they are."""
    images = fused, a, b
    if a.kept and b.kept:
        levels, known = [pyramid(image) for image in images], (references(a), references(b))
        at_scales = zip(zip(*levels, strict=True), zip(*known, strict=True), SCALES, strict=True)
        scales = [_with_references(*scale) for scale in at_scales]
    else:
        scales = [_at_once(level, window) for level, window in zip(pyramids(*images), SCALES, strict=True)]
    return Information(*(in_sequence(parts) for parts in zip(*scales, strict=True)))


def _with_references(
    images: Sequence[Array], known: Sequence[Reference], window: tuple[int, float]
) -> tuple[Array, ...]:
    """`Information` of one scale, from what is known of the sources."""
    (x, y, z), (of_a, of_b) = images, known
    maps, products = (*of_a[:2], *of_b[:2]), ((x,), (x, x), (x, y), (x, z))
    sums = swept(arrivals, products, gaussian(*window), maps, outputs=0, totals=2, logarithms=True)
    return (*sums, of_a.information, of_b.information)


def _at_once(images: Sequence[Array], window: tuple[int, float]) -> tuple[Array, ...]:
    """`Information` of one scale, from the three images."""
    x, y, z = images
    products = ((x,), (x, x), (x, y), (x, z), (y,), (y, y), (z,), (z, z))
    return swept(of_window, products, gaussian(*window), outputs=0, totals=4, logarithms=True)


def pyramids(*images: Image) -> list[tuple[Array, ...]]:
    """`pyramid` of several images in one go: at each scale, each of them."""
    levels: list[tuple[Array, ...]] = [tuple(image.pixels for image in images)]
    for window in SCALES[1:]:
        products = tuple((x,) for x in levels[-1])
        levels.append(swept(lambda *means: means, products, gaussian(*window), outputs=len(images), stride=2))
    return levels


def vifp(fused: Image, a: Image, b: Image) -> list[Array]:
    """Pixel-domain VIF of the fused image with each source as reference: (N,) each; 1 where the source is flat."""
    xp, sums = fused.xp, information(fused, a, b)
    pairs = ((sums.of_a, sums.possible_a), (sums.of_b, sums.possible_b))
    return [xp.where(whole > 0, arrived / xp.where(whole > 0, whole, 1.0), 1.0) for arrived, whole in pairs]


@metric(
    "VIFF", "film", reference=SHEIKH, identity=2.0, min_size=41, flips=False, differentiable=True,
    note="the sum of two VIFp; it is not the VIFF of Han et al. 2013, although the code names it so",
)  # fmt: skip
def vif_sum(t: Triple) -> Array:
    """Sum over both sources of VIFp(source, F): four scales, Gaussian windows 17, 9, 5, 3, noise variance 2."""
    of_a, of_b = vifp(t.fused, t.a, t.b)
    return of_a + of_b
