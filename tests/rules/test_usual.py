"""What is usual of a number."""

from __future__ import annotations

import random

import pytest

from edge.rules.usual import Usual


def test_quantiles_are_those_of_what_was_learned_to_within_a_bin() -> None:
    chance = random.Random(1)
    values = sorted(chance.gauss(0.0, 2.0) for _ in range(2000))
    usual = Usual(-8.0, 8.0, 64, 60.0)
    for value in values:
        usual.learn(value, 0.02)
    for share in (0.05, 0.5, 0.95):
        assert usual.quantile(share) == pytest.approx(values[int(share * 2000) - 1], abs=0.25)


def test_it_learns_for_its_time_and_is_frozen_then() -> None:
    usual = Usual(0.0, 1.0, 10, 5.0)
    for _ in range(50):
        usual.learn(0.25, 0.1)
    assert usual.frozen
    usual.learn(0.95, 1000.0)
    assert usual.seconds == pytest.approx(5.0)
    assert 0.2 <= usual.quantile(0.99) <= 0.3


def test_values_beyond_its_range_count_as_the_outermost_and_no_number_as_nothing() -> None:
    usual = Usual(0.0, 1.0, 10, 60.0)
    for value in (-5.0, 7.0, float("nan"), float("inf")):
        usual.learn(value, 1.0)
    assert usual.seconds == 2.0
    assert usual.quantile(0.5) <= 0.1
    assert usual.quantile(1.0) == pytest.approx(1.0)
    assert Usual(0.0, 1.0, 10, 60.0).quantile(0.5) == 0.0
