"""Feature mutual information: how much the fused image tells, window by window, about features of its sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from array_api_compat import device

from ..arrays.filters import total
from ..arrays.pixelwise import choose, compilable, divided, in_sequence, larger, log2, mapped, smaller, sqrt
from ..arrays.triple import Image, Triple
from ..arrays.types import Array, is_tensor
from ..catalog import metric
from .fmi_features import cosines, directed_edges, edges, horizontal_gradient, pixels, wavelets

ON_PROCESSOR = 10240  # windows at a time where nothing is compiled: fewer cost calls, more do not fit the cache
ON_ACCELERATOR = 1 << 18
PAPER = "Haghighat and Razian, Fast-FMI: non-reference image fusion metric, AICT 2014, doi:10.1109/ICAICT.2014.7036000"
Samples = Sequence[Array]  # nine numbers, or maps of them


class Spread(NamedTuple):
    """The nine samples of a window as a distribution."""

    mass: Samples
    cumulated: Samples
    deviation: Samples  # of the masses from their mean
    energy: Array  # sum of the squared deviations
    sd: Array  # of the position 1..9 under the distribution
    bits: Samples  # logarithms of the masses
    entropy: Array  # bits


# Sums run in sequence. Two constant windows deviate from their means by rounding noise alone, and the metric correlates
# that noise: the result is 1 where the sums run in sequence, as in the published code, and 0 where they are pairwise or
# exact.


def logarithm(mass: Array) -> Array:
    """Binary logarithm of an absolute value; 1e-300 is far below any mass that counts, but it has a logarithm."""
    return log2(abs(mass) + 1e-300)


def rescale(samples: Samples) -> Samples:
    """Stretch the samples of a window to 0..1; those of a constant window become 1."""
    low = high = samples[0]
    for x in samples[1:]:
        low, high = smaller(low, x), larger(high, x)
    return [choose(high == low, 1.0, (x - low) / larger(high - low, 1e-300)) for x in samples]


def spread(samples: Samples) -> Spread:
    """Describe the rescaled samples of a window as a distribution over the positions 1..9."""
    whole = in_sequence(samples)
    mass = [x / whole for x in samples]
    cumulated = [mass[0]]
    for x in mass[1:]:
        cumulated.append(cumulated[-1] + x)
    average = divided(in_sequence(mass), 9.0)
    deviation = [x - average for x in mass]
    first = in_sequence([x * (k + 1) for k, x in enumerate(mass)])
    second = in_sequence([x * (k + 1) ** 2 for k, x in enumerate(mass)])
    sd = sqrt(larger(second - first * first, 0.0))
    bits = [logarithm(x) for x in mass]
    entropy = -in_sequence([x * y for x, y in zip(mass, bits, strict=True)])
    return Spread(mass, cumulated, deviation, in_sequence([x * x for x in deviation]), sd, bits, entropy)


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 where the denominator is 0."""
    none = denominator == 0
    return choose(none, 0.0, numerator / choose(none, 1.0, denominator))


def window_information(f: Spread, s: Spread) -> Array:
    """Normalised mutual information 2 I / (H_f + H_s) of a window, from a joint distribution that is assumed.

    The joint distribution mixes independence with the Frechet bound in whose direction the masses correlate
    (upper for c >= 0, lower for c < 0), with the weight that gives the correlation c. The weight may pass 1 and a
    joint mass turn negative; the published code then takes the real part of the logarithm, that is log|m|.

    A bound has mass in 17 of the 81 cells at most: those that a path meets which goes from one corner to the opposite
    one, in the order of both cumulated distributions. Elsewhere a joint mass is a product of two masses, and the sum of
    all products' m log|m| is known from both entropies: only the path takes logarithms.
    """
    c = ratio(in_sequence([x * y for x, y in zip(f.deviation, s.deviation, strict=True)]), sqrt(f.energy * s.energy))
    falling = c < 0  # the lower bound is the upper bound with the source read backwards
    mass, bits = ([choose(falling, *both) for both in zip(x[::-1], x, strict=True)] for x in (s.mass, s.bits))
    cumulated = [choose(falling, 1 - back, x) for back, x in zip(s.cumulated[7::-1], s.cumulated[:8], strict=True)]
    cumulated.append(choose(falling, 1.0, s.cumulated[8]))
    bound = [[smaller(x, y) for y in cumulated] for x in f.cumulated]
    shared, sum_f = in_sequence([in_sequence(row) for row in bound]), in_sequence(f.cumulated)
    covariance = choose(falling, 10 * sum_f - shared, shared) - sum_f * in_sequence(s.cumulated)
    spreads = f.sd * s.sd
    weight = choose(spreads == 0, 0.0, ratio(c * spreads, covariance))
    free = 1 - weight
    bits_free, path = logarithm(free), []
    begin: Array | float = 0.0
    for step in range(17):
        (i, j), *later = ((row, step - row) for row in range(max(0, step - 8), min(step, 8) + 1))
        product, bits_product, end = f.mass[i] * mass[j], f.bits[i] + bits[j], bound[i][j]
        for i, j in later:
            down = f.cumulated[i - 1] <= cumulated[j]  # the path has left row i - 1 by now
            product = choose(down, f.mass[i] * mass[j], product)
            bits_product = choose(down, f.bits[i] + bits[j], bits_product)
            end = choose(down, bound[i][j], end)
        alone = free * product
        joint = weight * (end - begin) + alone
        path.append(joint * logarithm(joint) - alone * (bits_free + bits_product))
        begin = end
    both = f.entropy + s.entropy
    return ratio(2 * (both - free * (both - bits_free) + in_sequence(path)), both)


