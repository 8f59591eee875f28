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


def test_one_happy_reading_of_a_face_whose_eyes_are_closed_opens_no_doubtful_ones(camera: Camera) -> None:
    """A yawn that begins may look like a smile for a tenth of a second, while its lids tremble."""
    doubtful = State(0.62)
    played = play(
        camera.film([ROUND, (0.4, SHUT), (0.1, replace(doubtful, emotion=HAPPY)), (0.2, doubtful), (4, SHUT), ROUND])
    )
    assert 6.5 <= played.when("start", "microsleep") <= 6.85


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


def test_both_eyes_that_close_and_one_that_opens_again_are_no_sleep(camera: Camera) -> None:
    """Smoke in one eye: the mean of both eyes is even, and would stay what it was."""
    film = camera.film([ROUND, (0.3, SHUT), (6, SHUT), ROUND])
    shots = [replace(shot, eyes=Eyes(0.02, 0.98)) if 5.3 <= shot.time < 11.3 else shot for shot in film]
    assert play(shots).told == []


def test_a_face_that_is_calm_until_the_eyes_are_shut_does_not_laugh(camera: Camera) -> None:
    """Shut eyes may read as happy: what comes after the lids fell does not speak for the driver."""
    played = play(camera.film([ROUND, (0.7, SHUT), (4, replace(LAUGHING, eyes=0.9)), ROUND]))
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]
    assert 6.5 <= played.when("start", "microsleep") <= 6.85


def test_a_face_that_reads_as_happy_all_day_does_not_laugh(camera: Camera) -> None:
    merry = State(emotion=Emotion(0.8, 0.2, 0.0, 0.0))
    played = play(camera.film([(70, merry), (4, replace(merry, eyes=0.9)), (5, merry)]))
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]
    assert played.when("start", "microsleep") <= 71.85


AHEAD = State(pitch=4.0)
DOWN = State(0.85, pitch=-12.0)
DOWN_SHUT = State(0.97, pitch=-12.0)
KNOWN = (20, AHEAD)


def test_a_look_at_the_speedometer_is_no_sleep_however_long(camera: Camera) -> None:
    played = play(camera.film([KNOWN, (0.3, replace(DOWN, eyes=0.2)), (8, DOWN), KNOWN]))
    assert played.told == []


def test_lids_that_seem_shut_while_he_looks_down_are_no_microsleep_but_3_s_are_told(camera: Camera) -> None:
    assert play(camera.film([KNOWN, (0.3, replace(DOWN, eyes=0.2)), (2.5, DOWN_SHUT), KNOWN])).told == []
    played = play(camera.film([KNOWN, (0.3, replace(DOWN, eyes=0.2)), (4, DOWN_SHUT), KNOWN]))
    assert played.causes == ["start sleep", "end sleep"]
    assert 23.3 <= played.when("start", "sleep") <= 23.65


def test_a_head_that_falls_after_the_eyes_closed_is_not_looking_down(camera: Camera) -> None:
    played = play(camera.film([KNOWN, (0.8, replace(AHEAD, eyes=0.97)), (4, replace(DOWN, eyes=0.9)), KNOWN]))
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]
    assert 21.5 <= played.when("start", "microsleep") <= 21.85


def test_a_driver_who_always_holds_his_head_low_is_not_looking_down(camera: Camera) -> None:
    low = State(pitch=-14.0)
    played = play(camera.film([(20, low), (4, replace(low, eyes=0.97)), (5, low)]))
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]


def test_the_guard_of_looking_down_can_be_switched_off() -> None:
    policy = Policy(RulesConfig(guards=GuardsConfig(looking_down=False)))
    film = Camera(15).film([KNOWN, (0.3, replace(DOWN, eyes=0.2)), (2.5, DOWN_SHUT), KNOWN])
    assert play(film, policy).causes == ["start microsleep", "end microsleep"]


TALK = State(mouth=0.05, syllables=2.0)
SPOKEN = [(5, TALK), (2.2, replace(TALK, eyes=0.97)), (5, TALK)]


def test_eyes_shut_amid_a_sentence_are_no_microsleep(camera: Camera) -> None:
    played = play(camera.film(SPOKEN))
    assert played.told == []
    assert played.at(7.0).reason == "microsleep withheld: speaking"


