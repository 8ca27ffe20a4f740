"""The arithmetic that made the published TNO table: 8-bit integers that stop at 255, and sums whose order counts.

MATLAB's uint8 rounds every result and cuts it to 0..255. Code that forgot to convert to double is reproduced here.
"""

from __future__ import annotations

from math import pi

import numpy as np

from ..arrays.filters import gaussian, mean, pad, sum_log10, total
from ..arrays.pixelwise import divided, in_sequence, pixelwise, smaller
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array, is_tensor, namespace
from ..arrays.windows import correlate
from ..catalog import metric
from .gradient import ESKICIOGLU, XYDEAS, edge_transfer, edges_of
from .intensity import SPREAD
from .perception import SCALES, SHEIKH, arrival, possible, pyramid, slope_factor, variance

WHITE = 255.0


@metric(
    "SF", "tang2022", reference=ESKICIOGLU, range=(0.0, 2**0.5), min_size=2, no_reference=True, differentiable=True,
    note="on 0..1: 1/255 of the values of today's code",
)  # fmt: skip
def spatial_frequency_unit(t: Triple) -> Array:
    """Root of the mean squared horizontal plus vertical difference of neighbours, each over its own count, on 0..1."""
    x = t.fused.data / WHITE
    return t.xp.sqrt(mean((x[..., 1:, :] - x[..., :-1, :]) ** 2) + mean((x[..., 1:] - x[..., :-1]) ** 2))


@metric(
    "SD", "tang2022", reference=SPREAD, range=(0.0, 16.0), no_reference=True,
    note="integers that stop at 255: pixels darker than the mean count as 0, and no deviation beyond 16",
)  # fmt: skip
def saturated_deviation(t: Triple) -> Array:
    """Root of the mean of min(d², 255), where d is what a level exceeds the mean by, rounded, 0 below the mean."""
    xp, levels = t.xp, t.fused.data
    above = xp.clip(xp.floor(levels - mean(levels)[:, None, None] + 0.5), min=0.0)
    return xp.sqrt(mean(xp.clip(above * above, max=WHITE)))


@pixelwise
def saturated_product(x: Array, y: Array) -> Array:
    """Product of two levels, at most 255."""
    return smaller(x * y, 255.0)


@feature
def saturated_moments(image: Image) -> list[tuple[Array, Array]]:
    """Window means and variances of VIFp's scales, but at the first one the squares stop at 255; the means do not."""
    moments = []
    for scale, (x, window) in enumerate(zip((image.data, *pyramid(image)[1:]), SCALES, strict=True)):
        squares = saturated_product(x, x) if scale == 0 else x * x
        average = correlate(x, gaussian(*window))
        moments.append((average, variance(correlate(squares, gaussian(*window)), average)))
    return moments


@pixelwise
def saturated_arrival(both: Array, mf: Array, vf: Array, ms: Array, vs: Array) -> Array:
    """`arrival` from means and variances."""
    return arrival(both, mf, vf, ms, slope_factor(vs))


def ordered_convolution(x: Array, kernel: tuple[tuple[int, ...], ...]) -> Array:
    """Convolve (N, H, W) with a 3x3 kernel, zeros around it, adding the products down the kernel's columns."""
    padded, (rows, columns) = pad(x, 1, 1, "zero"), x.shape[-2:]
    terms = [
        kernel[i][j] * padded[:, 2 - i : 2 - i + rows, 2 - j : 2 - j + columns]
        for j in range(3)
        for i in range(3)
        if kernel[i][j]
    ]
    return in_sequence(terms)


def correct_root(x: Array) -> Array:
    """Square root, correctly rounded: torch's on a processor may be off by one unit in the last place."""
    if not is_tensor(x) or x.device.type != "cpu":
        return namespace(x).sqrt(x)
    return namespace(x).asarray(np.sqrt(x.detach().numpy()))


@feature
def ordered_edges(image: Image) -> tuple[Array, Array]:
    """Sobel strength and angle on 0..1, as MATLAB's conv2 rounds them."""
    xp, unit = image.xp, divided(image.data, WHITE)
    along = ordered_convolution(unit, ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)))
    down = ordered_convolution(unit, ((1, 2, 1), (0, 0, 0), (-1, -2, -1)))
    angle = xp.where(along == 0, pi / 2, xp.atan(down / xp.where(along == 0, 1.0, along)))
    strength = correct_root(along**2 + down**2)
    return strength, angle


@metric(
    "Qabf", "tang2022", reference=XYDEAS, range=(0.0, 1.0), min_size=3, flips=False, transposes=False,
    undefined="sources without any edge have no edge to keep",
    note="on 0..1, where the rounding of each sum decides whether two strengths are equal: up to 2 % from today's code",
)  # fmt: skip
def ordered_qabf(t: Triple) -> Array:
    """Edge transfer on images of 0..1: Q of each pixel and source, weighted by the source's strength, Σ Q g / Σ g.

    The formula of Qabf@tang. Levels divided by 255 do not cancel exactly in the Sobel sums, so the tests for a
    vanishing derivative and for equal strengths depend on the order of the additions: down the kernel's columns.
    """
    sources = []
    for image in t.sources:
        strength, angle = ordered_edges(image)
        sources.append((edges_of(strength, angle), total(strength)))
    return edge_transfer(ordered_edges(t.fused), sources[0], sources[1], to_edges=edges_of)


def saturated_vifp(fused: Image, source: Image) -> Array:
    """VIFp of the fused image with one source, the products of the first scale cut at 255: (N,)."""
    arrived, whole = [], []
    levels = ((image.data, *pyramid(image)[1:]) for image in (fused, source))
    pairs = zip(*levels, saturated_moments(fused), saturated_moments(source), strict=True)
    for scale, (f, s, of_fused, of_source) in enumerate(pairs):
        both = correlate(f * s if scale else saturated_product(f, s), gaussian(*SCALES[scale]))
        arrived.append(sum_log10(saturated_arrival(both, *of_fused, *of_source)))
        whole.append(sum_log10(pixelwise(possible)(of_source[1])))
    return in_sequence(arrived) / in_sequence(whole)


@metric(
    "VIF", "tang2022", reference=SHEIKH, min_size=41, flips=False,
    undefined="a source of which no part varies has no information to keep",
    note="products of levels stop at 255 at the first scale, whose variances are nearly all cut to 0: up to 48 % off",
)  # fmt: skip
def saturated_vif(t: Triple) -> Array:
    """Sum over both sources of VIFp(source, F), with products of grey levels cut at 255 at the finest of four scales.

    At that scale the mean of the squares cannot exceed 255 while the squared mean can, so only dark regions vary.
    """
    return saturated_vifp(t.fused, t.a) + saturated_vifp(t.fused, t.b)
