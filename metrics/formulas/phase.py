"""Phase congruency (Kovesi) and the fusion metric built on it, Q_P."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from math import cos, log, nan, pi, sin
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.filters import gaussian, like, pad, total
from ..arrays.local import covariance, local_moments, moments_of
from ..arrays.pixelwise import choose, exp, in_sequence, larger, mapped, sqrt
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array, Namespace, namespace
from ..arrays.windows import swept
from ..catalog import metric

ZHAO = (
    "Zhao, Laganière & Liu, Performance assessment of combinative pixel-level image fusion based on an absolute "
    "feature measurement, Int. J. Innovative Computing, Information and Control 3(6A), 2007; Kovesi, Image "
    "features from phase congruency, Videre 1(3), 1999"
)

SCALES, ORIENTATIONS = 4, 6
SHORTEST, STEP = 3.0, 2.1  # wavelength of the finest filter, and from one filter to the next
BANDWIDTH = 0.55  # deviation of the log-Gabor over its centre frequency
ANGULAR = pi / ORIENTATIONS / 1.2  # deviation of the angular Gaussian
EPSILON = 1e-4
NOISE = 2.0  # deviations of the noise energy above its mean where the threshold lies
SPREAD, SHARPNESS = 0.5, 10.0  # responses in fewer than half of the scales count less, through a sigmoid
FEATURE = 0.1  # phase congruency above which a pixel is a feature
WINDOW = (11, 1.5)
FRAME = 5  # zeros around the maps: as many as the window reaches
STABLE = 1e-4


class Bank(NamedTuple):
    """Filters of one image size: `radial[s] * angular[o]` is the filter of scale s and orientation o."""

    radial: NDArray[Any]  # (SCALES, H, W), the frequency 0 at [0, 0]
    angular: NDArray[Any]  # (ORIENTATIONS, H, W)
    threshold: tuple[float, ...]  # by orientation: noise threshold over the root of the finest scale's median energy


class Congruency(NamedTuple):
    """Phase congruency (0 to 1) and the two principal moments of its variation with orientation, each (N, H, W)."""

    congruency: Array
    edge: Array  # the larger moment
    corner: Array  # the smaller


def _frequencies(count: int) -> NDArray[Any]:
    """Frequencies from -1/2 on, 0 in the middle; an odd axis is stretched to end at 1/2 exactly."""
    return (np.arange(count) - count // 2) / (count - count % 2)


@lru_cache(maxsize=2)  # tens of megabytes each
def bank(height: int, width: int) -> Bank:
    """Build the filters of one image size, and the noise that each orientation lets through."""
    y, x = np.meshgrid(_frequencies(height), _frequencies(width), indexing="ij")
    radius, angle = np.fft.ifftshift(np.hypot(x, y)), np.fft.ifftshift(np.arctan2(-y, x))
    radius[0, 0] = 1.0  # its logarithm is taken; the filter is set to 0 there
    v, u = ((np.arange(n) - n // 2) / n for n in (height, width))
    # the published code moves this one by fftshift: in an odd axis it lies one frequency beside the others
    lowpass = np.fft.fftshift(1 / (1 + (np.hypot(u[None], v[:, None]) / 0.45) ** 30))
    radial = np.stack(
        [
            np.exp(-(np.log(radius * SHORTEST * STEP**s) ** 2) / (2 * log(BANDWIDTH) ** 2)) * lowpass
            for s in range(SCALES)
        ]
    )
    radial[:, 0, 0] = 0.0
    angular = np.stack([_angular(angle, o * pi / ORIENTATIONS) for o in range(ORIENTATIONS)])
    return Bank(radial, angular, tuple(_threshold(radial, fan) for fan in angular))


def _angular(angle: NDArray[Any], direction: float) -> NDArray[Any]:
    """Gaussian of the distance between two angles, around the circle."""
    distance = np.arctan2(np.sin(angle - direction), np.cos(angle - direction))
    result: NDArray[Any] = np.exp(-(distance**2) / (2 * ANGULAR**2))
    return result


def _threshold(radial: NDArray[Any], angular: NDArray[Any]) -> float:
    """Noise threshold of one orientation over the root of the median squared response at the finest scale.

    White noise of unit power gives a mean squared response of `power` at the finest scale and, over all scales, the
    energy of the summed even filters (Parseval). Its amplitude is Rayleigh distributed, the median squared amplitude
    log 2 of the mean; the threshold lies NOISE deviations above the mean amplitude, and 1.7 is Kovesi's correction.
    """
    whole = radial.sum(axis=0) * angular
    even = (whole + np.roll(whole[::-1, ::-1], 1, axis=(0, 1))) / 2
    power = float(((radial[0] * angular) ** 2).sum())
    tau = math.sqrt(float((even**2).sum()) / (power * log(2)))
    return tau * (math.sqrt(pi / 2) + NOISE * math.sqrt(2 - pi / 2)) / 1.7


def _responses(scales: list[Array], angular: Array, out: NDArray[Any] | None) -> Array:
    """Responses to the filters of one orientation, even part real, odd part imaginary: (SCALES, N, H, W).

    `out` (NumPy only) is where they go: memory that is written for the first time costs as much as the transform.
    """
    if out is None:
        xp = namespace(angular)
        return xp.stack([xp.fft.ifft2(scale * angular) for scale in scales])
    import cv2
    from scipy.fft import ifft2

    for response, scale in zip(out, map(np.asarray, scales), strict=True):
        for one, spectrum in zip(response, scale, strict=True):
            np.multiply(spectrum, np.asarray(angular), out=one)
            if all(_smooth(length) for length in one.shape):  # OpenCV takes half of NumPy's time, but squares primes
                plane = one.view(np.float64).reshape(*one.shape, 2)
                cv2.dft(plane, plane, cv2.DFT_INVERSE | cv2.DFT_SCALE)
            else:
                one[:] = ifft2(one, overwrite_x=True)
    return out


@cache
def _smooth(length: int) -> bool:
    """Tell whether no prime factor of `length` is larger than 31."""
    for factor in range(2, 32):
        while length % factor == 0:
            length //= factor
    return length == 1


def _median(xp: Namespace, x: Array) -> Array:
    """Median over the pixels of each image, the mean of the middle two: (N, H, W) -> (N, 1, 1)."""
    flat = xp.reshape(x, (x.shape[0], -1))
    if isinstance(flat, np.ndarray):
        median: Array = np.median(flat, axis=1)[:, None, None]
        return median
    ordered, middle = xp.sort(flat, axis=1), flat.shape[1] // 2
    return ((ordered[:, middle] + ordered[:, (flat.shape[1] - 1) // 2]) / 2)[:, None, None]


class Sums(NamedTuple):
    """What is summed over the orientations, each (N, H, W): energy, amplitude, and moments of the congruency."""

    energy: Array
    amplitude: Array
    xx: Array
    yy: Array
    xy: Array


def with_orientation(*numbers: Array) -> Sums:
    """Add an orientation to the sums: takes them, its threshold, cosine and sine, and real and imaginary responses.

    Its energy is what lies along the mean phase, less what lies across it, less the noise, weighted by its spread over
    the scales.
    """
    before, (threshold, cosine, sine), parts = Sums(*numbers[:5]), numbers[5:8], numbers[8:]
    real, imaginary = parts[::2], parts[1::2]
    even, odd = in_sequence(real), in_sequence(imaginary)
    sizes = [sqrt(x * x + y * y) for x, y in zip(real, imaginary, strict=True)]
    amplitude, largest = in_sequence(sizes), sizes[0]
    for size in sizes[1:]:
        largest = larger(largest, size)
    across = in_sequence([abs(y * even - x * odd) for x, y in zip(real, imaginary, strict=True)])
    power = even * even + odd * odd
    energy = larger((power - across) / (sqrt(power) + EPSILON) - threshold, 0.0)
    width = amplitude / (largest + EPSILON) / SCALES
    energy = energy / (1 + exp((SPREAD - width) * SHARPNESS))
    congruency = energy / choose(amplitude > 0, amplitude, 1.0)
    square = congruency * congruency / ORIENTATIONS
    return Sums(
        before.energy + energy,
        before.amplitude + amplitude,
        before.xx + square * (cosine * cosine) * 2,
        before.yy + square * (sine * sine) * 2,
        before.xy + square * (cosine * sine),
    )


def congruency_of(energy: Array, amplitude: Array, xx: Array, yy: Array, xy: Array) -> Congruency:
    """Phase congruency, and the largest and smallest moment of the squares of the orientations'."""
    spread = sqrt(xy * xy + (xx - yy) * (xx - yy)) + EPSILON
    return Congruency(energy / (amplitude + EPSILON), (xx + yy + spread) / 2, (xx + yy - spread) / 2)


