"""How sure a mean over many values is."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

RESAMPLES = 9999
BATCH = 2**24  # resampled values held at once


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
    Bias-corrected and accelerated bootstrap, Efron 1987, doi:10.1080/01621459.1987.10478410, by SciPy. The interval is
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
    interval = stats.bootstrap(
        ((data - centre) / spread,), np.mean, axis=-1, confidence_level=0.95, n_resamples=resamples,
        method="BCa", random_state=np.random.default_rng(seed), batch=max(1, BATCH // len(data)),
    ).confidence_interval  # fmt: skip
    return float(centre + spread * interval.low), float(centre + spread * interval.high)
