"""This driver's own open eyes: learned while he is alert, then frozen, anew for the next one; never the sleeper's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from story import AWAKE, AWAY, DARK, NO_CAMERA, OPEN, SHUT, Camera, State, play

from edge.config import BaselineConfig, RulesConfig
from edge.rules.policy import Policy

NARROW = State(0.7)
"""Eyes that the model calls closed rather than open."""


def _own(story: list[tuple[float, State]], camera: Camera = Camera(15)) -> object:  # noqa: B008 - frozen
    return play(camera.film(story)).decisions[-1].own


def test_narrow_eyes_are_open_eyes_from_the_first_second(camera: Camera) -> None:
    blinking = replace(NARROW, blink_every_s=4.0)
    assert play(camera.film([(200, blinking)])).told == []


def test_one_threshold_for_all_calls_narrow_eyes_asleep() -> None:
    policy = Policy(RulesConfig(baseline=BaselineConfig(learn=False)))
    assert "update sleep" in play(Camera(15).film([(5, OPEN), (60, NARROW)]), policy).causes


def test_a_driver_with_narrow_eyes_who_sleeps_is_told_in_time(camera: Camera) -> None:
    for awake_s in (10, 100):
        played = play(camera.film([(awake_s, NARROW), (4, SHUT), (5, NARROW)]))
        assert played.causes == ["start microsleep", "update sleep", "end sleep"]
        assert awake_s + 1.5 <= played.when("start", "microsleep") <= awake_s + 1.85


def test_a_stored_default_holds_until_the_minute_is_learned(camera: Camera) -> None:
    played = play(camera.film([(70, OPEN)]))
    assert played.at(50).thresholds.closed_above == BaselineConfig().default_above
    assert played.at(50).own.learned == pytest.approx(50 / 60, abs=0.03)
    assert played.at(69).thresholds.closed_above == RulesConfig().closures.closed_above
    assert played.at(69).own.learned == 1.0


def test_what_was_learned_is_frozen(camera: Camera) -> None:
    """Lids that droop more and more, for an hour, move nothing: a baseline that follows goes along into sleep."""
    drooping = [(120.0, State(0.05 + 0.028 * step)) for step in range(20)]
    played = play(camera.film([(75, OPEN), *drooping]))
    assert played.at(75).own == played.decisions[-1].own
    assert played.at(75).own.learned == 1.0


def test_a_driver_who_sleeps_at_the_start_is_not_learned() -> None:
    asleep = _own([(60, SHUT)])
    assert asleep.learned == 0.0
    assert asleep.open_eyes is None


def test_a_minute_with_long_closures_is_not_alert_time() -> None:
    drowsy = [(0.9, SHUT), (2.1, OPEN)] * 30
    assert _own([(20, OPEN), *drowsy]).learned < 0.8


def test_the_half_minute_after_an_alarm_is_not_alert_time() -> None:
    assert _own([(20, OPEN), (4, SHUT), (25, OPEN)]).learned == pytest.approx(20 / 60, abs=0.02)


@pytest.mark.parametrize("open_eyes", [0.001, 0.1, 0.5, 0.7, 0.79])
def test_no_driver_makes_shut_eyes_open(open_eyes: float) -> None:
    """However his own eyes score: what the model is sure of is told at its threshold."""
    played = play(Camera(15).film([(90, State(open_eyes)), (4, State(0.92)), (5, State(open_eyes))]))
    assert played.decisions[-1].own.thresholds.closed_above <= BaselineConfig().most_above
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]


def test_after_an_empty_seat_the_next_driver_is_learned_anew(camera: Camera) -> None:
    played = play(camera.film([(75, OPEN), (12, AWAY), (10, OPEN)]))
    assert played.at(84).own.learned == 1.0
    assert played.at(88).own.learned < 0.1
    assert played.at(88).perclos_short is None


@pytest.mark.parametrize("state", [DARK, NO_CAMERA, State(eyes=None)])
def test_who_cannot_be_seen_has_not_left(state: State) -> None:
    assert _own([(75, OPEN), (60, state), (5, AWAKE)]).learned == 1.0


def test_a_glance_out_of_the_picture_leaves_the_driver_the_same() -> None:
    assert _own([(75, OPEN), *[(8, AWAY), (3, OPEN)] * 5]).learned == 1.0


def test_learning_can_be_switched_off() -> None:
    policy = Policy(RulesConfig(baseline=BaselineConfig(learn=False)))
    played = play(Camera(15).film([(90, State(0.5))]), policy)
    assert {decision.thresholds for decision in played.decisions} == {(0.6, 0.4)}
