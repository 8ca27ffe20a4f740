"""The rules from [0, 1] to 8 bit."""

from __future__ import annotations

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.methods.quantise import RULES, quantise

LEVELS = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_gives_grey_levels_back(rule: str) -> None:
    """A fused image that equals an 8-bit source comes out as that source; truncation must not lose a level to 1/255."""
    source = LEVELS.astype(np.float32) / np.float32(255)
    assert np.array_equal(quantise(source, rule), LEVELS)


def test_round_is_half_up_and_clips() -> None:
    values = np.array([-1, -0.001, 0.5 / 255, 1.49 / 255, 1.5 / 255, 1, 7], np.float64)
    assert quantise(values, "round").tolist() == [0, 0, 1, 1, 2, 255, 255]


def test_truncate_drops_the_fraction() -> None:
    assert quantise(np.array([-1, 0.99 / 255, 1.99 / 255, 254.9 / 255, 2]), "truncate").tolist() == [0, 0, 1, 254, 255]


def test_minmax_stretches_each_image() -> None:
    values = np.array([0.25, 0.5, 0.75], np.float32)
    assert quantise(values, "minmax").tolist() == [0, 128, 255]
    assert quantise(values, "minmax-truncate").tolist() == [0, 127, 255]


def test_max_keeps_the_black_level() -> None:
    assert quantise(np.array([-0.1, 0.0, 0.1, 0.4]), "max").tolist() == [0, 0, 64, 255]
    assert quantise(np.array([-0.1, 0.0]), "max").tolist() == [0, 0]


@pytest.mark.parametrize("rule", ["minmax", "minmax-truncate"])
def test_a_constant_image_is_not_stretched(rule: str) -> None:
    assert quantise(np.full((3, 3), 0.4, np.float32), rule).tolist() == [[102] * 3] * 3
    assert quantise(np.full((1, 1), 3.0, np.float32), rule).tolist() == [[255]]
    almost = np.array([0.4, 0.4 + 1e-7, 0.4 - 1e-7], np.float32)  # the rounding of a method that computes
    assert quantise(almost, "minmax").tolist() == [102] * 3


def test_float32_stays_float32() -> None:
    for rule in RULES.values():
        assert rule.levels(np.array([0.1, 0.7], np.float32)).dtype == np.float32


def test_unknown_rules() -> None:
    with pytest.raises(InputError, match="unknown 8-bit rule 'minimax': did you mean 'minmax'"):
        quantise(np.zeros(1), "minimax")
    with pytest.raises(InputError, match="'none' is for methods that give 8 bit themselves"):
        quantise(np.zeros(1), "none")
