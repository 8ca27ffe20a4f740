"""Statistics in a Gaussian window around every pixel, and the structural similarity that is made of them."""

from __future__ import annotations

from .filters import correlate, gaussian
from .triple import Array, Image, feature

# Rounding leaves up to this part of the mean square as the variance of a flat window. On grey levels the smallest
# true variance is larger: one level at the corner of an 11x11 window of deviation 1.5 gives 1.1e-6.
ROUNDING = 1e-13


@feature
def local_mean(image: Image, size: int, sigma: float) -> Array:
    """Gaussian-weighted mean of a window of `size` pixels, of deviation `sigma`, at every pixel."""
    return correlate(image.data, gaussian(size, sigma))


@feature
def local_variance(image: Image, size: int, sigma: float) -> Array:
    """Gaussian-weighted variance at every pixel: the mean square less the squared mean, exactly 0 in a flat window."""
    mean_square = correlate(image.data**2, gaussian(size, sigma))
    variance = mean_square - local_mean(image, size, sigma) ** 2
    return image.xp.where(variance > ROUNDING * mean_square, variance, 0.0)


@feature
def local_covariance(fused: Image, source: Image, size: int, sigma: float) -> Array:
    """Gaussian-weighted covariance at every pixel, exactly 0 where either window is flat."""
    xp = fused.xp
    product = correlate(fused.data * source.data, gaussian(size, sigma))
    covariance = product - local_mean(fused, size, sigma) * local_mean(source, size, sigma)
    flat = (local_variance(fused, size, sigma) == 0) | (local_variance(source, size, sigma) == 0)
    return xp.where(flat, 0.0, covariance)


@feature
def similarity(fused: Image, source: Image, size: int, sigma: float, c1: float, c2: float) -> Array:
    """Structural similarity of every window that lies inside the image: luminance times contrast and structure.

    (2 ma mb + c1) (2 cov + c2) / ((ma² + mb² + c1) (va + vb + c2)); Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    ma, mb = (local_mean(image, size, sigma) for image in (fused, source))
    variances = local_variance(fused, size, sigma) + local_variance(source, size, sigma)
    luminance = (2 * ma * mb + c1) / (ma**2 + mb**2 + c1)
    return luminance * (2 * local_covariance(fused, source, size, sigma) + c2) / (variances + c2)
