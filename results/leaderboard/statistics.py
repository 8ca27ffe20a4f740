"""What a table says about many values: mean, spread, and how sure the mean is."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

RESAMPLES = 9999
BATCH = 2**24  # resampled values held at once


@dataclass(frozen=True)
class Summary:
    """Statistics of one metric over the pairs of a run; what cannot be said of so few values is NaN."""

    n: int  # values that count
    missing: int  # NaN or infinite values, which do not
    mean: float
    std: float  # sample standard deviation (n - 1)
    low: float  # bootstrap interval of the mean
    high: float
    confidence: float = 0.95

    def __str__(self) -> str:
        """Mean ± deviation [low, high], n, and what is missing."""
        spread = f" ± {self.std:.2g} [{self.low:.4g}, {self.high:.4g}]" if self.n > 1 else ""
        text = f"{self.mean:.4g}{spread}, n = {self.n}"
        return text + (f" ({self.missing} missing)" if self.missing else "")


def summarise(values: ArrayLike, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0) -> Summary:
    """Mean, standard deviation and BCa bootstrap interval of the mean.

    Parameters
    ----------
    values : (n,) numbers, one per pair. NaN and infinite ones are left out and counted.
    confidence : coverage of the interval, between 0 and 1.
    resamples : bootstrap samples.
    seed : of the bootstrap: equal input gives equal output.

    Returns
    -------
    Summary
        One value has no deviation and no interval (NaN); equal values have the interval [v, v]; no value at all gives
        NaN throughout, with n = 0.

    Raises
    ------
    ValueError
        for values of more than one dimension or a confidence outside 0..1.

    Notes
    -----
    Bias-corrected and accelerated bootstrap, Efron 1987, doi:10.1080/01621459.1987.10478410, by SciPy. The interval is
    that of the mean over pairs like these; it does not say whether one method beats another on the same pairs, for
    which the differences must be resampled.

    Examples
    --------
    >>> s = summarise([6.9, 7.1, 7.3, 7.0, float("nan")])
    >>> s.n, s.missing, round(s.mean, 3), s.low < s.mean < s.high
    (4, 1, 7.075, True)
    """
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1:
        raise ValueError(f"values have shape {data.shape}: give one dimension")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}: give a number between 0 and 1")
    finite = data[np.isfinite(data)]
    n, missing = len(finite), len(data) - len(finite)
    if n == 0:
        return Summary(0, missing, nan, nan, nan, nan, confidence)
    mean = float(finite.mean())
    if n == 1:
        return Summary(1, missing, mean, nan, nan, nan, confidence)
    if (
        np.ptp(finite) <= 8 * np.finfo(np.float64).eps * np.abs(finite).max()
    ):  # equal up to rounding: nothing to resample
        return Summary(n, missing, mean, 0.0, mean, mean, confidence)
    low, high = _interval(finite, confidence, resamples, seed)
    return Summary(n, missing, mean, float(finite.std(ddof=1)), low, high, confidence)


def _interval(values: NDArray[np.float64], confidence: float, resamples: int, seed: int) -> tuple[float, float]:
    """BCa interval of the mean of at least two different values."""
    rng = np.random.default_rng(seed)
    # centred, so that a common offset leaves the interval as it is to the last digit
    centre, spread = values.mean(), np.ptp(values)
    interval = stats.bootstrap(
        ((values - centre) / spread,), np.mean, axis=-1, confidence_level=confidence, n_resamples=resamples,
        method="BCa", random_state=rng, batch=max(1, BATCH // len(values)),
    ).confidence_interval  # fmt: skip
    return float(centre + spread * interval.low), float(centre + spread * interval.high)
