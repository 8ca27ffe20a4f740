"""Statistics per run: intervals that cover, and sensible answers for few, equal and missing values."""

from __future__ import annotations

from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from fusionbench.results.leaderboard.statistics import Summary, summarise

VALUES = np.random.default_rng(7).lognormal(size=40)


def plain_bca(values: np.ndarray, confidence: float, resamples: int, seed: int) -> tuple[float, float]:
    """Efron's BCa interval of the mean, straight from the formulas."""
    n, rng = len(values), np.random.default_rng(seed)
    means = np.sort([values[rng.integers(0, n, n)].mean() for _ in range(resamples)])
    bias = ndtri((means < values.mean()).mean())
    jackknife = np.array([np.delete(values, i).mean() for i in range(n)])
    deviation = jackknife.mean() - jackknife
    acceleration = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5)
    ends = []
    for quantile in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + ndtri(quantile)
        ends.append(float(np.quantile(means, ndtr(bias + z / (1 - acceleration * z)))))
    return ends[0], ends[1]


def test_the_interval_is_bca() -> None:
    found = summarise(VALUES)
    low, high = plain_bca(VALUES, 0.95, 9999, 1)
    percentile = summarise(-VALUES)
    assert found.mean == pytest.approx(VALUES.mean())
    assert found.std == pytest.approx(VALUES.std(ddof=1))
    assert found.low == pytest.approx(low, rel=0.02)
    assert found.high == pytest.approx(high, rel=0.02)
    assert (found.high - found.mean) > 1.2 * (found.mean - found.low), "skewed values have a skewed interval"
    assert percentile.low == pytest.approx(-found.high, rel=0.02)


def test_the_interval_covers() -> None:
    rng = np.random.default_rng(3)
    runs = [summarise(rng.exponential(size=25), resamples=999) for _ in range(300)]
    covered = np.mean([s.low <= 1 <= s.high for s in runs])
    assert 0.87 < covered < 0.97  # nominal 0.95; small skewed samples fall short of it


def test_seeded() -> None:
    assert summarise(VALUES) == summarise(VALUES)
    assert summarise(VALUES) != summarise(VALUES, seed=1)


def test_one_value_has_no_interval() -> None:
    found = summarise([3.0])
    assert (found.n, found.mean) == (1, 3.0)
    assert all(isnan(x) for x in (found.std, found.low, found.high))
    assert str(found) == "3, n = 1"


def test_no_value_at_all() -> None:
    found = summarise([nan, inf])
    assert (found.n, found.missing) == (0, 2)
    assert isnan(found.mean)


@pytest.mark.parametrize("value", [0.0, 0.3, -7.5, 1e9])
@pytest.mark.parametrize("count", [2, 5])
def test_equal_values(value: float, count: int) -> None:
    assert summarise([value] * count) == Summary(count, 0, value, 0.0, value, value)


def test_equal_up_to_rounding() -> None:
    found = summarise([0.1 + 0.2, 0.3, 0.3])
    assert found.std == 0
    assert found.low == found.high == found.mean


def test_nan_rows_are_left_out_and_counted() -> None:
    found = summarise([nan, *VALUES, nan])
    assert found.missing == 2
    assert found.n == 40
    assert found.low == summarise(VALUES).low


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_confidence_outside(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        summarise(VALUES, confidence=confidence)


def test_two_dimensions() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        summarise(np.ones((2, 2)))


def test_more_confidence_is_wider() -> None:
    narrow, wide = summarise(VALUES, confidence=0.8), summarise(VALUES, confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_never_warns_and_holds_the_mean(values: list[float]) -> None:
    found = summarise(values, resamples=200)
    assert found.n == len(values)
    slack = 1e-9 * max(abs(v) for v in values)
    if found.n > 1:
        assert min(values) - slack <= found.low <= found.high <= max(values) + slack
