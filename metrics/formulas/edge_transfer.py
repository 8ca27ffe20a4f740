"""How much of the sources' edges and detail the fused image holds: Q_G, Q_M and Q_SF of Liu et al. 2012."""

from __future__ import annotations

from math import inf, nan, pi

from ..arrays.filters import sobel, total
from ..arrays.pixelwise import angle, choose, exp, in_sequence, mapped, sqrt, summed
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import metric

XYDEAS = (
    "Xydeas & Petrović, Objective pixel-level image fusion performance measure, SPIE 4051, 2000, doi:10.1117/12.381668"
)
WANG = (
    "Wang & Liu, A novel image fusion metric based on multi-scale analysis, ICSP 2008, doi:10.1109/ICOSP.2008.4697288"
)
ZHENG = (
    "Zheng, Essock, Hansen & Haun, A new metric based on extended spatial frequency and its application to DWT based "
    "fusion algorithms, Information Fusion 8, 2007, doi:10.1016/j.inffus.2005.04.003"
)
TINY = 1e-5  # what the published code puts in the place of a zero gradient


def slope(along: Array, down: Array) -> tuple[Array, Array]:
    """Size of a gradient and the arc tangent of its slope."""
    return sqrt(along * along + down * down), angle(down, choose(along == 0, TINY, along))


@feature
def edge(image: Image) -> tuple[Array, Array]:
    """Strength of the Sobel gradient and the arc tangent of its slope, a horizontal derivative of 0 taken as 1e-5."""
    strength, direction = mapped(slope, *sobel(image.pixels, border="zero"), outputs=2)
    return strength, direction


def kept(*numbers: Array) -> Array:
    """How much of the sources' edges is kept: from strength and direction of the fused image and of each source."""
    (fused, direction), weights, parts = numbers[:2], list[Array](), list[Array]()
    sources = zip(numbers[2::2], numbers[3::2], (fused, choose(fused == 0, TINY, fused)), strict=True)
    for strength, other, g_f in sources:
        weights.append(choose(strength == 0, TINY, strength))
        stronger = strength > g_f  # decided before the zeros are replaced
        ratio = choose(stronger, g_f, weights[-1]) / choose(stronger, weights[-1], choose(g_f == 0, TINY, g_f))
        closeness = abs(abs(other - direction) - pi / 2) * (2 / pi)
        parts.append(weights[-1] / ((1 + exp(-10 * (ratio - 0.5))) * (1 + exp(-20 * (closeness - 0.75)))))
    return in_sequence(parts) / in_sequence(weights)


@metric(
    "Q_G", "liu", reference=XYDEAS, range=(0, 1), identity=0.9866590924049252, transposes=False, symmetric=False,
    note="the same paper as Qabf, read otherwise: other sigmoids, and the mean over pixels of a ratio instead of the "
    "ratio of sums, so that flat pixels count as much as edges",
)  # fmt: skip
def q_g(t: Triple) -> Array:
    """Mean over all pixels of the edge preservation of both sources, weighted by their edge strengths.

    (Q_AF g_A + Q_BF g_B) / (g_A + g_B), Q = 1 / (1 + exp(-10 (G - .5))) · 1 / (1 + exp(-20 (Δ - .75))); G is the
    smaller gradient over the larger, Δ = | |α_S - α_F| - π/2 | · 2/π. Sobel with zeros around the image, so its frame
    is an edge of all three. From 0 to .98666, the value of a perfect copy. Zero gradients are taken as 1e-5: a flat
    pixel in all three scores as perfectly preserved, so a flat image gains. The published code carries the 1e-5 of the
    fused image into the comparison with source b only and replaces only horizontal derivatives of zero: swapping the
    sources, or rows and columns, changes the last digits.
    """
    height, width = t.fused.size
    return summed(kept, *edge(t.fused), *edge(t.a), *edge(t.b)) / (height * width)


