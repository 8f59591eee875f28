"""A head that turns fast and a mouth that speaks, each by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from edge.rules.movement import Speaking, Turning


def turned(yaws: Iterable[float | None], fast: float = 120.0, longest_s: float = 0.3, rate: float = 10) -> list[bool]:
    turning = Turning(fast, longest_s)
    return [turning.step(index / rate, yaw) for index, yaw in enumerate(yaws)]


def test_a_turn_is_said_for_three_tenths_of_a_second_and_no_more() -> None:
    assert turned(range(0, 90, 15)) == [False, True, True, True, False, False]
    assert turned(range(0, -90, -15)) == [False, True, True, True, False, False]


def test_a_slower_turn_blurs_nothing() -> None:
    assert not any(turned([11.9 * index for index in range(6)]))
    assert any(turned([12.1 * index for index in range(6)]))


def test_the_next_turn_is_said_anew() -> None:
    assert turned([0, 15, 30, 45, 60, 60, 75])[-2:] == [False, True]
    assert turned([0, 15, 30, 45, 60, None, 90, 105])[-3:] == [False, True, True]


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf])
def test_an_unknown_pose_is_no_turn(unknown: float | None) -> None:
    assert turned([0, unknown]) == [False, False]


def test_a_pose_that_is_too_old_says_nothing() -> None:
    turning = Turning(120.0, 1.0)
    assert [turning.step(time, yaw) for time, yaw in ((0.0, 0.0), (0.4, 60.0), (0.9, 160.0))] == [False, True, False]


def test_a_pose_that_trembles_is_no_turn_at_any_frame_rate() -> None:
    """Five degrees from one frame to the next, thirty a second: 150 degrees a second, but back and forth."""
    assert not any(turned([0, 5] * 20, rate=30)[4:])


def spoken(openings: Iterable[float | None], swing: float = 0.05, yawn: float = 0.3, rate: float = 30) -> list[float]:
    speaking = Speaking(swing, yawn)
    return [index / rate for index, opening in enumerate(openings) if speaking.step(index / rate, opening)]


def syllables(seconds: float, opening: float, a_second: float = 4.0, rate: float = 30) -> list[float]:
    phases = [2 * math.pi * a_second * index / rate for index in range(round(seconds * rate))]
    return [opening * (0.5 - 0.5 * math.cos(phase)) for phase in phases]


def test_a_mouth_that_opens_again_and_again_speaks_until_half_a_second_after() -> None:
    said = spoken([0.0] * 30 + syllables(3.0, 0.2) + [0.0] * 60)
    assert said[0] == pytest.approx(1.4, abs=0.15)
    assert said[-1] == pytest.approx(4.5, abs=0.1)
    assert said == pytest.approx([said[0] + index / 30 for index in range(len(said))])


def test_a_mouth_that_hardly_moves_does_not_speak() -> None:
    assert spoken(syllables(5.0, 0.045)) == []
    assert spoken([None] * 90) == []


def test_one_word_is_not_speech() -> None:
    assert spoken([0.0] * 30 + syllables(0.25, 0.2) + [0.0] * 90) == []


def test_three_turns_in_more_than_two_seconds_are_not_speech() -> None:
    assert spoken(syllables(10.0, 0.2, a_second=0.4)) == []


def test_a_yawn_amid_speech_ends_it() -> None:
    said = spoken(syllables(2.0, 0.2) + [0.35] + [0.2] * 60)
    assert said[-1] < 2.0


def test_frames_in_which_the_mouth_is_unknown_do_not_end_speech() -> None:
    openings: list[float | None] = [*syllables(2.0, 0.2)]
    openings[50:53] = [None] * 3
    assert {round(50 / 30, 3), round(52 / 30, 3)} <= {round(time, 3) for time in spoken(openings)}


def test_after_a_long_gap_the_mouth_begins_anew() -> None:
    """What it was before it was lost is no turn."""
    speaking = Speaking(0.05, 0.3)
    for number, opening in enumerate([0.0, 0.2, 0.0, 0.2, 0.0, 0.2]):
        assert not speaking.step(number * 0.5, opening)
