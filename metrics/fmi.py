"""Feature mutual information: how much the fused image tells, window by window, about features of its sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device, is_numpy_array, is_torch_array

from .catalog import metric
from .filters import divided, gradient, like, pad
from .triple import Array, Image, Triple, feature

SMALL = 1e-300  # keeps the logarithm of 0 finite, and is far below any mass that counts
ON_PROCESSOR = 1280  # windows at a time: what their joint distributions take stays in the processor's cache
ON_ACCELERATOR = 1 << 18
PAPER = "Haghighat and Razian, Fast-FMI: non-reference image fusion metric, AICT 2014, doi:10.1109/ICAICT.2014.7036000"


class Spread(NamedTuple):
    """The nine samples of some windows as a distribution; `mass`, `cumulated` and `deviation` are (9, P)."""

    mass: Array
    cumulated: Array
    deviation: Array  # of the masses from their mean
    energy: Array  # sum of the squared deviations
    sd: Array  # of the position 1..9 under the distribution
    entropy: Array  # bits


def sequential_sum(terms: Array) -> Array:
    """Sum over the first axis strictly from first to last.

    Two constant windows deviate from their means by rounding noise alone, and the metric correlates that noise:
    the result is 1 where the sums run in sequence, as in the published code, and 0 where they are pairwise or exact.
    """
    total = terms[0]
    for index in range(1, terms.shape[0]):
        total = total + terms[index]
    return total


def windows(xp: Any, band: Array) -> Array:
    """Return the 3x3 windows of a band (R, W) as (9, P), each read column by column."""
    rows, columns = band.shape[0] - 2, band.shape[1] - 2
    return xp.stack([
        xp.reshape(band[y : y + rows, x : x + columns], (-1,)) for x in range(3) for y in range(3)
    ])  # fmt: skip


def rescale(xp: Any, samples: Array) -> Array:
    """Stretch each window to 0..1; a constant one becomes all ones."""
    low, high = xp.min(samples, axis=0), xp.max(samples, axis=0)
    flat = high == low
    return xp.where(flat, 1.0, (samples - low) / xp.where(flat, 1.0, high - low))


def spread(xp: Any, samples: Array) -> Spread:
    """Describe the rescaled samples (9, P) of each window as a distribution over the positions 1..9."""
    mass = samples / sequential_sum(samples)
    cumulated = [mass[0]]
    for index in range(1, 9):
        cumulated.append(cumulated[-1] + mass[index])
    deviation = mass - divided(xp, sequential_sum(mass), 9.0)
    first = sequential_sum(xp.stack([mass[k] * (k + 1) for k in range(9)]))
    second = sequential_sum(xp.stack([mass[k] * (k + 1) ** 2 for k in range(9)]))
    variance = second - first * first
    return Spread(
        mass,
        xp.stack(cumulated),
        deviation,
        sequential_sum(deviation * deviation),
        xp.sqrt(xp.where(variance > 0, variance, 0.0)),
        -sequential_sum(plogp(xp, mass)),
    )


def plogp(xp: Any, masses: Array) -> Array:
    """Return m log2 m, and 0 for 0."""
    return masses * xp.log2(masses + SMALL)


def ratio(xp: Any, numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 where the denominator is 0."""
    none = denominator == 0
    return xp.where(none, 0.0, numerator / xp.where(none, 1.0, denominator))


