"""Metrics modelled on human vision: visual information fidelity."""

from __future__ import annotations

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
        Reference(*swept(reference_of, x, gaussian(*window), (None, x), outputs=2, totals=1, logarithms=True))
        for x, window in zip(pyramid(image), SCALES, strict=True)
    ]


@feature
def source_information(image: Image) -> Array:
    """What an eye could take from the image, Σ log10(1 + s²/2) over pixels and scales: (N,)."""
    return in_sequence([scale.information for scale in references(image)])


def arrivals(mf: Array, squares: Array, fa: Array, fb: Array, *sources: Array) -> tuple[Array, Array]:
    """`arrival` for two sources, from window means of F, F², FA and FB, and mean and slope factor of A and of B."""
    vf = variance(squares, mf)
    ma, factor_a, mb, factor_b = sources
    return arrival(fa, mf, vf, ma, factor_a), arrival(fb, mf, vf, mb, factor_b)


def vifp(fused: Image, a: Image, b: Image) -> list[Array]:
    """Pixel-domain VIF of the fused image with each source as reference: (N,) each; 1 where the source is flat."""
    xp, sums = fused.xp, []
    for scale, window in enumerate(SCALES):
        x, y, z = (pyramid(image)[scale] for image in (fused, a, b))
        maps = [m for image in (a, b) for m in references(image)[scale][:2]]
        sums.append(
            swept(arrivals, x, gaussian(*window), (None, x, y, z), tuple(maps), outputs=0, totals=2, logarithms=True)
        )
    shares = []
    for source, parts in zip((a, b), zip(*sums, strict=True), strict=True):
        whole = source_information(source)
        shares.append(xp.where(whole > 0, in_sequence(parts) / xp.where(whole > 0, whole, 1.0), 1.0))
    return shares


@metric(
    "VIFF", "film", reference=SHEIKH, identity=2.0, min_size=41, flips=False, differentiable=True,
    note="the sum of two VIFp; it is not the VIFF of Han et al. 2013, although the code names it so",
)  # fmt: skip
def vif_sum(t: Triple) -> Array:
    """Sum over both sources of VIFp(source, F): four scales, Gaussian windows 17, 9, 5, 3, noise variance 2."""
    of_a, of_b = vifp(t.fused, t.a, t.b)
    return of_a + of_b