def test_a_speaker_whose_eyes_are_shut_for_3_s_is_told(camera: Camera) -> None:
    played = play(camera.film([(5, TALK), (4, replace(TALK, eyes=0.97)), (5, TALK)]))
    assert played.causes == ["start sleep", "end sleep"]


def test_who_falls_asleep_amid_a_sentence_is_told_at_the_threshold(camera: Camera) -> None:
    played = play(camera.film([(5, TALK), (4, replace(SHUT, mouth=0.05)), (5, TALK)]))
    assert 6.5 <= played.when("start", "microsleep") <= 6.85


def test_a_mouth_that_trembles_does_not_speak() -> None:
    film = Camera(15).film([ROUND, (4, SHUT), ROUND])
    trembling = [replace(shot, mouth_open=0.06 + 0.012 * (index % 3 - 1)) for index, shot in enumerate(film)]
    assert "start microsleep" in play(trembling).causes


def test_the_guard_of_speech_can_be_switched_off() -> None:
    policy = Policy(RulesConfig(guards=GuardsConfig(speaking=False)))
    assert "start microsleep" in play(Camera(15).film(SPOKEN), policy).causes


WIDE = State(mouth=0.4)


def test_a_yawn_that_narrows_the_eyes_says_nothing(camera: Camera) -> None:
    assert play(camera.film([ROUND, (0.5, WIDE), (4, replace(WIDE, eyes=0.85)), ROUND])).told == []


def test_a_yawn_with_the_eyes_shut_is_told_like_any_closure(camera: Camera) -> None:
    played = play(camera.film([ROUND, (0.5, WIDE), (4, replace(WIDE, eyes=0.98)), ROUND]))
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]
    assert 7.0 <= played.when("start", "microsleep") <= 7.35


def test_the_guard_of_yawns_can_be_switched_off() -> None:
    policy = Policy(RulesConfig(guards=GuardsConfig(yawn=False)))
    film = Camera(15).film([ROUND, (0.5, WIDE), (4, replace(WIDE, eyes=0.85)), ROUND])
    assert play(film, policy).causes == ["start microsleep", "update sleep", "end sleep"]


FAST = 150.0


def test_eyes_that_a_fast_turn_blurs_are_not_seen(camera: Camera) -> None:
    turn = State(0.97, pitch=0.0, yaw=-30.0, turn=FAST)
    played = play(camera.film([(5, State(pitch=0.0, yaw=-30.0)), (0.3, turn), (5, State(pitch=0.0, yaw=15.0))]))
    blurred = played.at(5.2)
    assert (blurred.eyes_closed, blurred.reason) == (None, "eyes blurred: the head turns")
    assert played.told == []


def test_a_head_that_rolls_on_and_on_does_not_hide_sleep(camera: Camera) -> None:
    """A turn is believed for as long as a closure goes on unseen, so that no turn ends one."""
    turn = State(0.97, pitch=0.0, yaw=-30.0, turn=FAST)
    asleep = State(0.97, pitch=0.0, yaw=60.0)
    played = play(camera.film([(5, State(pitch=0.0)), (1.0, State(0.97, pitch=0.0)), (0.6, turn), (4, asleep), ROUND]))
    assert played.causes == ["start microsleep", "update sleep", "end sleep"]
    assert played.when("update", "sleep") <= 8.0 + 0.3 + 0.35


def test_the_guard_of_fast_turns_can_be_switched_off() -> None:
    policy = Policy(RulesConfig(guards=GuardsConfig(turning=False)))
    turn = State(0.97, pitch=0.0, yaw=-30.0, turn=FAST)
    played = play(Camera(15).film([(5, State(pitch=0.0, yaw=-30.0)), (0.3, turn)]), policy)
    assert played.decisions[-1].eyes_closed


def test_a_driver_who_has_come_to_sit_lower_is_not_looking_down() -> None:
    low = State(pitch=-12.0)
    played = play(Camera(15).film([(70, AHEAD), (40, low), (2.2, replace(low, eyes=0.97)), (5, low)]))
    assert played.causes == ["start microsleep", "end microsleep"]


def test_a_face_that_reads_as_happy_for_a_minute_on_end_does_not_laugh() -> None:
    smile = State(emotion=HAPPY)
    played = play(Camera(15).film([(5, OPEN), (62, smile), (2.2, replace(smile, eyes=0.9)), (5, smile)]))
    assert played.causes == ["start microsleep", "end microsleep"]