def window_score(*numbers: Array) -> tuple[Array]:
    """Mean information about two sources in a window, 1 for each that equals the fused one: 27 samples.

    After a first source that differs the published code compares the rescaled fused window with the second.
    """
    fused, a, b = numbers[:9], numbers[9:18], numbers[18:]
    scaled = rescale(fused)
    f, equal_a = spread(scaled), same(fused, a)
    scores = [
        choose(equal > 0, 1.0, window_information(f, spread(rescale(source))))
        for equal, source in ((equal_a, a), (choose(equal_a > 0, same(fused, b), same(scaled, b)), b))
    ]
    return (in_sequence(scores) / 2,)


def same(one: Samples, other: Samples) -> Array:
    """1 where all samples of two windows are equal, else 0."""
    equal = choose(one[0] == other[0], 1.0, 0.0)
    for x, y in zip(one[1:], other[1:], strict=True):
        equal = choose(x == y, equal, 0.0)
    return equal


def window_scores(fused: Samples, a: Samples, b: Samples) -> Array:
    """Mean information about two sources in each window, from maps of nine samples: (N, H, W)."""
    (scores,) = mapped(window_score, *fused, *a, *b, outputs=1)
    return scores


def windows(x: Array) -> list[Array]:
    """The nine samples of the 3x3 windows of (N, H, W), each (N, H - 2, W - 2), read column by column."""
    rows, columns = x.shape[1] - 2, x.shape[2] - 2
    return [x[:, down : down + rows, right : right + columns] for right in range(3) for down in range(3)]


def bands(maps: Array) -> Iterator[slice]:
    """Cut the rows of (N, H, W) into overlapping bands; all at once where the formula is compiled."""
    n, height, width = maps.shape
    limit = ON_ACCELERATOR if is_tensor(maps) and device(maps).type != "cpu" else ON_PROCESSOR
    rows = height if compilable(maps) else max(1, limit // (n * width))
    for top in range(0, height - 2, rows):
        yield slice(top, min(top + rows, height - 2) + 2)


def feature_information(t: Triple, view: Callable[[Image], Array]) -> Array:
    """Mean over all 3x3 windows of the information that the fused feature map has about those of the sources."""
    maps = [view(image) for image in (t.fused, t.a, t.b)]
    sums = [total(window_scores(*(windows(x[:, band]) for x in maps))) for band in bands(maps[0])]
    return in_sequence(sums) / ((maps[0].shape[1] - 2) * (maps[0].shape[2] - 2))


def binary_information(t: Triple, view: Callable[[Image], Array]) -> Array:
    """Return `feature_information` of maps of zeros and ones: each triple of windows that occurs is scored once."""
    xp, scores = t.xp, []
    for maps in zip(view(t.fused), view(t.a), view(t.b), strict=True):
        code, *samples = (sample for x in maps for sample in windows(xp.astype(x, xp.int64)[None]))
        for sample in samples:
            code = code * 2 + sample
        codes, counts = xp.unique_counts(xp.reshape(code, (-1,)))
        bits = [xp.astype((codes >> k) & 1, maps[0].dtype)[None, None] for k in range(26, -1, -1)]
        values = window_scores(bits[:9], bits[9:18], bits[18:])[0, 0]
        scores.append(xp.sum(values * counts) / xp.sum(counts))
    return xp.stack(scores)


# The comparison with b follows that with a (see window_scores), so the sources cannot be swapped.
fmi = partial(
    metric, reference=PAPER, range=(0.0, 2.0), min_size=3, symmetric=False, flips=False, transposes=False, identity=1.0
)


@fmi("FMI_none", "tang")
def fmi_none(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of gray values between the fused image and each source.

    What the literature calls FMI_pixel. Each window is read as a distribution over its nine positions, the joint
    distribution is assumed, not counted (see `window_information`). Bits cancel. 0 to 1 except that an assumed joint
    distribution with negative masses can leave that range slightly. Sensitive to rounding where windows are constant.
    """
    return feature_information(t, pixels)


@fmi("FMI_gradient", "tang")
def fmi_gradient(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of the horizontal gradient.

    Only the derivative along the rows is used, so transposed images have another value.
    """
    return feature_information(t, horizontal_gradient)


@fmi("FMI_dct", "tang")
def fmi_dct(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of the discrete cosine transform of the whole image.

    The transform is that of the image, not of blocks: the windows group neighbouring frequencies.
    """
    return feature_information(t, cosines)


@fmi("FMI_w", "tang")
def fmi_w(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of one level of the discrete Meyer wavelet.

    With PyWavelets' filter of 62 taps; MATLAB's has 102, which changes the value by 0.05 to 0.6 %.
    """
    return feature_information(t, wavelets)


@fmi("FMI_pixel", "tang")
def fmi_pixel(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of binary Sobel edge maps, thinned along either axis.

    The name says pixels, but the code is called without naming a feature, and its default is edges; FMI_none has the
    pixels. Most windows are constant, and their value hangs on the order of additions (see `in_sequence`): do not
    compare it with numbers made in MATLAB more closely than to 5 %. The thinning is Octave's.
    """
    return binary_information(t, edges)


@fmi("FMI_pixel", "tang-directed")
def fmi_pixel_directed(t: Triple) -> Array:
    """Mean normalised mutual information of 3x3 windows of binary Sobel edges, thinned along the gradient.

    FMI_pixel@tang with the thinning that MATLAB documents: a pixel must be a maximum along the axis that is nearer to
    its gradient. 0.6 to 1.4 % above it on real images.
    """
    return binary_information(t, directed_edges)
