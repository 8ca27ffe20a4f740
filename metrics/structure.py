"""Metrics of local structure: SSIM and its relatives."""

from __future__ import annotations

from .catalog import metric
from .filters import box, mean
from .triple import Array, Image, Triple, feature

WANG = "Wang et al. 2004, doi:10.1109/TIP.2003.819861"


@feature
def box_moments(image: Image, size: int) -> tuple[Array, Array]:
    """Mean and sample variance in each size x size window that lies inside the image."""
    average = box(image.data, size)
    return average, (box(image.data**2, size) - average**2) * (size**2 / (size**2 - 1))


@feature
def box_covariance(image: Image, other: Image, size: int) -> Array:
    """Sample covariance in each size x size window that lies inside the image."""
    product = box(image.data * other.data, size)
    return (product - box_moments(image, size)[0] * box_moments(other, size)[0]) * (size**2 / (size**2 - 1))


def ssim_box(image: Image, other: Image, data_range: float) -> Array:
    """scikit-image's default SSIM: uniform 7 x 7 windows, sample covariance, K = .01, .03, mean over the windows."""
    (mx, vx), (my, vy) = box_moments(image, 7), box_moments(other, 7)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    structure = (2 * box_covariance(image, other, 7) + c2) / (vx + vy + c2)
    return mean((2 * mx * my + c1) / (mx**2 + my**2 + c1) * structure)


@metric(
    "SSIM", "film", reference=WANG, range=(-2.0, 2.0), identity=2.0, min_size=7, differentiable=True,
    note="a sum of two: its best value is 2; uniform 7 x 7 windows (scikit-image), data range 255",
)  # fmt: skip
def ssim_sum(t: Triple) -> Array:
    """SSIM with each source, summed: uniform 7 x 7 windows, sample covariance, L = 255."""
    return ssim_box(t.fused, t.a, 255.0) + ssim_box(t.fused, t.b, 255.0)


@metric(
    "SSIM", "dr2", reference=WANG, range=(-2.0, 2.0), identity=2.0, min_size=7, differentiable=True,
    note="CDDFuse's copy with an old scikit-image: grey values 0..255, but the data range of floats in -1..1, 2",
)  # fmt: skip
def ssim_sum_range_2(t: Triple) -> Array:
    """SSIM with each source, summed: as SSIM@film, but with the stabilising constants of L = 2."""
    return ssim_box(t.fused, t.a, 2.0) + ssim_box(t.fused, t.b, 2.0)
