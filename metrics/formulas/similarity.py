"""Fusion metrics made of structural similarity: which source a window should resemble, and how much it does.

Q_S, Q_C and Q_Y as in Liu et al. 2012 (doi:10.1109/TPAMI.2011.109); Piella's own Q, Q_W and Q_E.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import NamedTuple

import numpy as np

from ..arrays.filters import mean, total
from ..arrays.local import local_covariance, local_moments, local_variance, similarity
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array, Namespace
from ..arrays.windows import correlate
from ..catalog import metric

PIELLA = "Piella & Heijmans, A new quality metric for image fusion, ICIP 2003, doi:10.1109/ICIP.2003.1247209"
CVEJIC = (
    "Cvejic, Loza, Bull & Canagarajah, A similarity metric for assessment of image fusion algorithms, "
    "International Journal of Signal Processing 2(3), 2005, publications.waset.org/1046"
)
YANG = (
    "Yang, Zhang, Wang & Liu, A novel similarity based quality metric for image fusion, Information Fusion 9, 2008, "
    "doi:10.1016/j.inffus.2006.09.001"
)

WINDOW = (11, 1.5)  # size and deviation of the SSIM window
SMALL = (7, 1.5)
BARE = (*SMALL, 2e-16, 2e-16)  # the universal quality index, kept from 0/0
BLOCK = (8, inf)  # a Gaussian of infinite deviation is flat
FLAT = "a 7x7 window is flat in the images that the weights are made of (0/0)"


def share(first: Array, second: Array, xp: Namespace) -> Array:
    """Share of the first in the sum of both, 1/2 where both are zero."""
    both = first + second
    return xp.where(both > 0, first / xp.where(both > 0, both, 1.0), 0.5)


def ssim(fused: Image, source: Image) -> Array:
    """SSIM of every window."""
    return similarity(fused, source, *WINDOW, (0.01 * 255) ** 2, (0.03 * 255) ** 2)


def universal_index(fused: Image, source: Image) -> Array:
    """Universal quality index of every 8x8 window; the luminance term alone where both windows are flat, 1 if black.

    4 cov ma mb / ((va + vb) (ma² + mb²)); Wang & Bovik 2002, doi:10.1109/97.995823.
    """
    xp = fused.xp
    (ma, va), (mb, vb) = (local_moments(image, *BLOCK) for image in (fused, source))
    covariance = local_covariance(fused, source, *BLOCK)
    energy = ma**2 + mb**2
    luminance = xp.where(energy > 0, 2 * ma * mb / xp.where(energy > 0, energy, 1.0), 1.0)
    return luminance * xp.where(va + vb > 0, 2 * covariance / xp.where(va + vb > 0, va + vb, 1.0), 1.0)


class Index(NamedTuple):
    """What Piella's scheme compares windows with, and these windows: size and deviation."""

    of: Callable[[Image, Image], Array]
    window: tuple[int, float]


SSIM, UNIVERSAL = Index(ssim, WINDOW), Index(universal_index, BLOCK)


def quality(index: Index, fused: Image, a: Image, b: Image) -> Array:
    """Index with both sources, each weighted by its share of the local variance, in every window."""
    weight = share(local_variance(a, *index.window), local_variance(b, *index.window), fused.xp)
    return weight * index.of(fused, a) + (1 - weight) * index.of(fused, b)


def weighted_quality(index: Index, fused: Image, a: Image, b: Image) -> Array:
    """Mean of `quality`, weighted by the larger local variance of the sources; the plain mean where all of it is 0."""
    xp = fused.xp
    salience = xp.maximum(local_variance(a, *index.window), local_variance(b, *index.window))
    salience = xp.where((total(salience) > 0)[:, None, None], salience, 1.0)
    return total(salience * quality(index, fused, a, b)) / total(salience)


def edge_quality(index: Index, fused: Image, a: Image, b: Image) -> Array:
    """`weighted_quality` of the images times that of their Prewitt gradients."""
    edges = weighted_quality(index, prewitt(fused), prewitt(a), prewitt(b))
    return weighted_quality(index, fused, a, b) * edges


@feature
def prewitt(image: Image) -> Image:
    """Magnitude of the Prewitt gradient (differences of sums of three), zeros around the image."""
    one, step = np.ones(3), np.array([-1.0, 0.0, 1.0])
    along = correlate(image.data, one, step, border="zero")
    down = correlate(image.data, step, one, border="zero")
    return Image(image.xp.sqrt(along**2 + down**2))


@metric(
    "Q_S", "liu", reference=PIELLA, range=(-1, 1), identity=1, min_size=11, differentiable=True,
    note="switch 1 of metricPeilla.m: the window is Gaussian and the similarity SSIM, not Piella's 8x8 index",
)  # fmt: skip
def q_s(t: Triple) -> Array:
    """Mean over the windows of SSIM with each source, weighted by the source's share of the local variance.

    λ SSIM(F, A) + (1 - λ) SSIM(F, B), λ = var A / (var A + var B), 1/2 where both windows are flat; SSIM with an
    11x11 Gaussian of deviation 1.5, K = .01 and .03, L = 255, windows inside the image only. From -1 to 1, 1 where
    the fused image equals the more varied source everywhere.
    """
    return mean(quality(SSIM, t.fused, t.a, t.b))