def window_information(xp: Any, f: Spread, s: Spread) -> Array:
    """Normalised mutual information 2 I / (H_f + H_s) of each window, from a joint distribution that is assumed.

    The joint distribution mixes independence with the Frechet bound in whose direction the masses correlate
    (upper for c >= 0, lower for c < 0), with the weight that gives the correlation c. The weight may pass 1 and a
    joint mass turn negative; the published code then takes the real part of the logarithm, that is log|m|.
    """
    c = ratio(xp, sequential_sum(f.deviation * s.deviation), xp.sqrt(f.energy * s.energy))
    falling = c < 0
    # The lower bound max(F + S - 1, 0) is F - min(F, 1 - S): with S replaced by 1 - S one minimum serves both signs.
    partner = xp.where(falling, 1 - s.cumulated, s.cumulated)
    start = xp.where(falling, 1.0, 0.0)[None]
    zero = xp.zeros_like(start)
    lesser = xp.minimum(xp.concat([zero, f.cumulated])[:, None], xp.concat([start, partner])[None])
    bound = xp.sum(lesser[1:, 1:], axis=(0, 1))
    sum_f, sum_s = xp.sum(f.cumulated, axis=0), xp.sum(s.cumulated, axis=0)
    covariance = xp.where(falling, 9 * sum_f - bound, bound) - sum_f * sum_s
    weight = ratio(xp, c * (f.sd * s.sd), covariance)
    weight = xp.where(f.sd * s.sd == 0, 0.0, weight)
    corner = lesser[1:] - lesser[:-1]
    joint = corner[:, 1:] - corner[:, :-1]
    joint *= xp.where(falling, -weight, weight)
    joint += ((1 - weight) * f.mass)[:, None] * s.mass[None]
    size = xp.abs(joint)
    size += SMALL
    joint_entropy = -xp.einsum("ijp,ijp->p", joint, xp.log2(size))
    information = f.entropy + s.entropy - joint_entropy
    return ratio(xp, 2 * information, f.entropy + s.entropy)


def window_scores(xp: Any, fused: Array, a: Array, b: Array) -> Array:
    """Mean information about the two sources of windows (9, P); a window that equals the fused one has 1."""
    raw, scaled = fused, rescale(xp, fused)
    distribution = spread(xp, scaled)
    found = 0.0
    for samples in (a, b):
        same = xp.all(samples == raw, axis=0)
        known = window_information(xp, distribution, spread(xp, rescale(xp, samples)))
        found = found + xp.where(same, 1.0, known)
        # After a comparison the published code keeps the rescaled window: b is compared with that, not with the raw.
        raw = xp.where(same, raw, scaled)
    return found / 2


