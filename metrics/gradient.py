"""Metrics of gradients and edges: spatial frequency, average gradient, edge transfer."""

from __future__ import annotations

from math import pi
from typing import Any

from .catalog import metric
from .filters import gradient, mean, sobel, total
from .triple import Array, Image, Triple, feature

ESKICIOGLU = "Eskicioglu and Fisher 1995, doi:10.1109/26.477498"
CUI = "Cui et al. 2015, doi:10.1016/j.optcom.2014.12.032"
XYDEAS = "Xydeas and Petrovic 2000, doi:10.1049/el:20000267"


@metric(
    "SF", "film", reference=ESKICIOGLU, range=(0.0, 255 * 2**0.5), min_size=2, no_reference=True, differentiable=True
)
def spatial_frequency(t: Triple) -> Array:
    """Root of the mean squared horizontal plus the mean squared vertical difference, each over its own count."""
    x = t.fused.data
    return t.xp.sqrt(mean((x[..., 1:] - x[..., :-1]) ** 2) + mean((x[..., 1:, :] - x[..., :-1, :]) ** 2))


@metric(
    "AG", "film", reference=CUI, range=(0.0, 255.0), min_size=2, no_reference=True, differentiable=True,
    note="divided by the number of pixels MN, where others divide by (M-1)(N-1)",
)  # fmt: skip
def average_gradient(t: Triple) -> Array:
    """Mean of sqrt((gx² + gy²)/2), central differences, one-sided at the border, over all pixels."""
    along, down = gradient(t.fused.data)
    return mean(t.xp.sqrt((along**2 + down**2) / 2))


@feature
def edges(image: Image) -> tuple[Array, Array]:
    """Sobel strength and angle of Qabf: zero border, arctan in -π/2..π/2, π/2 where the horizontal part is 0."""
    xp, (along, down) = image.xp, sobel(image.data)
    # the sign is that of a true convolution: it matters against the fixed π/2
    angle = xp.where(along == 0, pi / 2, xp.atan(-down / xp.where(along == 0, 1.0, along)))
    return xp.sqrt(along**2 + down**2), angle


def preservation(xp: Any, fused: tuple[Array, Array], source: tuple[Array, Array], unit: float = 1.0) -> Array:
    """Xydeas and Petrovic's Q at each pixel: how much of the source's edge strength and angle the fused image keeps.

    Where both strengths are equal the published codes take the strength itself for their ratio, not 1, in the `unit`
    (per grey level) that each has for its images.
    """
    (gf, af), (gs, angle) = fused, source
    ratio = xp.where(gs == gf, unit * gf, xp.minimum(gs, gf) / xp.where(gs == gf, 1.0, xp.maximum(gs, gf)))
    closeness = 1 - xp.abs(angle - af) / (pi / 2)
    strength = 0.9994 / (1 + xp.exp(-15 * (ratio - 0.5)))
    return strength * 0.9879 / (1 + xp.exp(-22 * (closeness - 0.8)))


def edge_transfer(t: Triple, unit: float) -> Array:
    """Q of each pixel and source, weighted by the source's Sobel strength: (N,)."""
    f, a, b = (edges(image) for image in (t.fused, t.a, t.b))
    kept = total(preservation(t.xp, f, a, unit) * a[0] + preservation(t.xp, f, b, unit) * b[0])
    return kept / total(a[0] + b[0])


@metric(
    "Qabf", "film", reference=XYDEAS, range=(0.0, 1.0), min_size=3,
    undefined="sources without any edge have no edge to keep",
)  # fmt: skip
def qabf(t: Triple) -> Array:
    """Edge transfer: Q of each pixel and source, weighted by the source's Sobel strength, Σ Q g / Σ g."""
    return edge_transfer(t, 1.0)
