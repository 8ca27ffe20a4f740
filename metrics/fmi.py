"""Feature mutual information: how much the fused image tells, window by window, about features of its sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from array_api_compat import device, is_torch_array

from .catalog import metric
from .filters import divided
from .fmi_features import cosines, directed_edges, edges, horizontal_gradient, pixels, wavelets
from .pixelwise import choose, larger, pixelwise, smaller, sqrt
from .triple import Array, Image, Triple

ON_PROCESSOR = 10240  # windows at a time: fewer cost calls, more do not fit the cache
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


# Sums run strictly from the first sample to the last. Two constant windows deviate from their means by rounding noise
# alone, and the metric correlates that noise: the result is 1 where the sums run in sequence, as in the published code,
# and 0 where they are pairwise or exact.


@pixelwise
def sum_of(a: Array, b: Array, c: Array, d: Array, e: Array, f: Array, g: Array, h: Array, i: Array) -> Array:
    """Sum of nine samples, in sequence."""
    return a + b + c + d + e + f + g + h + i


@pixelwise
def squares_of(a: Array, b: Array, c: Array, d: Array, e: Array, f: Array, g: Array, h: Array, i: Array) -> Array:
    """Sum of the squares of nine samples, in sequence."""
    return a * a + b * b + c * c + d * d + e * e + f * f + g * g + h * h + i * i


@pixelwise
def position_deviation(
    a: Array, b: Array, c: Array, d: Array, e: Array, f: Array, g: Array, h: Array, i: Array
) -> Array:
    """Standard deviation of the position 1..9 under nine masses."""
    first = a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9
    second = a + b * 4 + c * 9 + d * 16 + e * 25 + f * 36 + g * 49 + h * 64 + i * 81
    return sqrt(larger(second - first * first, 0.0))


@pixelwise
def sum_of_smaller(
    x: Array, a: Array, b: Array, c: Array, d: Array, e: Array, f: Array, g: Array, h: Array, i: Array
) -> Array:
    """Sum over nine numbers of the smaller of x and each."""
    left = smaller(x, a) + smaller(x, b) + smaller(x, c) + smaller(x, d) + smaller(x, e)
    return left + smaller(x, f) + smaller(x, g) + smaller(x, h) + smaller(x, i)


@pixelwise
def joint_mass(
    f: Array, f_before: Array, s: Array, s_before: Array, bound: Array, f_mass: Array, s_mass: Array
) -> Array:
    """One cell of the mixture: `bound` times the bound's mass there, plus what is left of independence."""
    upper = smaller(f, s) - smaller(f_before, s)
    return bound * (upper - (smaller(f, s_before) - smaller(f_before, s_before))) + f_mass * s_mass


@pixelwise
def magnitude(x: Array) -> Array:
    """Absolute value, above 0: far below any mass that counts, but it has a logarithm."""
    return abs(x) + 1e-300


def windows(xp: Any, band: Array) -> Array:
    """Return the 3x3 windows of a band (R, W) as (9, P), each read column by column."""
    rows, columns = band.shape[0] - 2, band.shape[1] - 2
    return xp.stack([
        xp.reshape(band[y : y + rows, x : x + columns], (-1,)) for x in range(3) for y in range(3)
    ])  # fmt: skip


@pixelwise
def stretch(x: Array, low: Array, high: Array) -> Array:
    """Bring a window's sample to 0..1; those of a constant window become 1."""
    return choose(high == low, 1.0, (x - low) / larger(high - low, 1e-300))


def rescale(xp: Any, samples: Array) -> Array:
    """Stretch each window of (9, P) to 0..1."""
    return stretch(samples, xp.min(samples, axis=0), xp.max(samples, axis=0))


def spread(xp: Any, samples: Array) -> Spread:
    """Describe the rescaled samples (9, P) of each window as a distribution over the positions 1..9."""
    mass = samples / sum_of(*samples)
    cumulated = [mass[0]]
    for index in range(1, 9):
        cumulated.append(cumulated[-1] + mass[index])
    deviation = mass - divided(xp, sum_of(*mass), 9.0)
    return Spread(
        mass,
        xp.stack(cumulated),
        deviation,
        squares_of(*deviation),
        position_deviation(*mass),
        -xp.einsum("ip,ip->p", mass, xp.log2(magnitude(mass))),
    )


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
    c = ratio(xp, sum_of(*(f.deviation * s.deviation)), xp.sqrt(f.energy * s.energy))
    falling = c < 0
    # The lower bound max(F + S - 1, 0) is F - min(F, 1 - S): with S replaced by 1 - S one minimum serves both signs.
    partner = xp.where(falling, 1 - s.cumulated, s.cumulated)
    start, zero = xp.where(falling, 1.0, 0.0)[None], xp.zeros_like(c)[None]
    shared = xp.sum(sum_of_smaller(f.cumulated, *(xp.broadcast_to(p, f.cumulated.shape) for p in partner)), axis=0)
    sum_f, sum_s = xp.sum(f.cumulated, axis=0), xp.sum(s.cumulated, axis=0)
    covariance = xp.where(falling, 9 * sum_f - shared, shared) - sum_f * sum_s
    spreads = f.sd * s.sd
    weight = xp.where(spreads == 0, 0.0, ratio(xp, c * spreads, covariance))
    down, across = xp.concat([zero, f.cumulated])[:, None], xp.concat([start, partner])[None]
    joint = joint_mass(
        down[1:], down[:-1], across[:, 1:], across[:, :-1], xp.where(falling, -weight, weight),
        ((1 - weight) * f.mass)[:, None], s.mass[None],
    )  # fmt: skip
    joint_entropy = -xp.einsum("ijp,ijp->p", joint, xp.log2(magnitude(joint)))
    return ratio(xp, 2 * (f.entropy + s.entropy - joint_entropy), f.entropy + s.entropy)


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
    """Cut the rows of (H, W) into overlapping bands, of which the joint distributions fit the memory."""
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
