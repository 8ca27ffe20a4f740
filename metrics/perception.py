"""Metrics modelled on human vision: visual information fidelity."""

from __future__ import annotations

from .catalog import metric
from .filters import correlate, gaussian, sum_log10, summed
from .pixelwise import choose, larger, pixelwise
from .triple import Array, Image, Triple, feature
from .windows import summed_moments, window_moments

SHEIKH = "Sheikh and Bovik 2006, doi:10.1109/TIP.2005.859378"

FLAT = 1e-10  # a variance below it counts as none
NOISE = 2.0  # variance of the noise of the visual channel
SCALES = ((17, 3.4), (9, 1.8), (5, 1.0), (3, 0.6))  # taps and sigma of the window at each scale


@feature
def pyramid(image: Image) -> list[Array]:
    """The image at VIFp's four scales: each filtered with its window, valid part, every second pixel."""
    levels = [image.data]
    for window in SCALES[1:]:
        levels.append(correlate(levels[-1], gaussian(*window), stride=2))
    return levels


@pixelwise
def variance(squares: Array, average: Array) -> Array:
    """Mean square and mean of a window to its variance, which rounding may not turn negative."""
    return larger(squares - average * average, 0.0)


@feature
def local_moments(image: Image) -> list[tuple[Array, Array]]:
    """Gaussian-weighted mean and variance around each pixel, at each scale, in the order of `windowed`."""
    levels = zip(pyramid(image), SCALES, strict=True)
    return [window_moments(x, gaussian(*window), variance) for x, window in levels]


@pixelwise
def possible(vs: Array) -> Array:
    """Signal to noise ratio in the eye that looks at the source, plus 1; a flat source has no signal."""
    return 1 + choose(vs < FLAT, 0.0, vs) / NOISE


@pixelwise
def passed(both: Array, mf: Array, vf: Array, ms: Array, vs: Array) -> Array:
    """Signal to noise ratio in the eye that looks at the fused image, plus 1.

    No signal passes from a flat source, into a flat fused image, or where the contrast is inverted.
    """
    covariance = larger(both - mf * ms, 0.0)
    gain = covariance / (vs + FLAT)
    noise = larger(vf - gain * covariance, FLAT)
    return 1 + choose((vs < FLAT) | (vf < FLAT), 0.0, gain * gain * vs / (noise + NOISE))


@feature
def source_information(image: Image) -> Array:
    """What an eye could take from the image, Σ log10(1 + s²/2) over pixels and scales: (N,)."""
    return sum(summed(possible, vs, reduce=sum_log10) for _, vs in local_moments(image))


def vifp(fused: Image, *sources: Image) -> list[Array]:
    """Pixel-domain VIF of the fused image with each source as reference: (N,) each; 1 where the source is flat."""
    xp, kept = fused.xp, [0.0] * len(sources)
    for scale, window in enumerate(SCALES):
        maps = [(pyramid(source)[scale], *local_moments(source)[scale]) for source in sources]
        passes = summed_moments(passed, pyramid(fused)[scale], gaussian(*window), variance, maps, reduce=sum_log10)
        kept = [old + new for old, new in zip(kept, passes, strict=True)]
    whole = [source_information(source) for source in sources]
    return [xp.where(w > 0, k / xp.where(w > 0, w, 1.0), 1.0) for k, w in zip(kept, whole, strict=True)]


@metric(
    "VIFF", "film", reference=SHEIKH, identity=2.0, min_size=41, flips=False, differentiable=True,
    note="the sum of two VIFp; it is not the VIFF of Han et al. 2013, although the code names it so",
)  # fmt: skip
def vif_sum(t: Triple) -> Array:
    """Sum over both sources of VIFp(source, F): four scales, Gaussian windows 17, 9, 5, 3, noise variance 2."""
    of_a, of_b = vifp(t.fused, t.a, t.b)
    return of_a + of_b
