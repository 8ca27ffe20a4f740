"""Intervals of means: intervals that cover, and sensible answers for few, equal and missing values."""

from __future__ import annotations

import tracemalloc
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import bootstrap

from fusionbench.results.leaderboard import statistics
from fusionbench.results.leaderboard.statistics import mean_interval

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
    low, high = mean_interval(VALUES)
    assert (low, high) == pytest.approx(plain_bca(VALUES, 0.95, 9999, 1), rel=0.02)
    assert (high - VALUES.mean()) > 1.2 * (VALUES.mean() - low), "skewed values have a skewed interval"
    assert mean_interval(-VALUES)[0] == pytest.approx(-high, rel=0.02)


@pytest.mark.parametrize("count", [2, 3, 12, 40, 2500])
def test_the_interval_is_the_one_of_scipy(count: int) -> None:
    """The same draws, and the same numbers up to rounding; scipy.stats takes a second to load, so it is not used."""
    rng = np.random.default_rng(count)
    for values in (rng.normal(size=count), rng.lognormal(size=count), rng.integers(0, 5, count) + np.arange(count) / 9):
        found = mean_interval(values, resamples=999)
        data = (values - values.mean()) / np.ptp(values)
        ends = bootstrap(
            (data,), np.mean, n_resamples=999, method="BCa", random_state=np.random.default_rng(0), batch=2**24 // count
        ).confidence_interval
        wanted = values.mean() + np.ptp(values) * np.array(ends)
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_many_values_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mean_interval(VALUES)
    monkeypatch.setattr(statistics, "KEPT", 0)
    monkeypatch.setattr(statistics, "BATCH", 40_001)
    assert mean_interval(VALUES) == whole


def test_the_interval_covers() -> None:
    rng = np.random.default_rng(3)
    runs = [mean_interval(rng.exponential(size=25), resamples=999) for _ in range(300)]
    covered = np.mean([low <= 1 <= high for low, high in runs])
    assert 0.87 < covered < 0.97  # nominal 0.95; small skewed samples fall short of it


def test_seeded() -> None:
    assert mean_interval(VALUES) == mean_interval(VALUES)
    assert mean_interval(VALUES) != mean_interval(VALUES, seed=1)


@pytest.mark.parametrize("values", [[], [3.0], [1.0, nan, 2.0], [1.0, 2.0, inf]])
def test_too_few_or_undefined_values_have_none(values: list[float]) -> None:
    assert np.isnan(mean_interval(values)).all()


@pytest.mark.parametrize("value", [0.0, 0.3, -7.5, 1e9])
@pytest.mark.parametrize("count", [2, 5])
def test_equal_values(value: float, count: int) -> None:
    assert mean_interval([value] * count) == (value, value)


def test_equal_up_to_rounding() -> None:
    low, high = mean_interval([0.1 + 0.2, 0.3, 0.3])
    assert low == high == np.mean([0.1 + 0.2, 0.3, 0.3])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8))
def test_never_warns_and_holds_the_mean(values: list[float]) -> None:
    low, high = mean_interval(values, resamples=200)
    slack = 1e-9 * max(abs(v) for v in values)
    assert min(values) - slack <= low <= high <= max(values) + slack


def test_many_values_take_little_memory() -> None:
    """Ten thousand pairs are a training set; a table of all without each would be 800 MB."""
    values = np.random.default_rng(0).normal(size=10_000)
    tracemalloc.start()
    try:
        mean_interval(values, resamples=400)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
