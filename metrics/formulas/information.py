"""Metrics of information theory: entropies and mutual information of grey levels."""

from __future__ import annotations

from math import log

from ..arrays.filters import joint_histogram
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array, namespace
from ..catalog import metric

SHANNON = "Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x; Roberts et al. 2008, doi:10.1117/1.2945910"
QU = "Qu, Zhang, Yan 2002, doi:10.1049/el:20020212"


@feature
def probabilities(image: Image) -> Array:
    """Relative frequency of the 256 levels: (N, 256)."""
    return image.counts / (image.size[0] * image.size[1])


@feature
def joint_probabilities(image: Image, other: Image) -> Array:
    """Relative frequency of pairs of levels: (N, 256, 256), `image` down, `other` across."""
    return joint_histogram(image.levels, other.levels) / (image.size[0] * image.size[1])


def entropy(p: Array) -> Array:
    """Shannon entropy in nats of each distribution of a batch: (N, ...) -> (N,); 0 log 0 = 0."""
    xp = namespace(p)
    p = xp.reshape(p, (p.shape[0], -1))
    return -xp.sum(p * xp.log(xp.where(p > 0, p, 1.0)), axis=1)


def mutual_information(image: Image, other: Image) -> Array:
    """I(X, Y) = H(X) + H(Y) - H(X, Y) in nats, of the 256 levels: (N,)."""
    both = entropy(joint_probabilities(image, other))
    return entropy(probabilities(image)) + entropy(probabilities(other)) - both


@metric("EN", "film", reference=SHANNON, range=(0.0, 8.0), no_reference=True)
def entropy_bits(t: Triple) -> Array:
    """Entropy of the fused image's 256 grey levels, -Σ p log2 p, in bits."""
    return entropy(probabilities(t.fused)) / log(2)


@metric(
    "MI",
    "film",
    reference=QU,
    range=(0.0, 16 * log(2)),
    note="natural logarithm (scikit-learn's mutual_info_score): 0.693 of the values in bits",
)
def mutual_information_nats(t: Triple) -> Array:
    """Mutual information of the fused image with each source, summed: I(A, F) + I(B, F), 256 levels, in nats."""
    return mutual_information(t.fused, t.a) + mutual_information(t.fused, t.b)
