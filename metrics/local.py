"""Statistics in a Gaussian window around every pixel, and the structural similarity that is made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .filters import gaussian, product
from .pixelwise import choose, pixelwise
from .triple import Array, Image, feature
from .windows import correlate

# Rounding leaves up to this part of the mean square as the variance of a flat window. On grey levels the smallest
# true variance is larger: one level at the corner of an 11x11 window of deviation 1.5 gives 1.1e-6.
ROUNDING = 1e-13

Window = Callable[[Array, np.ndarray], Array]  # `correlate`, or `windowed` where only sums of the result are wanted


@feature
def local_mean(image: Image, size: int, sigma: float, window: Window = correlate) -> Array:
    """Gaussian-weighted mean of a window of `size` pixels, of deviation `sigma`, at every pixel."""
    return window(image.data, gaussian(size, sigma))


@pixelwise
def variance(square: Array, mean: Array) -> Array:
    """Mean square and mean of a window to its variance."""
    found = square - mean * mean
    return choose(found > ROUNDING * square, found, 0.0)


@feature
def local_variance(image: Image, size: int, sigma: float, window: Window = correlate) -> Array:
    """Gaussian-weighted variance at every pixel: the mean square less the squared mean, exactly 0 in a flat window."""
    mean_square = window(product(image.data, image.data), gaussian(size, sigma))
    return variance(mean_square, local_mean(image, size, sigma, window))


@pixelwise
def covariance(both: Array, mf: Array, ms: Array, vf: Array, vs: Array) -> Array:
    """Mean product, means and variances of two windows to their covariance."""
    return choose((vf == 0) | (vs == 0), 0.0, both - mf * ms)


@feature
def local_covariance(fused: Image, source: Image, size: int, sigma: float, window: Window = correlate) -> Array:
    """Gaussian-weighted covariance at every pixel, exactly 0 where either window is flat."""
    images = (fused, source)
    both = window(product(fused.data, source.data), gaussian(size, sigma))
    means = [local_mean(image, size, sigma, window) for image in images]
    variances = [local_variance(image, size, sigma, window) for image in images]
    return covariance(both, *means, *variances)


@pixelwise
def ssim(ma: Array, mb: Array, va: Array, vb: Array, cab: Array, c1: float, c2: float) -> Array:
    """SSIM of two windows from their means, variances, covariance and both constants."""
    return (2 * ma * mb + c1) / (ma * ma + mb * mb + c1) * ((2 * cab + c2) / (va + vb + c2))


@feature
def similarity(
    fused: Image, source: Image, size: int, sigma: float, c1: float, c2: float, window: Window = correlate
) -> Array:
    """Structural similarity of every window that lies inside the image: luminance times contrast and structure.

    (2 ma mb + c1) (2 cov + c2) / ((ma² + mb² + c1) (va + vb + c2)); Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    images = (fused, source)
    means = [local_mean(image, size, sigma, window) for image in images]
    variances = [local_variance(image, size, sigma, window) for image in images]
    return ssim(*means, *variances, local_covariance(fused, source, size, sigma, window), c1, c2)
