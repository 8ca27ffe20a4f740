"""Information that the fused image shares with its sources, as a share of what there is: Q_MI, Q_TE and Q_NCIE."""

from __future__ import annotations

from math import inf, log, nan

from array_api_compat import device

from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import metric
from .information import entropy, joint_probabilities, mutual_information, probabilities

HOSSNY = (
    "Hossny, Nahavandi & Creighton, Comments on “Information measure for performance of image fusion”, "
    "Electronics Letters 44(18), 2008, doi:10.1049/el:20081754"
)
CVEJIC = (
    "Cvejic, Canagarajah & Bull, Image fusion metric based on mutual information and Tsallis entropy, "
    "Electronics Letters 42(11), 2006, doi:10.1049/el:20060693"
)
NAVA = "Nava, Cristóbal & Escalante-Ramírez, Mutual information improves image fusion quality assessments, SPIE 2007"
WANG = (
    "Wang, Shen & Jin, Performance evaluation of image fusion techniques, in: Image Fusion, Academic Press 2008, "
    "pp. 469-492"
)
SWAPPED = (
    "the product of the marginals is taken with the two images swapped, a slip of the published code (tsallis.m) that "
    "its values depend on; there too each image is stretched to 0..255 first, which here decides which levels meet"
)


@feature
def entropy_of(image: Image) -> Array:
    """Entropy of the grey levels in nats."""
    return entropy(probabilities(image))


@metric(
    "Q_MI", "liu", reference=HOSSNY, range=(0, 2), identity=2,
    undefined="the fused image and one of the sources are constant (0/0)",
)  # fmt: skip
def q_mi(t: Triple) -> Array:
    """Mutual information with each source over the sum of both entropies: 2 [I(A,F)/(H_A+H_F) + I(B,F)/(H_B+H_F)].

    256 levels; a ratio, so the base of the logarithm does not matter. From 0 to 2, which needs a fused image from which
    both sources can be told. Without the denominators (as MI) a source of high entropy decides alone.
    """
    xp, parts = t.xp, []
    for source in t.sources:
        entropies = entropy_of(source) + entropy_of(t.fused)
        shared = mutual_information(t.fused, source)
        parts.append(xp.where(entropies > 0, 2 * shared / xp.where(entropies > 0, entropies, 1.0), nan))
    return parts[0] + parts[1]


@feature
def stretched_levels(image: Image) -> Array:
    """Where each grey level goes when the image is stretched to 0..255 and rounded half up: (N, 256); constant to 0."""
    xp = image.xp
    low, high = (xp.astype(f(image.levels, axis=(1, 2)), xp.float64)[:, None] for f in (xp.min, xp.max))
    levels = xp.astype(xp.arange(256, device=device(image.data)), xp.float64)[None] - low
    return xp.where(high > low, xp.floor(levels / xp.where(high > low, high - low, 1.0) * 255 + 0.5), 0.0)


@feature
def tsallis(image: Image, other: Image, q: float) -> Array:
    """Tsallis information (1 - Σ h^q / P^(q-1)) / (1 - q) of a joint histogram h; P with its marginals swapped."""
    xp = image.xp
    meet = xp.astype(stretched_levels(image)[:, :, None] == stretched_levels(other)[:, None, :], xp.float64)
    down = xp.matmul(meet, probabilities(other)[:, :, None])  # frequency in the other image of this one's level
    across = xp.matmul(probabilities(image)[:, None, :], meet)  # and the other way round
    down, across = (xp.where(p > 0, xp.where(p > 0, p, 1.0) ** (1 - q), 0.0) for p in (down, across))
    total = xp.sum(down * joint_probabilities(image, other) ** q * across, axis=(1, 2))
    return (1 - total) / (1 - q)


@metric(
    "Q_TE", "liu", reference=NAVA, note=SWAPPED, undefined="both sources are constant (0/0)",
)  # fmt: skip
def q_te(t: Triple) -> Array:
    """Tsallis information shared with the sources over what they hold: (I(A,F) + I(B,F)) / (H_A^q + H_B^q + I(A,B)).

    I is Tsallis information of order q = .43137, H Shannon's entropy in bits. From 0; the published definition gives no
    useful upper bound.
    """
    xp, q = t.xp, 0.43137
    entropies = sum((entropy_of(source) / log(2)) ** q for source in t.sources)
    shared = tsallis(t.fused, t.a, q) + tsallis(t.fused, t.b, q)
    below = entropies + tsallis(t.a, t.b, q)
    return xp.where(entropies > 0, shared / xp.where(entropies > 0, below, 1.0), nan)


@metric("Q_TE_Cvejic", "liu", reference=CVEJIC, range=(-2 / 0.85, inf), note=SWAPPED)
def q_te_cvejic(t: Triple) -> Array:
    """Tsallis information with both sources, summed: I(A,F) + I(B,F), of order q = 1.85.

    Without upper bound: 3 to 2212 on real images, dominated by rare pairs of levels. Pairs that the (swapped) product
    of marginals rules out are left out of the sum, so it can fall below 0.
    """
    return tsallis(t.fused, t.a, 1.85) + tsallis(t.fused, t.b, 1.85)


@feature
def nonlinear_correlation(image: Image, other: Image) -> Array:
    """Nonlinear correlation coefficient: mutual information in units of 8 bits."""
    return mutual_information(image, other) / log(256)


@metric("Q_NCIE", "liu", reference=WANG, range=(1 - log(3, 256), 1))
def q_ncie(t: Triple) -> Array:
    """Nonlinear correlation of fused image and sources: 1 + Σ (r/3) log256(r/3) over the eigenvalues r of its matrix.

    The matrix is 3x3 with ones on the diagonal and the pairwise mutual information over 8 bits beside it. From .8019
    (nothing shared) to 1: all real values lie in a narrow band at the lower end, so look at the third decimal.
    """
    xp = t.xp
    ab, af, bf = (
        nonlinear_correlation(t.a, t.b), nonlinear_correlation(t.fused, t.a), nonlinear_correlation(t.fused, t.b),
    )  # fmt: skip
    one = xp.ones_like(ab)
    rows = [xp.stack(row, axis=-1) for row in ((one, ab, af), (ab, one, bf), (af, bf, one))]
    part = xp.clip(xp.linalg.eigvalsh(xp.stack(rows, axis=-2)), min=0) / 3
    return 1 + xp.sum(part * xp.log(xp.where(part > 0, part, 1.0)), axis=-1) / log(256)