@metric(
    "Q_S_weighted", "liu", reference=PIELLA, range=(-1, 1), identity=1, min_size=11, differentiable=True,
    note="switch 2 of metricPeilla.m; SSIM windows, where Piella's Q_W has the 8x8 index",
)  # fmt: skip
def q_s_weighted(t: Triple) -> Array:
    """Q_S with windows weighted by the larger local variance of the two sources.

    sum c (λ SSIM(F, A) + (1 - λ) SSIM(F, B)) / sum c, c = max(var A, var B). From -1 to 1. A few strong edges
    decide it.
    """
    return weighted_quality(SSIM, t.fused, t.a, t.b)


@metric(
    "Q_S_edge", "liu", reference=PIELLA, range=(-1, 1), identity=1, min_size=11,
    note="switch 3 of metricPeilla.m, which stops with an error as published (Q is unset); here Q is the weighted Q_S",
)  # fmt: skip
def q_s_edge(t: Triple) -> Array:
    """Weighted Q_S of the images times weighted Q_S of their Prewitt gradient magnitudes.

    The gradients see zeros around the images, so the frame of the image counts as an edge. From -1 to 1; two
    negative factors give a positive product.
    """
    return edge_quality(SSIM, t.fused, t.a, t.b)


@metric(
    "Q_C", "liu", reference=CVEJIC, range=(-1, 1), identity=1, min_size=11, undefined=FLAT, symmetric=False,
    note="switch 2 of metricCvejic.m; windows that resemble one source and are opposed to the other count as 0 or 1",
)  # fmt: skip
def q_c(t: Triple) -> Array:
    """Mean over 7x7 windows of the similarity with each source, weighted by the source's share of the covariance.

    s q(A, F) + (1 - s) q(B, F), s = cov(A, F) / (cov(A, F) + cov(B, F)); q is SSIM without constants (2e-16), windows
    Gaussian of deviation 1.5, inside the image. By the published code a window with s < 0 counts as 0 and one with
    s > 1 as 1, so the order of the sources matters. s is 0/0 where the fused window (or both source windows) is flat:
    then Q_C has no value. MATLAB divides rounding noise there and prints anything (308 on a real image).
    """
    xp = t.xp
    a, b = (local_covariance(t.fused, source, *SMALL) for source in t.sources)
    undefined = (a == 0) & (b == 0)
    share_a = a / xp.where(undefined, 1.0, a + b)
    q = share_a * similarity(t.fused, t.a, *BARE) + (1 - share_a) * similarity(t.fused, t.b, *BARE)
    q = xp.where(share_a < 0, 0.0, xp.where(share_a > 1, 1.0, q))
    return mean(xp.where(undefined, nan, q))


@metric(
    "Q_Y", "liu", reference=YANG, range=(-1, 1), identity=1, min_size=11, undefined=FLAT, differentiable=True,
)  # fmt: skip
def q_y(t: Triple) -> Array:
    """Mean over 7x7 windows of the similarity to the better source, or to both by variance where those agree.

    Where SSIM(A, B) >= .75: λ SSIM(A, F) + (1 - λ) SSIM(B, F), λ = var A / (var A + var B); elsewhere the larger of
    the two. SSIM without constants (2e-16), windows Gaussian of deviation 1.5, inside the image. λ is 0/0 where both
    sources are flat and of like brightness: then Q_Y has no value (MATLAB divides rounding noise: -98 on a real image).
    """
    xp = t.xp
    a, b = (local_variance(source, *SMALL) for source in t.sources)
    like_a, like_b = (similarity(t.fused, source, *BARE) for source in t.sources)
    alike = similarity(t.a, t.b, *BARE) >= 0.75
    weight = share(a, b, xp)
    q = xp.where(alike, weight * like_a + (1 - weight) * like_b, xp.maximum(like_a, like_b))
    return mean(xp.where(alike & (a + b == 0), nan, q))


# Piella's own definition: the universal quality index of Wang & Bovik in 8x8 windows


@metric("Q", "piella", reference=PIELLA, range=(-1, 1), identity=1, min_size=8, differentiable=True)
def q_piella(t: Triple) -> Array:
    """Mean over 8x8 windows of the universal quality index with each source, weighted by its share of the variance.

    λ Q0(A, F) + (1 - λ) Q0(B, F), λ = var A / (var A + var B), 1/2 where both windows are flat. From -1 to 1. No
    published values to compare with: checked against a plain loop over the windows.
    """
    return mean(quality(UNIVERSAL, t.fused, t.a, t.b))


@metric("Q_W", "piella", reference=PIELLA, range=(-1, 1), identity=1, min_size=8, differentiable=True)
def q_w_piella(t: Triple) -> Array:
    """Piella's Q with windows weighted by the larger variance of the two sources.

    sum c (λ Q0(A, F) + (1 - λ) Q0(B, F)) / sum c, c = max(var A, var B), 8x8 windows. From -1 to 1. No published
    values to compare with: checked against a plain loop over the windows.
    """
    return weighted_quality(UNIVERSAL, t.fused, t.a, t.b)


@metric(
    "Q_E", "piella", reference=PIELLA, range=(-1, 1), identity=1, min_size=8,
    note="the exponent of the edge term, which the paper leaves to the user, is 1, and the edges are Prewitt's",
)  # fmt: skip
def q_e_piella(t: Triple) -> Array:
    """Piella's Q_W of the images times Q_W of their Prewitt gradient magnitudes.

    The gradients see zeros around the images. From -1 to 1; two negative factors give a positive product. No
    published values to compare with: checked against a plain loop over the windows.
    """
    return edge_quality(UNIVERSAL, t.fused, t.a, t.b)