def pieces(maps: Array) -> Iterator[slice]:
    """Cut the rows of (H, W) into overlapping bands, so small that a processor's cache holds what they need."""
    height, width = maps.shape
    accelerated = is_torch_array(maps) and device(maps).type != "cpu"
    rows = max(1, (ON_ACCELERATOR if accelerated else ON_PROCESSOR) // width)
    for top in range(0, height - 2, rows):
        yield slice(top, min(top + rows, height - 2) + 2)


def feature_information(t: Triple, view: Callable[[Image], Array]) -> Array:
    """Mean over all 3x3 windows of the information that the fused feature map has about those of the sources."""
    xp, scores = t.xp, []
    for fused, a, b in zip(view(t.fused), view(t.a), view(t.b), strict=True):
        bands = pieces(fused)
        sums = [xp.sum(window_scores(xp, *(windows(xp, x[band]) for x in (fused, a, b)))) for band in bands]
        scores.append(xp.sum(xp.stack(sums)) / ((fused.shape[0] - 2) * (fused.shape[1] - 2)))
    return xp.stack(scores)


def binary_information(t: Triple, view: Callable[[Image], Array]) -> Array:
    """Return `feature_information` of maps of zeros and ones: each triple of windows that occurs is scored once."""
    xp, scores = t.xp, []
    for maps in zip(view(t.fused), view(t.a), view(t.b), strict=True):
        code = 0
        for samples in (windows(xp, xp.astype(x, xp.int64)) for x in maps):
            for k in range(9):
                code = code * 2 + samples[k]
        codes, counts = xp.unique_counts(code)
        bits = xp.stack([xp.astype((codes >> k) & 1, maps[0].dtype) for k in range(26, -1, -1)])
        values = window_scores(xp, bits[:9], bits[9:18], bits[18:])
        scores.append(xp.sum(values * counts) / xp.sum(counts))
    return xp.stack(scores)


def pixels(image: Image) -> Array:
    """Return the gray values themselves."""
    return image.data


@feature
def horizontal_gradient(image: Image) -> Array:
    """Derivative along the rows of (N, H, W)."""
    return gradient(image.data)[0]


@lru_cache(maxsize=16)
def cosine_matrix(size: int) -> Any:
    """Return the orthonormal DCT-II of `size` points as a matrix."""
    k, x = np.arange(size)[:, None], np.arange(size)[None]
    matrix = np.sqrt(2 / size) * np.cos(np.pi * k * (2 * x + 1) / (2 * size))
    matrix[0] = np.sqrt(1 / size)
    return matrix


@feature
def cosines(image: Image) -> Array:
    """Two-dimensional orthonormal DCT of each whole image."""
    down, along = (like(cosine_matrix(size), image.data) for size in image.size)
    return down @ image.data @ along.T


@feature
def wavelets(image: Image) -> Array:
    """One level of the discrete Meyer wavelet as [approximation, horizontal; vertical, diagonal], stretched to 0..1.

    Where the image is saturated the details are rounding noise, which the windows then stretch: tensors too are
    transformed by PyWavelets, so that all devices agree.
    """
    import pywt

    data = image.data if is_numpy_array(image.data) else image.data.detach().cpu().numpy()
    approximation, (horizontal, vertical, diagonal) = pywt.dwt2(data, "dmey", "symmetric")
    bands = np.block([[approximation, horizontal], [vertical, diagonal]])
    low, high = bands.min(axis=(1, 2), keepdims=True), bands.max(axis=(1, 2), keepdims=True)
    return like((bands - low) / np.where(high > low, high - low, 1.0), image.data)


@feature
def slopes(image: Image, white: float) -> tuple[Array, Array]:
    """Sobel derivatives of the image divided by `white`, down and along, over 8, border replicated.

    Many pixels are exactly as strong as a neighbour. On 0..1 it is the rounding that decides which of them is a crest,
    so the order of the additions is part of the definition: each side of the window in turn, the first side first.
    """
    padded = pad(divided(image.xp, image.data, white), 1, 1, "replicate")
    rows, columns = image.size

    def tap(y: int, x: int, weight: float) -> Array:
        return weight * padded[:, y : y + rows, x : x + columns]

    above = tap(0, 0, 0.125) + tap(0, 1, 0.25) + tap(0, 2, 0.125)
    left = tap(0, 0, 0.125) + tap(1, 0, 0.25) + tap(2, 0, 0.125)
    down = above - tap(2, 0, 0.125) - tap(2, 1, 0.25) - tap(2, 2, 0.125)
    right = left - tap(0, 2, 0.125) - tap(1, 2, 0.25) - tap(2, 2, 0.125)
    return down, right


def neighbours(xp: Any, data: Array) -> tuple[Array, Array, Array, Array]:
    """Return the left, right, upper and lower neighbour of each pixel, 0 outside."""
    row, column = xp.zeros_like(data[:, :1]), xp.zeros_like(data[:, :, :1])
    return (
        xp.concat([column, data[:, :, :-1]], axis=2),
        xp.concat([data[:, :, 1:], column], axis=2),
        xp.concat([row, data[:, :-1]], axis=1),
        xp.concat([data[:, 1:], row], axis=1),
    )


@feature
def edges(image: Image) -> Array:
    """Binary Sobel edges: local maxima along a row or along a column, stronger than twice the root mean square."""
    xp = image.xp
    down, right = slopes(image, 255.0)
    power = down * down + right * right
    threshold = 4 * xp.mean(power, axis=(-2, -1), keepdims=True)
    west, east, north, south = neighbours(xp, power)
    crest = ((power > west) & (power > east)) | ((power > north) & (power > south))
    return xp.astype(crest & (power >= threshold), image.data.dtype)


@feature
def directed_edges(image: Image) -> Array:
    """Binary Sobel edges as `edges`, but maxima only along the axis in which the gradient is the steeper."""
    xp = image.xp
    down, right = slopes(image, 1.0)
    power = down * down + right * right
    threshold = 4 * xp.mean(power, axis=(-2, -1), keepdims=True)
    west, east, north, south = neighbours(xp, power)
    steep = xp.abs(right) - xp.abs(down)
    slack = 100 * 2.0**-52
    crest = ((steep >= -slack) & (power >= west) & (power > east)) | (
        (steep <= slack) & (power >= north) & (power > south)
    )
    return xp.astype(crest & (power > threshold), image.data.dtype)


# The comparison with b follows that with a (see band_information), so the sources cannot be swapped.
@metric(
    "FMI_none",
    "tang",
    reference=PAPER,
    range=(0.0, 2.0),
    min_size=3,
    symmetric=False,
    flips=False,
    transposes=False,
    identity=1.0,
)
def fmi_none(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of gray values between the fused image and each source.

    What the literature calls FMI_pixel. Each window is read as a distribution over its nine positions, the joint
    distribution is assumed, not counted (see `window_information`). Bits cancel. 0 to 1 except that an assumed joint
    distribution with negative masses can leave that range slightly. Sensitive to rounding where windows are constant.
    """
    return feature_information(t, pixels)


@metric(
    "FMI_gradient",
    "tang",
    reference=PAPER,
    range=(0.0, 2.0),
    min_size=3,
    symmetric=False,
    flips=False,
    transposes=False,
    identity=1.0,
)
def fmi_gradient(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of the horizontal gradient.

    Only the derivative along the rows is used, so transposed images have another value.
    """
    return feature_information(t, horizontal_gradient)


@metric(
    "FMI_dct",
    "tang",
    reference=PAPER,
    range=(0.0, 2.0),
    min_size=3,
    symmetric=False,
    flips=False,
    transposes=False,
    identity=1.0,
)
def fmi_dct(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of the discrete cosine transform of the whole image.

    The transform is that of the image, not of blocks: the windows group neighbouring frequencies.
    """
    return feature_information(t, cosines)


@metric(
    "FMI_w",
    "tang",
    reference=PAPER,
    range=(0.0, 2.0),
    min_size=3,
    symmetric=False,
    flips=False,
    transposes=False,
    identity=1.0,
)
def fmi_w(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of one level of the discrete Meyer wavelet.

    With PyWavelets' filter of 62 taps; MATLAB's has 102, which changes the value by 0.05 to 0.6 %.
    """
    return feature_information(t, wavelets)


@metric(
    "FMI_pixel",
    "tang",
    reference=PAPER,
    range=(0.0, 2.0),
    min_size=3,
    symmetric=False,
    flips=False,
    transposes=False,
    identity=1.0,
)
def fmi_pixel(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of binary Sobel edge maps, thinned along either axis.

    The name says pixels, but the code is called without naming a feature, and its default is edges; FMI_none has the
    pixels. Most windows are constant, and their value hangs on the order of additions (see `sequential_sum`): do not
    compare it with numbers made in MATLAB more closely than to 5 %. The thinning is Octave's.
    """
    return binary_information(t, edges)


@metric(
    "FMI_pixel",
    "tang-directed",
    reference=PAPER,
    range=(0.0, 2.0),
    min_size=3,
    symmetric=False,
    flips=False,
    transposes=False,
    identity=1.0,
)
def fmi_pixel_directed(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of binary Sobel edges, thinned along the gradient.

    FMI_pixel@tang with the thinning that MATLAB documents: a pixel must be a maximum along the axis that is nearer to
    its gradient. 0.6 to 1.4 % above it on real images.
    """
    return binary_information(t, directed_edges)
