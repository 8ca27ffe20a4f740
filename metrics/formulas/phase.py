"""Phase congruency (Kovesi)."""

from __future__ import annotations

import math
from functools import lru_cache
from math import cos, log, pi, sin
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.pixelwise import choose, exp, in_sequence, larger, mapped, sqrt
from ..arrays.responses import responses
from ..arrays.triple import Image, feature
from ..arrays.types import Array, Namespace

SCALES, ORIENTATIONS = 4, 6
SHORTEST, STEP = 3.0, 2.1  # wavelength of the finest filter, and from one filter to the next
BANDWIDTH = 0.55  # deviation of the log-Gabor over its centre frequency
ANGULAR = pi / ORIENTATIONS / 1.2  # deviation of the angular Gaussian
EPSILON = 1e-4
NOISE = 2.0  # deviations of the noise energy above its mean where the threshold lies
SPREAD, SHARPNESS = 0.5, 10.0  # responses in fewer than half of the scales count less, through a sigmoid
SAMPLED = 61  # every so many numbers tell about where the median is


class Bank(NamedTuple):
    """Filters of one image size: `radial[..., s] * angular[o]` is the filter of scale s and orientation o."""

    radial: NDArray[Any]  # (W, H, SCALES), the frequency along the rows first, 0 at [0, 0]
    angular: NDArray[Any]  # (ORIENTATIONS, W, H), over the number of pixels: transforms back do not divide by it
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
    threshold = tuple(_threshold(radial, fan) for fan in angular)
    scales, fans = radial.transpose(2, 1, 0), angular.transpose(0, 2, 1) / (height * width)
    return Bank(np.ascontiguousarray(scales), np.ascontiguousarray(fans), threshold)


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


def _median(xp: Namespace, x: Array) -> Array:
    """Median over the pixels of each image, the mean of the middle two: (N, H, W) -> (N, 1, 1)."""
    flat = xp.reshape(x, (x.shape[0], -1))
    if isinstance(flat, np.ndarray):
        return np.array([_middle(image) for image in flat])[:, None, None]
    ordered, middle = xp.sort(flat, axis=1), flat.shape[1] // 2
    return ((ordered[:, middle] + ordered[:, (flat.shape[1] - 1) // 2]) / 2)[:, None, None]


def _middle(numbers: NDArray[Any]) -> float:
    """Median of many numbers: only what lies near a sample's is put in order."""
    ranks, some = ((len(numbers) - 1) // 2, len(numbers) // 2), numbers[::SAMPLED]
    ends = [int(part * len(some)) for part in (0.46, 0.54)]
    low, high = np.partition(some, ends)[ends]
    beneath, over = numbers < low, numbers > high
    below, near = int(np.count_nonzero(beneath)), numbers[np.flatnonzero(~(beneath | over))]
    if not below <= ranks[0] <= ranks[1] < below + len(near):
        return float(np.median(numbers))
    places = [rank - below for rank in ranks]
    return float(np.partition(near, places)[places].mean())


def of_responses(*parts: Array) -> tuple[Array, Array, Array, Array]:
    """Real and imaginary responses of the scales at one orientation to what is kept of them.

    Squared amplitude at the finest scale; what lies along the mean phase, less what lies across it; summed amplitude;
    and a weight by its spread over the scales.
    """
    real, imaginary = parts[::2], parts[1::2]
    even, odd = in_sequence(real), in_sequence(imaginary)
    squares = [x * x + y * y for x, y in zip(real, imaginary, strict=True)]
    sizes = [sqrt(square) for square in squares]
    amplitude, largest = in_sequence(sizes), sizes[0]
    for size in sizes[1:]:
        largest = larger(largest, size)
    across = in_sequence([abs(y * even - x * odd) for x, y in zip(real, imaginary, strict=True)])
    power = even * even + odd * odd
    width = amplitude / (largest + EPSILON) / SCALES
    weight = 1 / (1 + exp((SPREAD - width) * SHARPNESS))
    return squares[0], (power - across) / (sqrt(power) + EPSILON), amplitude, weight


def congruency_of(*numbers: Array) -> Congruency:
    """Phase congruency, and the largest and smallest moment of the squares of the orientations'.

    Takes what is kept of the responses at each orientation, and then their noise thresholds.
    """
    energies, squares = list[Array](), list[Array]()
    parts, thresholds = numbers[:-ORIENTATIONS], numbers[-ORIENTATIONS:]
    for threshold, along, amplitude, weight in zip(thresholds, parts[::3], parts[1::3], parts[2::3], strict=True):
        energies.append(larger(along - threshold, 0.0) * weight)
        congruency = energies[-1] / choose(amplitude > 0, amplitude, 1.0)
        squares.append(congruency * congruency)
    turns = [(cos(o * pi / ORIENTATIONS), sin(o * pi / ORIENTATIONS)) for o in range(ORIENTATIONS)]
    weights = zip(*((2 * x * x, 2 * y * y, x * y) for x, y in turns), strict=True)
    xx, yy, xy = (
        in_sequence([square * (weight / ORIENTATIONS) for square, weight in zip(squares, each, strict=True)])
        for each in weights
    )
    spread = sqrt(xy * xy + (xx - yy) * (xx - yy)) + EPSILON
    whole = in_sequence(energies) / (in_sequence(parts[1::3]) + EPSILON)
    return Congruency(whole, (xx + yy + spread) / 2, (xx + yy - spread) / 2)


def _congruency(xp: Namespace, data: Array) -> Congruency:
    """Compute `phase_congruency` of a batch."""
    filters, kept, thresholds = bank(*data.shape[-2:]), list[Array](), list[Array]()
    each = responses(of_responses, data, filters.radial, filters.angular, outputs=4)
    for factor, (finest, *parts) in zip(filters.threshold, each, strict=True):
        thresholds.append(factor * xp.sqrt(_median(xp, finest)))
        kept += parts
    return Congruency(*mapped(congruency_of, *kept, *thresholds, outputs=3))


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
