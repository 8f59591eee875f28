"""What narrows the eyes without sleep, and what is sleep all the same."""

from __future__ import annotations

from dataclasses import replace

from story import OPEN, SHUT, Camera, State, play

from edge.config import GuardsConfig, RulesConfig
from edge.records import Emotion, Eyes
from edge.rules.policy import Policy

HAPPY = Emotion(0.95, 0.05, 0.0, 0.0)
LAUGHING = State(0.97, emotion=HAPPY)
CHEEKS_UP = State(0.85, emotion=HAPPY)
ROUND = (5, OPEN)


def test_a_laugh_is_no_microsleep(camera: Camera) -> None:
    played = play(camera.film([ROUND, (2.5, LAUGHING), ROUND]))
    assert played.told == []
    assert played.at(7.0).reason == "microsleep withheld: laughing"


def test_a_laugh_of_which_the_emotion_model_loses_sight_for_half_a_second_is_no_microsleep(camera: Camera) -> None:
    assert play(camera.film([ROUND, (1.2, LAUGHING), (0.5, SHUT), (0.9, LAUGHING), ROUND])).told == []


def test_eyes_shut_for_3_s_are_sleep_even_with_a_happy_face(camera: Camera) -> None:
    played = play(camera.film([ROUND, (4, LAUGHING), ROUND]))
    assert played.causes == ["start sleep", "end sleep"]
    assert 8.0 <= played.when("start", "sleep") <= 8.35


def test_a_smile_that_narrows_the_eyes_for_ten_seconds_says_nothing(camera: Camera) -> None:
    assert play(camera.film([ROUND, (10, CHEEKS_UP), ROUND])).told == []


def test_a_driver_who_falls_asleep_after_a_laugh_is_told(camera: Camera) -> None:
    played = play(camera.film([ROUND, (0.5, LAUGHING), (4, SHUT), ROUND]))
    assert played.causes[0] == "start microsleep"
    assert 6.5 <= played.when("start", "microsleep") <= 6.85


def test_laughing_passengers_and_a_driver_who_joins_in_do_not_make_him_drowsy(camera: Camera) -> None:
    assert play(camera.film([(60, OPEN), *[(2.0, LAUGHING), (6, OPEN)] * 15])).told == []


def test_the_guard_of_laughter_can_be_switched_off() -> None:
    policy = Policy(RulesConfig(guards=GuardsConfig(laughing=False)))
    assert "start microsleep" in play(Camera(15).film([ROUND, (2.5, LAUGHING), ROUND]), policy).causes


def _wink(guards: GuardsConfig) -> list[str]:
    """A blink of both eyes that goes on with the right one alone."""
    film = Camera(15).film([ROUND, (0.2, SHUT), (2.2, SHUT), ROUND])
    shots = [replace(shot, eyes=Eyes(0.98, 0.05)) if 5.2 <= shot.time < 7.39 else shot for shot in film]
    return play(shots, Policy(RulesConfig(guards=guards))).causes


def test_a_wink_is_no_microsleep() -> None:
    assert _wink(GuardsConfig()) == []


def test_the_guard_of_one_eye_can_be_switched_off() -> None:
    assert _wink(GuardsConfig(one_eye=False)) == ["start microsleep", "end microsleep"]