@feature
def haar(image: Image) -> tuple[tuple[Array, Array, Array], ...]:
    """Horizontal, vertical and diagonal detail of two Haar levels; an odd last row or column is dropped."""
    levels, x = [], image.data
    for _ in range(2):
        x = x[..., : x.shape[-2] // 2 * 2, : x.shape[-1] // 2 * 2]
        p, q, r, s = x[..., ::2, ::2], x[..., ::2, 1::2], x[..., 1::2, ::2], x[..., 1::2, 1::2]
        levels.append(((p + q - r - s) / 2, (p - q + r - s) / 2, (p - q - r + s) / 2))
        x = (p + q + r + s) / 2
    return tuple(levels)


@metric(
    "Q_M", "liu", reference=WANG, range=(0, 3), identity=3, min_size=4, flips=False, differentiable=True,
    undefined="the sources have no detail at all at one of the two levels (0/0)",
)  # fmt: skip
def q_m(t: Triple) -> Array:
    """Haar detail of the fused image that agrees with the sources', weighted by their energy, over two levels.

    Q_l = sum (E_A W_A + E_B W_B) / sum (W_A + W_B), E_S = exp(-|H_S - H_F|) + exp(-|V_S - V_F|) + exp(-|D_S - D_F|),
    W_S = H_S² + V_S² + D_S²; the result is Q_1^(2/3) Q_2^(1/3). From 0 to 3: the paper's range to 1 needs E / 3, which
    the published code does not take. A difference of a few grey levels counts as nothing kept. In images of odd size
    the last row or column is not looked at.
    """
    xp, levels = t.xp, []
    for power, f, *sources in zip((2 / 3, 1 / 3), haar(t.fused), haar(t.a), haar(t.b), strict=True):
        agreements = [in_sequence([xp.exp(-xp.abs(x - y)) for x, y in zip(s, f, strict=True)]) for s in sources]
        energies = [in_sequence([x**2 for x in source]) for source in sources]
        above = in_sequence([total(x * energy) for x, energy in zip(agreements, energies, strict=True)])
        below = in_sequence([total(energy) for energy in energies])
        levels.append(xp.where(below > 0, above / xp.where(below > 0, below, 1.0), nan) ** power)
    return levels[0] * levels[1]


@feature
def four_differences(image: Image) -> tuple[tuple[float, Array], ...]:
    """Differences of neighbours along the rows, down the columns and along both diagonals, each with its weight."""
    x, diagonal = image.data, 2**0.5 / 2
    return (
        (1.0, x[..., 1:] - x[..., :-1]),
        (1.0, x[..., 1:, :] - x[..., :-1, :]),
        (diagonal, x[..., 1:, 1:] - x[..., :-1, :-1]),
        (diagonal, x[..., 1:, :-1] - x[..., :-1, 1:]),
    )


@feature
def extended_frequency(image: Image) -> Array:
    """Spatial frequency with the diagonals, all sums divided by the number of pixels."""
    height, width = image.size
    energy = in_sequence([weight * total(d**2) for weight, d in four_differences(image)])
    return image.xp.sqrt(energy / (height * width))


@feature
def reference_frequency(a: Image, b: Image) -> Array:
    """Spatial frequency of the larger difference of the two sources at every pixel."""
    xp, (height, width) = a.xp, a.size
    pairs = zip(four_differences(a), four_differences(b), strict=True)
    energy = in_sequence([weight * total(xp.maximum(xp.abs(x), xp.abs(y)) ** 2) for (weight, x), (_, y) in pairs])
    return xp.sqrt(energy / (height * width))


@metric(
    "Q_SF", "liu", reference=ZHENG, better="zero", range=(-1, inf), identity=0, min_size=2, differentiable=True,
    undefined="both sources are constant (0/0)",
)  # fmt: skip
def q_sf(t: Triple) -> Array:
    """Spatial frequency of the fused image relative to that of the stronger source at every pixel, less one.

    (SF_F - SF_R) / SF_R; SF = sqrt((sum dx² + sum dy² + .7071 (sum of both diagonals'²)) / pixels), SF_R from
    max(|d_A|, |d_B|). From -1 without upper bound, 0 is best: below 0 detail is lost, above it something was added
    (noise, ringing). Ranking it by "larger is better" rewards noise.
    """
    xp = t.xp
    reference = reference_frequency(t.a, t.b)
    ratio = extended_frequency(t.fused) / xp.where(reference > 0, reference, 1.0) - 1
    return xp.where(reference > 0, ratio, nan)
