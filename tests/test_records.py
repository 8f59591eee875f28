"""The records: what they refuse to hold, and what follows from what they hold."""

from __future__ import annotations

import math

import pytest

from edge.records import Box, Emotion, Eyes, Face


@pytest.mark.parametrize("improbable", [-0.01, 1.01, math.nan, math.inf])
def test_an_eye_is_closed_with_a_probability_and_nothing_else(improbable: float) -> None:
    with pytest.raises(ValueError, match=r"left is .*, not a probability"):
        Eyes(0.5, improbable)


@pytest.mark.parametrize("improbable", [-0.01, 1.01, math.nan, math.inf])
def test_an_emotion_is_four_probabilities_and_nothing_else(improbable: float) -> None:
    with pytest.raises(ValueError, match=r"sad is .*, not a probability"):
        Emotion(happy=0.2, neutral=0.2, sad=improbable, surprise=0.2)


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_certainty_is_a_probability(certain: float) -> None:
    assert Eyes(certain, certain).closed == certain


def test_two_visible_eyes_are_closed_by_their_mean() -> None:
    assert Eyes(0.2, 0.8).closed == pytest.approx(0.5)


@pytest.mark.parametrize("eyes", [Eyes(0.7, None), Eyes(None, 0.7)])
def test_one_visible_eye_speaks_for_both(eyes: Eyes) -> None:
    assert eyes.closed == 0.7


def test_an_eye_surely_open_is_seen_not_missing() -> None:
    assert Eyes(0.0, None).closed == 0.0


def test_eyes_that_are_not_visible_are_neither_open_nor_closed() -> None:
    assert Eyes().closed is None


def _face(right: tuple[float, float], left: tuple[float, float]) -> Face:
    return Face(Box(0, 0, 10, 10), right, left, (5, 9), 1.0)


def test_a_level_face_has_no_roll() -> None:
    assert _face((100, 50), (160, 50)).roll == 0


def test_roll_is_positive_where_the_left_eye_is_lower_in_the_image() -> None:
    assert _face((100, 50), (160, 110)).roll == pytest.approx(math.radians(45))


def test_the_eye_distance_is_between_the_centres() -> None:
    assert _face((0, 0), (3, 4)).eye_distance == 5
