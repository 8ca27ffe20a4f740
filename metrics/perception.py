"""Metrics modelled on human vision: visual information fidelity."""

from __future__ import annotations

from .catalog import metric
from .filters import correlate, gaussian, sum_log10
from .triple import Array, Image, Triple, feature

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


@feature
def local_moments(image: Image) -> list[tuple[Array, Array]]:
    """Gaussian-weighted mean and variance around each pixel, at each scale."""
    found = []
    for x, window in zip(pyramid(image), SCALES, strict=True):
        average = correlate(x, gaussian(*window))
        variance = correlate(x * x, gaussian(*window)) - average * average
        found.append((average, image.xp.clip(variance, min=0.0)))
    return found


@feature
def source_information(image: Image) -> Array:
    """What an eye could take from the image, Σ log10(1 + s²/2) over pixels and scales: (N,)."""
    xp = image.xp
    return sum(sum_log10(1 + xp.where(s < FLAT, 0.0, s) / NOISE) for _, s in local_moments(image))


def vifp(fused: Image, source: Image) -> Array:
    """Pixel-domain VIF of the fused image with one source as reference: (N,); 1 where the source is flat."""
    xp, kept = fused.xp, 0.0
    pairs = zip(pyramid(fused), pyramid(source), local_moments(fused), local_moments(source), SCALES, strict=True)
    for f, s, (mf, vf), (ms, vs), window in pairs:
        covariance = correlate(f * s, gaussian(*window)) - mf * ms
        gain = covariance / (vs + FLAT)
        noise = xp.clip(vf - gain * covariance, min=FLAT)
        signal = gain * gain * vs / (noise + NOISE)
        # no information passes where either is flat, nor where the contrast is inverted
        kept = kept + sum_log10(1 + xp.where((vs < FLAT) | (vf < FLAT) | (covariance < 0), 0.0, signal))
    possible = source_information(source)
    return xp.where(possible > 0, kept / xp.where(possible > 0, possible, 1.0), 1.0)


@metric(
    "VIFF", "film", reference=SHEIKH, identity=2.0, min_size=41, transposes=True, differentiable=True,
    note="the sum of two VIFp; it is not the VIFF of Han et al. 2013, although the code names it so",
)  # fmt: skip
def vif_sum(t: Triple) -> Array:
    """Sum over both sources of VIFp(source, F): four scales, Gaussian windows 17, 9, 5, 3, noise variance 2."""
    return vifp(t.fused, t.a) + vifp(t.fused, t.b)
