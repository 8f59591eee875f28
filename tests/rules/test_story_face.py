"""Drives in which laughter, talk, a hand or a yawn narrows or hides the eyes of a driver who is awake."""

from __future__ import annotations

from dataclasses import replace

from driving import CAR, NARROW, acts, hear, under_way
from driving.acts import NONE, Lids


def test_laughing_passengers_and_a_driver_who_laughs_along_say_nothing(rate: float) -> None:
    drive = under_way()
    for laugh in (2, 4, 1, 6, 3, 5, 2, 7):
        drive.laughing(laugh)
        drive.awake(3)
        drive.talking(3)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_a_smile_that_lasts_half_a_minute_says_nothing(rate: float) -> None:
    drive = under_way(CAR)
    drive.act(30, acts.SMILING)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_singing_with_the_eyes_shut_on_the_long_notes_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(5):
        drive.act(10, replace(acts.TALKING, mouth=0.18, words=0.06, syllables=0.03))
        drive.act(1.1, replace(acts.ASLEEP, mouth=0.28, mood=acts.CHATTY))
    drive.awake(20)
    hear(drive, rate).nothing()


def test_a_long_talk_says_nothing(rate: float) -> None:
    drive = under_way(CAR)
    drive.talking(120)
    hear(drive, rate).nothing()


def test_a_yawn_with_the_eyes_shut_for_3_s_is_3_s_without_looking(rate: float) -> None:
    drive = under_way()
    drive.act(1, acts.YAWNING)
    shut = drive.act(3.6, acts.YAWNING_SHUT)
    drive.act(1, acts.YAWNING)
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("sleep", shut + 3)
    heard.never("perclos", "unresponsive", "sustained")
    assert heard.phases()[-1] == ("end", "sleep")


def test_rubbing_the_eyes_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(4):
        drive.asleep(0.5)
        drive.eyes_unseen(2.5)
        drive.asleep(0.6)
        drive.awake(10)
    hear(drive, rate).nothing()


def test_rubbing_one_eye_while_the_other_is_shut_for_a_second_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(3):
        drive.act(1.1, replace(acts.ASLEEP, left=acts.UNSEEN))
        drive.act(2, replace(acts.AWAKE, left=acts.UNSEEN))
        drive.awake(10)
    hear(drive, rate).nothing()


def test_sneezing_three_times_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(3):
        drive.act(0.7, replace(acts.ASLEEP, pitch=-25, mouth=0.2))
        drive.staring(0.8)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_a_wink_says_nothing(rate: float) -> None:
    drive = under_way()
    drive.act(2.2, replace(acts.STARING, right=acts.SHUT))
    drive.awake(20)
    hear(drive, rate).nothing()


def test_an_eye_patch_under_which_no_eye_is_seen_says_nothing(rate: float) -> None:
    drive = under_way()
    drive.act(120, replace(acts.AWAKE, left=acts.UNSEEN))
    hear(drive, rate).nothing()


def test_eyes_that_are_narrow_by_nature_say_nothing(rate: float) -> None:
    drive = under_way(NARROW)
    drive.awake(60)
    drive.mirror(1)
    drive.talking(20)
    drive.looking_down(1)
    drive.awake(60)
    hear(drive, rate).nothing()


def test_lids_that_droop_once_the_baseline_is_learned_are_no_sleep(rate: float) -> None:
    drive = under_way()
    drive.narrowed(90, logit=-1.2)
    hear(drive, rate).nothing()


def test_chewing_says_nothing(rate: float) -> None:
    drive = under_way()
    drive.act(60, replace(acts.AWAKE, mouth=0.09, syllables=0.05))
    hear(drive, rate).nothing()


def test_a_laugh_of_12_s_says_nothing(rate: float) -> None:
    drive = under_way(CAR)
    drive.laughing(12)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_an_eye_patch_that_is_seen_as_a_shut_eye_says_nothing(rate: float) -> None:
    drive = under_way()
    drive.stretches.clear()
    drive.seconds = 0.0
    drive.act(180, replace(acts.AWAKE, left=acts.SHUT))
    hear(drive, rate).nothing()


def test_yawning_with_narrow_eyes_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(5):
        drive.yawning(4.5)
        drive.awake(12)
    hear(drive, rate).nothing()


def test_one_eye_kept_shut_against_the_smoke_for_6_s_says_nothing(rate: float) -> None:
    drive = under_way()
    drive.asleep(0.3)
    drive.act(6, replace(acts.AWAKE, left=acts.SHUT))
    drive.awake(20)
    hear(drive, rate).nothing()


def test_words_spoken_with_narrow_eyes_say_nothing(rate: float) -> None:
    """Lively talk narrows the eyes for two seconds at a time: the model says 0.2 to 0.6, as of a real driver."""
    drive = under_way()
    for _ in range(8):
        drive.talking(3)
        drive.act(2.2, replace(acts.TALKING.both(Lids(logit=-0.5, sd=0.6)), blinks=NONE))
    drive.awake(20)
    hear(drive, rate).nothing()
