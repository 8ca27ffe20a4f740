"""How sure a mean over many values is."""

from __future__ import annotations

import math
from functools import lru_cache
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 9999
CONFIDENCE = 0.95
BATCH = 2**24  # resampled values held at once
KEPT = 2**21  # of these draws are kept, for the next metric of as many pairs

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
    from scipy.special import ndtr, ndtri  # and not scipy.stats, which takes a second to load

    means = np.sort(_resampled_means(data, resamples, seed))
    mean = data.mean()
    # a resampled mean that equals the mean counts as half below it
    below = np.searchsorted(means, mean, "left") + np.searchsorted(means, mean, "right")
    bias = ndtri(below / (2 * resamples))
    acceleration = _acceleration(data)
    z = float(ndtri((1 - CONFIDENCE) / 2))
    low, high = (float(ndtr(bias + (bias + end) / (1 - acceleration * (bias + end)))) for end in (z, -z))
    return _quantile(means, low), _quantile(means, high)


def _resampled_means(data: Numbers, resamples: int, seed: int) -> Numbers:
    n = len(data)
    if n * resamples <= KEPT:
        means: Numbers = data[_draws(n, resamples, seed)].mean(axis=-1)
        return means
    rng, step = np.random.default_rng(seed), max(1, BATCH // n)
    counts = (min(step, resamples - first) for first in range(0, resamples, step))
    return np.concatenate([data[rng.integers(0, n, (count, n))].mean(axis=-1) for count in counts])


@lru_cache(maxsize=1)
def _draws(n: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Which values each sample takes; the same for all metrics of as many pairs."""
    return np.random.default_rng(seed).integers(0, n, (resamples, n))


def _acceleration(data: Numbers) -> float:
    """How fast the spread of the mean changes with it, by the means of all values but one."""
    n = len(data)
    without = np.tile(data, (n, 1))[~np.eye(n, dtype=bool)].reshape(n, n - 1).mean(axis=-1)
    influence = (n - 1) * (without.mean() - without)
    return float(1 / 6 * (np.sum(influence**3) / n**3) / (np.sum(influence**2) / n**2) ** 1.5)


def _quantile(ordered: Numbers, share: float) -> float:
    """Quantile of ordered numbers, between neighbours by their distance (type 7 of Hyndman and Fan)."""
    place = share * len(ordered) + (1 - share)  # counted from 1
    rest, first = math.modf(place)
    low, high = (ordered[min(int(first) - 1 + k, len(ordered) - 1)] for k in (0, 1))
    return float((1 - rest) * low + rest * high)
