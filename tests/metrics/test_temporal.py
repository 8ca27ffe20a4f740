"""Measures of frames in a row, against plain readings of their definitions."""

from __future__ import annotations

from collections import Counter
from math import isnan, log2

import numpy as np
import pytest

from fusionbench.metrics.temporal import MEASURES, temporal


def entropy(values: list[object]) -> float:
    return -sum(count / len(values) * log2(count / len(values)) for count in Counter(values).values())


@pytest.mark.parametrize("sources", [2, 3])
@pytest.mark.parametrize("spread", [3, 256])
def test_a_plain_reading_says_the_same(sources: int, spread: int) -> None:
    rng = np.random.default_rng(spread)
    frames = rng.integers(0, spread, (2, sources + 1, 13, 17)).astype(np.uint8)
    values = temporal(frames[1, 0], list(frames[1, 1:]), frames[0, 0], list(frames[0, 1:]))
    changes = [[int(y) - int(x) for x, y in zip(*map(np.ravel, pair), strict=True)] for pair in frames.swapaxes(0, 1)]
    rest = [sum(map(abs, change)) / len(change) for change in changes]
    assert values["flicker@temporal"] == pytest.approx(rest[0] - sum(rest[1:]) / sources, abs=1e-9)
    together = list(zip(*changes[1:], strict=True))
    wanted = entropy(together) + entropy(changes[0]) - entropy(list(zip(together, changes[0], strict=True)))
    assert values["IFD_MI@temporal"] == pytest.approx(wanted, abs=1e-9)


def test_ends_of_the_scales() -> None:
    rng = np.random.default_rng(1)
    before, a, b = rng.integers(0, 256, (3, 40, 40)).astype(np.uint8)
    same = temporal(a, [a, a], before, [before, before])
    assert same["flicker@temporal"] == 0
    assert same["IFD_MI@temporal"] == pytest.approx(entropy([int(x) for x in (a.astype(int) - before).ravel()]))
    frozen = temporal(a, [b, b], a, [before, before])
    assert frozen["flicker@temporal"] < -50
    assert frozen["IFD_MI@temporal"] == pytest.approx(0, abs=1e-9)


def test_another_size_has_no_value() -> None:
    one, other = np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)
    values = temporal(one, [one, one], other, [other, other])
    assert values.keys() == MEASURES.keys()
    assert all(map(isnan, values.values()))