def _congruency(xp: Namespace, data: Array) -> Congruency:
    """Compute `phase_congruency` of a batch."""
    filters, shape = bank(*data.shape[-2:]), data.shape
    spectrum = xp.fft.fft2(data)
    scales = [spectrum * like(radial, data) for radial in filters.radial]
    out = np.empty((SCALES, *shape), dtype=np.complex128) if isinstance(data, np.ndarray) else None
    sums = Sums(*[xp.zeros_like(data)] * 5)
    for o, (angular, factor) in enumerate(zip(filters.angular, filters.threshold, strict=True)):
        responses = _responses(scales, like(angular, data), out)
        threshold = factor * xp.sqrt(_median(xp, xp.real(responses[0]) ** 2 + xp.imag(responses[0]) ** 2))
        direction = (xp.full_like(threshold, part(o * pi / ORIENTATIONS)) for part in (cos, sin))
        sums = Sums(*mapped(with_orientation, *sums, threshold, *direction, *responses, outputs=5))
    return Congruency(*mapped(congruency_of, *sums, outputs=3))


@feature
def phase_congruency(image: Image) -> Congruency:
    """Phase congruency of every pixel, and its largest and smallest moment over six orientations.

    Kovesi's measure PC2: log-Gabor filters of 4 scales (wavelengths 3 to 27.8) in 6 orientations; the energy along the
    mean phase less that across it, less the noise, over the summed amplitude. Independent of contrast.
    """
    xp, data = image.xp, image.data
    if not isinstance(data, np.ndarray):
        return _congruency(xp, data)
    each = [_congruency(xp, data[i : i + 1]) for i in range(len(data))]  # one image at a time: less memory, same speed
    return Congruency(*(np.concatenate(maps) for maps in zip(*each, strict=True)))


