"""Statistics in a Gaussian window around every pixel, and the structural similarity that is made of them."""

from __future__ import annotations

from .filters import gaussian
from .pixelwise import choose
from .triple import Image, feature
from .types import Array
from .windows import swept

# Rounding leaves up to this part of the mean square as the variance of a flat window. On grey levels the smallest
# true variance is larger: one level at the corner of an 11x11 window of deviation 1.5 gives 1.1e-6.
ROUNDING = 1e-13

Moments = tuple[Array, Array]  # means and variances


def variance(square: Array, mean: Array) -> Array:
    """Mean square and mean of a window to its variance."""
    spread = square - mean * mean
    return choose(spread > ROUNDING * square, spread, 0.0)


def moments_of(mean: Array, square: Array) -> Moments:
    """Mean and mean square of a window to mean and variance."""
    return mean, variance(square, mean)


@feature
def local_moments(image: Image, size: int, sigma: float) -> Moments:
    """Gaussian-weighted mean and variance of a window of `size` pixels, of deviation `sigma`, at every pixel.

    The variance is the mean square less the squared mean, exactly 0 in a flat window.
    """
    x = image.pixels
    mean, spread = swept(moments_of, ((x,), (x, x)), gaussian(size, sigma), outputs=2)
    return mean, spread


def local_variance(image: Image, size: int, sigma: float) -> Array:
    """Gaussian-weighted variance at every pixel."""
    return local_moments(image, size, sigma)[1]


def covariance(both: Array, mf: Array, vf: Array, ms: Array, vs: Array) -> Array:
    """Mean product, means and variances of two windows to their covariance."""
    return choose((vf == 0) | (vs == 0), 0.0, both - mf * ms)


def covariance_of(*numbers: Array) -> tuple[Array]:
    """`covariance` as a map."""
    return (covariance(*numbers),)


@feature
def local_covariance(fused: Image, source: Image, size: int, sigma: float) -> Array:
    """Gaussian-weighted covariance at every pixel, exactly 0 where either window is flat."""
    maps = (*local_moments(fused, size, sigma), *local_moments(source, size, sigma))
    return swept(covariance_of, ((fused.pixels, source.pixels),), gaussian(size, sigma), maps)[0]


def ssim(c1: float, c2: float, both: Array, ma: Array, va: Array, mb: Array, vb: Array) -> Array:
    """SSIM of two windows from both constants, their mean product, means and variances."""
    luminance = (2 * ma * mb + c1) / (ma * ma + mb * mb + c1)
    return luminance * ((2 * covariance(both, ma, va, mb, vb) + c2) / (va + vb + c2))


@feature
def similarity(fused: Image, source: Image, size: int, sigma: float, c1: float, c2: float) -> Array:
    """Structural similarity of every window that lies inside the image: luminance times contrast and structure.

    (2 ma mb + c1) (2 cov + c2) / ((ma² + mb² + c1) (va + vb + c2)); Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    return _similarity(fused, source, size, sigma, c1, c2, 1)


def mean_similarity(fused: Image, source: Image, size: int, sigma: float, c1: float, c2: float) -> Array:
    """Mean of `similarity`: (N,)."""
    total = _similarity(fused, source, size, sigma, c1, c2, 0)
    return total / ((fused.size[0] - size + 1) * (fused.size[1] - size + 1))


def _similarity(fused: Image, source: Image, size: int, sigma: float, c1: float, c2: float, outputs: int) -> Array:
    """`similarity` as a map, or its sum."""

    def compared(*numbers: Array) -> tuple[Array]:
        return (ssim(c1, c2, *numbers),)

    maps = (*local_moments(fused, size, sigma), *local_moments(source, size, sigma))
    products, kernel = ((fused.pixels, source.pixels),), gaussian(size, sigma)
    return swept(compared, products, kernel, maps, outputs=outputs, totals=1 - outputs)[0]
