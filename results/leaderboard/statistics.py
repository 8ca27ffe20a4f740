"""How sure a mean over many values is, and a difference of two."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from math import nan
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 9999
CONFIDENCE = 0.95
ALPHA = 0.05  # the level below which a difference is called significant
BATCH = 2**18  # resampled values held at once
KEPT = 2**21  # of these draws are kept, for the next metric of as many pairs

NORMAL = NormalDist()

Numbers = NDArray[np.float64]


def mean_interval(values: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """Ends of the 95 % BCa bootstrap interval of the mean.

    Parameters
    ----------
    values : (n,) numbers, one per pair.
    resamples : bootstrap samples.
    seed : of the bootstrap: equal input gives equal output.

    Returns
    -------
    tuple of float
        NaN for less than two values, and where one is NaN or infinite; [v, v] for equal values.

    Notes
    -----
    Bias-corrected and accelerated bootstrap, Efron 1987, doi:10.1080/01621459.1987.10478410. The interval is
    that of the mean over pairs like these; it does not say whether one method beats another on the same pairs, for
    which the differences must be resampled.

    Examples
    --------
    >>> low, high = mean_interval([6.9, 7.1, 7.3, 7.0])
    >>> low < 7.075 < high
    True
    """
    data = np.asarray(values, dtype=np.float64)
    if len(data) < 2 or not np.isfinite(data).all():
        return nan, nan
    # centred, so that a common offset leaves the interval as it is to the last digit
    centre, spread = float(data.mean()), float(np.ptp(data))
    if spread <= 8 * np.finfo(np.float64).eps * np.abs(data).max():  # equal up to rounding: nothing to resample
        return centre, centre
    low, high = _bca((data - centre) / spread, resamples, seed)
    return centre + spread * low, centre + spread * high


def _bca(data: Numbers, resamples: int, seed: int) -> tuple[float, float]:
    """Ends of the interval of the mean of values that differ: quantiles of resampled means, where BCa puts them."""
    means = np.sort(_resampled_means(data, resamples, seed))
    mean = data.mean()
    # a resampled mean that equals the mean counts as half below it
    below = np.searchsorted(means, mean, "left") + np.searchsorted(means, mean, "right")
    bias = NORMAL.inv_cdf(float(below) / (2 * resamples))
    acceleration = _acceleration(data)
    z = NORMAL.inv_cdf((1 - CONFIDENCE) / 2)
    low, high = (NORMAL.cdf(bias + (bias + end) / (1 - acceleration * (bias + end))) for end in (z, -z))
    return _quantile(means, low), _quantile(means, high)


def _resampled_means(data: Numbers, resamples: int, seed: int) -> Numbers:
    n = len(data)
    batches = _draws(n, resamples, seed) if n * resamples <= KEPT else _drawn(n, resamples, seed)
    return np.concatenate([data[batch].mean(axis=-1) for batch in batches])


def _drawn(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Draw which values each sample takes, some samples at a time: what is drawn does not depend on how many."""
    rng, step = np.random.default_rng(seed), max(1, BATCH // n)
    return (rng.integers(0, n, (min(step, resamples - first), n)) for first in range(0, resamples, step))


@lru_cache(maxsize=1)
def _draws(n: int, resamples: int, seed: int) -> list[NDArray[np.integer[Any]]]:
    """Which values each sample takes; the same for all metrics of as many pairs."""
    return [batch.astype(np.min_scalar_type(n)) for batch in _drawn(n, resamples, seed)]


def _acceleration(data: Numbers) -> float:
    """How fast the spread of the mean changes with it, by the means of all values but one."""
    n = len(data)
    influence = data - data.mean()  # n - 1 times what each mean without a value lies below their mean
    return float(1 / 6 * (np.sum(influence**3) / n**3) / (np.sum(influence**2) / n**2) ** 1.5)


def _quantile(ordered: Numbers, share: float) -> float:
    """Quantile of ordered numbers, between neighbours by their distance (type 7 of Hyndman and Fan)."""
    place = share * len(ordered) + (1 - share)  # counted from 1
    rest, first = math.modf(place)
    low, high = (ordered[min(int(first) - 1 + k, len(ordered) - 1)] for k in (0, 1))
    return float((1 - rest) * low + rest * high)


def difference_interval(differences: ArrayLike, images: int) -> tuple[float, float, float]:
    """Interval of a difference and how probable it is by chance, from the differences of paired draws.

    Parameters
    ----------
    differences : (n,) what one method has more than another in each draw of a bootstrap, both with the same images.
    images : how many images were drawn from.

    Returns
    -------
    tuple of float
        The ends of the middle 95 %, and the two-sided p-value: twice the smaller part of the draws that lie on one
        side of 0, or on it, the difference itself counted among them; 1 where nothing differs, and never below
        2 / 2**images. NaN where a draw is NaN.

    Notes
    -----
    B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 15; one is added to both
    counts, as in A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997, section 4.2, so that
    no p-value is 0. Of few images a bootstrap says too much: where all of them agree, every draw does. So p is not
    smaller than that of the test which exchanges the two methods on each image can be, 2 / 2**images.

    Examples
    --------
    >>> [round(number, 3) for number in difference_interval([0.1, 0.2, 0.3, 0.2, 0.1, 0.2, 0.3, 0.2, 0.1], 20)]
    [0.1, 0.3, 0.2]
    >>> difference_interval([0.1, 0.2, 0.3, 0.2, 0.1, 0.2, 0.3, 0.2, 0.1], 2)[2]
    0.5
    >>> difference_interval([0.0, 0.0, 0.0], 20)
    (0.0, 0.0, 1.0)
    """
    drawn = np.asarray(differences, dtype=np.float64)
    if not drawn.size or np.isnan(drawn).any():
        return nan, nan, nan
    low, high = map(float, np.quantile(drawn, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)))
    beyond = min(int(np.sum(drawn <= 0)), int(np.sum(drawn >= 0)))
    return low, high, min(1.0, max(2 * (beyond + 1) / (len(drawn) + 1), 2.0 ** (1 - images)))


def holm(p: ArrayLike) -> Numbers:
    """Correct p-values for the number of tests, by Holm's step-down method.

    Parameters
    ----------
    p : (n,) p-values, 0..1.

    Returns
    -------
    (n,) corrected p-values, in the order given.

    Notes
    -----
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979,
    pp. 65-70. It holds for tests that depend on each other, as those of pairs of methods do.

    Examples
    --------
    >>> [round(float(p), 3) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(steps, 1)
    return corrected


def verdict(p: float, sign: int) -> str:
    """Write a corrected p-value as tables show it, behind + or − where `sign` says better or worse; "" for NaN."""
    if math.isnan(p):
        return ""
    return {1: "+ ", 0: "", -1: "− "}[sign] + ("<0.001" if p < 0.001 else f"{p:.3f}")