class Features(NamedTuple):
    """The maps of a source (or of both), zero outside its features and in a frame, and where those are."""

    maps: tuple[Image, Image, Image]
    where: Array


def _features(xp: Namespace, maps: Congruency) -> Features:
    where = maps.congruency > FEATURE
    congruency, edge, corner = (Image(pad(xp.where(where, x, 0.0), FRAME, FRAME, "zero")) for x in maps)
    return Features((congruency, edge, corner), where)


@feature
def features(source: Image) -> Features:
    """Features of one source."""
    return _features(source.xp, phase_congruency(source))


@feature
def joint_features(a: Image, b: Image) -> Features:
    """Features of the source whose phase congruency is larger, pixel by pixel."""
    xp, first, second = a.xp, phase_congruency(a), phase_congruency(b)
    larger = first.congruency > second.congruency
    return _features(xp, Congruency(*(xp.where(larger, x, y) for x, y in zip(first, second, strict=True))))


def correlation(both: Array, mf: Array, vf: Array, mc: Array, vc: Array) -> Array:
    """Correlation in a window, 1 where both maps are flat."""
    return (covariance(both, mf, vf, mc, vc) + STABLE) / (sqrt(vf * vc) + STABLE)


def best_correlation(*numbers: Array) -> tuple[Array]:
    """The largest of the correlations of a fused map with three others, each 0 where it has no feature.

    From the window means of F, F² and F times each, and mean, variance and presence of each.
    """
    own, products, maps = moments_of(*numbers[:2]), numbers[2:5], numbers[5:]
    correlations = [
        choose(maps[3 * k + 2] > 0, correlation(both, *own, *maps[3 * k : 3 * k + 2]), 0.0)
        for k, both in enumerate(products)
    ]
    return (larger(larger(correlations[0], correlations[1]), correlations[2]),)


@metric(
    "Q_P", "liu", reference=ZHAO, range=(-1, 1), min_size=2, flips=False, transposes=False,
    undefined="no pixel of a source has a phase congruency above .1 (0/0)",
)  # fmt: skip
def q_p(t: Triple) -> Array:
    """Product of the mean local correlations of phase congruency, its largest and its smallest moment, at features.

    Each factor: at every pixel the largest of the correlations of the fused map with that of source a, of source b and
    of the stronger of both (11x11 Gaussian windows of deviation 1.5, C = 1e-4), summed and divided by the number of
    features, the pixels where a source's phase congruency exceeds .1. From -1 to 1. The source maps are zero outside
    their features, the fused ones are not, so a copy does not reach 1. A flat fused image gives C / C, about 1: look at
    another metric too. The filters are not quite mirror images at the highest frequency, so flipping changes the
    last digits.
    """
    xp, sums = t.xp, list[Array]()
    candidates = [features(t.a), features(t.b), joint_features(t.a, t.b)]
    count = total(xp.astype(candidates[-1].where, xp.float64))
    where = [xp.astype(c.where, xp.uint8) for c in candidates]
    for i, data in enumerate(phase_congruency(t.fused)):
        fused, others = pad(data, FRAME, FRAME, "zero"), [c.maps[i] for c in candidates]
        maps = [m for other, there in zip(others, where, strict=True) for m in (*local_moments(other, *WINDOW), there)]
        images = (None, fused, *(other.pixels for other in others))
        sums += swept(best_correlation, fused, gaussian(*WINDOW), images, tuple(maps), outputs=0, totals=1)
    count = xp.where(count > 0, count, nan)
    return sums[0] / count * sums[1] / count * sums[2] / count
