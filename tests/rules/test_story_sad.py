"""Drives of a sad driver: told for information once it lasts, never as an alarm, never from what is not known."""

from __future__ import annotations

from dataclasses import replace

from driving import acts, ends, hear, starts, under_way


def test_sad_for_a_minute_is_told_once_three_fifths_of_30_s_were_sad(rate: float) -> None:
    drive = under_way()
    sad = drive.sad(60)
    calm = drive.awake(60)
    # It ends 10 s after less than 0.3 of the last 30 s were sad.
    hear(drive, rate).only(
        starts("sustained", sad + 18, late_s=2.0, level="advisory"),
        ends("sustained", calm + 31, late_s=2.0, early_s=2.0),
    )


def test_a_sad_face_of_12_s_at_a_red_light_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(3):
        drive.sad(12)
        drive.awake(30)
    hear(drive, rate).nothing()


def test_crying_is_told_as_sad_and_not_as_fatigue(rate: float) -> None:
    drive = under_way()
    begun = drive.seconds
    for _ in range(12):
        drive.act(4, replace(acts.AWAKE, mood=acts.UNHAPPY, mouth=0.15, syllables=0.05))
        drive.act(1.0, replace(acts.ASLEEP, mood=acts.UNHAPPY, mouth=0.15))
        drive.act(1.5, replace(acts.SUNGLASSES, mood=acts.UNKNOWN))
    drive.awake(60)
    heard = hear(drive, rate)
    heard.never("microsleep", "sleep", "unresponsive", "eyes_not_visible")
    heard.of("sad").reached("sustained", begun + 18, late_s=4.0)


def test_a_face_between_neutral_and_sad_that_flickers_says_nothing(rate: float) -> None:
    drive = under_way()
    drive.act(120, replace(acts.AWAKE, mood=acts.UNDECIDED))
    heard = hear(drive, rate)
    heard.nothing()
    shares = [decision.sad_share for decision in heard.decisions if decision.sad_share is not None]
    assert max(shares) > 0.3  # it was close


def test_a_sad_face_that_flickers_is_told_once(rate: float) -> None:
    drive = under_way()
    flickering = replace(acts.UNHAPPY, sad=3.2, neutral=3.0, sd=0.7, flickers=True)
    sad = drive.act(90, replace(acts.AWAKE, mood=flickering))
    calm = drive.awake(60)
    hear(drive, rate).only(starts("sustained", sad + 18, late_s=14.0), ends("sustained", calm + 25, late_s=9.0))


def test_a_sad_driver_whose_face_is_seldom_read_says_nothing(rate: float) -> None:
    """Sad in all frames that were read, but these are less than half of the time."""
    drive = under_way()
    drive.act(20, replace(acts.AWAKE, mood=acts.UNKNOWN))
    for _ in range(12):
        drive.sad(2)
        drive.act(4, replace(acts.AWAKE, mood=acts.UNKNOWN))
    drive.act(30, replace(acts.AWAKE, mood=acts.UNKNOWN))
    hear(drive, rate).nothing()


def test_sadness_is_never_more_than_information(rate: float) -> None:
    drive = under_way()
    drive.sad(300)
    heard = hear(drive, rate)
    assert [(signal.phase, signal.level) for signal in heard.signals] == [("start", "advisory")]


def test_a_sad_driver_who_falls_asleep_is_told_of_both(rate: float) -> None:
    drive = under_way()
    sad = drive.sad(40)
    shut = drive.act(4, replace(acts.ASLEEP, mood=acts.UNHAPPY))
    woke = drive.act(10, replace(acts.STARING, mood=acts.UNHAPPY))
    heard = hear(drive, rate)
    heard.of("sad").only(starts("sustained", sad + 18, late_s=2.0))
    heard.reached("microsleep", shut + 1.5)
    heard.reached("sleep", shut + 3)
    assert ends("sleep", woke + 1).fits(heard.signals[-1], heard.signals[-1].time - heard.begin, rate)
