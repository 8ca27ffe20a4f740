"""Metrics of grey values, pixel by pixel: spread, errors, correlations."""

from __future__ import annotations

from math import inf

import numpy as np

from ..arrays.filters import like, mean, squared_distance
from ..arrays.pixelwise import mapped, summed
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array
from ..catalog import metric

LEVELS = np.arange(256.0)
ASLANTAS = "Aslantas and Bendes 2015, doi:10.1016/j.aeue.2015.09.004"
JAGALINGAM = "Jagalingam and Hegde 2015, doi:10.1016/j.aqpro.2015.02.019"
MA_SURVEY = "Ma, Ma, Li 2019, doi:10.1016/j.inffus.2018.02.004"
SPREAD = f"{MA_SURVEY}; many cite Rao 1997, doi:10.1088/0957-0233/8/4/002, which is about fibre sensors"


@feature
def average(image: Image) -> Array:
    """Mean of each image: (N, 1, 1)."""
    whole = level_sum(image) / (image.size[0] * image.size[1]) if image.whole else mean(image.data)
    return whole[:, None, None]


@feature
def level_sum(image: Image) -> Array:
    """Sum of the levels of an 8-bit image, exact: (N,)."""
    return image.xp.sum(image.counts * _levels(image), axis=1)


def _levels(image: Image) -> Array:
    """The 256 levels, as float64."""
    return like(LEVELS, image.counts)


def co_deviation(x: Array, mean_x: Array, y: Array, mean_y: Array) -> Array:
    """Product of two images' deviations from their means."""
    return (x - mean_x) * (y - mean_y)


@feature
def energy(image: Image) -> Array:
    """Sum of the squared deviations from the mean: (N,)."""
    if not image.whole:
        return co_energy(image, image)
    # a deviation for each level instead of each pixel
    return image.xp.sum(image.counts * (_levels(image) - average(image)[:, :, 0]) ** 2, axis=1)


@feature
def squared_error(image: Image, other: Image) -> Array:
    """Mean squared difference: (N,)."""
    same = image.pixels.dtype == other.pixels.dtype
    x, y = (image.pixels, other.pixels) if same else (image.data, other.data)
    return squared_distance(x, y) / (image.size[0] * image.size[1])


@feature
def co_energy(image: Image, other: Image) -> Array:
    """Sum of the products of both images' deviations from their means: (N,)."""
    return summed(co_deviation, image.pixels, average(image), other.pixels, average(other))


def correlation_of_difference(fused: Image, less: Image, other: Image) -> Array:
    """Pearson correlation of fused - less with a third image: (N,); NaN where one of the two is constant."""
    if fused.whole and less.whole:
        apart = (level_sum(fused) - level_sum(less)) / (fused.size[0] * fused.size[1])  # exact where it is constant
    else:
        apart = mean(fused.data - less.data)
    averages = apart[:, None, None], average(other)
    images = (image.pixels for image in (fused, less, other))
    both, own = mapped(deviations_of_difference, *images, *averages, outputs=0, totals=2)
    return both / fused.xp.sqrt(own * energy(other))


def deviations_of_difference(
    x: Array, y: Array, z: Array, mean_difference: Array, mean_z: Array
) -> tuple[Array, Array]:
    """Product of the deviations of x - y and of z, and the square of the former."""
    deviation = x - y - mean_difference
    return deviation * (z - mean_z), deviation * deviation


@metric("SD", "film", reference=SPREAD, range=(0.0, 127.5), no_reference=True, differentiable=True)
def standard_deviation(t: Triple) -> Array:
    """Standard deviation of the fused image (population: divided by the number of pixels), 0..255."""
    return t.xp.sqrt(energy(t.fused) / (t.fused.size[0] * t.fused.size[1]))


@metric(
    "MSE", "film", reference=JAGALINGAM, better="lower", range=(0.0, 65025.0), identity=0.0, differentiable=True,
    note="on 0..255, so 65025 times the value on 0..1",
)  # fmt: skip
def mean_squared_error(t: Triple) -> Array:
    """Mean squared error on 0..255 against each source, mean of the two."""
    return (squared_error(t.fused, t.a) + squared_error(t.fused, t.b)) / 2


@metric(
    "PSNR", "film", reference=JAGALINGAM, range=(-inf, inf), identity=inf, differentiable=True,
    note="the peak is the fused image's own maximum, not 255",
    undefined="a black fused image that equals both sources has neither peak nor error",
)  # fmt: skip
def psnr_own_peak(t: Triple) -> Array:
    """Peak signal to noise ratio, 10 log10(max(F)² / MSE), MSE the mean over both sources, in dB."""
    xp = t.xp
    peak = xp.max(xp.reshape(t.fused.data, (t.fused.data.shape[0], -1)), axis=1)
    return 10 * xp.log10(peak**2 / mean_squared_error(t))


@metric(
    "CC", "film", reference=MA_SURVEY, range=(-1.0, 1.0), identity=1.0, differentiable=True,
    undefined="a constant image has no correlation",
)  # fmt: skip
def correlation_coefficient(t: Triple) -> Array:
    """Pearson correlation of the fused image with each source, mean of the two."""
    each = [co_energy(t.fused, s) / t.xp.sqrt(energy(t.fused) * energy(s)) for s in t.sources]
    return (each[0] + each[1]) / 2


@metric(
    "SCD", "film", reference=ASLANTAS, range=(-2.0, 2.0), differentiable=True,
    undefined="a constant source, or a fused image that differs from a source by a constant, has no correlation",
)  # fmt: skip
def sum_of_correlations_of_differences(t: Triple) -> Array:
    """Sum of the correlations of differences: r(F - B, A) + r(F - A, B)."""
    return correlation_of_difference(t.fused, t.b, t.a) + correlation_of_difference(t.fused, t.a, t.b)
