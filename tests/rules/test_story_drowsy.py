"""Drives on which the driver grows drowsy: told by PERCLOS when it is due, once, and ended when it is over."""

from __future__ import annotations

from dataclasses import replace

from driving import Drive, Heard, acts, between, hear, under_way
from driving.acts import Blinks

ERROR = 0.03
"""PERCLOS is measured within this error: what it raises is due between the times at which the true one passes these."""


def due(drive: Drive, share: float, begun: float) -> tuple[float, float]:
    return drive.perclos_reaches(share - ERROR, begun), drive.perclos_reaches(share + ERROR, begun)


def told_in_time(heard: Heard, drive: Drive, share: float, begun: float) -> None:
    """The first thing said is PERCLOS, when it is due."""
    assert heard.signals, "PERCLOS was due"
    first = heard.signals[0]
    assert between("start", "perclos", *due(drive, share, begun)).fits(first, first.time - heard.begin, heard.rate), (
        heard
    )


def test_a_sleepy_ten_minutes_are_one_alarm_that_rises_and_ends_after_waking(rate: float) -> None:
    drive = under_way()
    drive.awake(225)
    sleepy = drive.drowsy(600)
    awake = drive.awake(120)
    long_one = drive.perclos_reaches(0.10 - ERROR, sleepy, 180), drive.perclos_reaches(0.10 + ERROR, sleepy, 180)
    over = drive.perclos_falls_below(0.08 + ERROR, awake), drive.perclos_falls_below(0.08 - ERROR, awake)
    hear(drive, rate).only(
        between("start", "perclos", *due(drive, 0.12, sleepy), "advisory"),
        between("update", "perclos", *long_one, "warning"),
        between("end", "perclos", *over),
    )


def test_a_slightly_tired_driver_is_not_told(rate: float) -> None:
    """Ten heavy blinks a minute: a PERCLOS of about 0.07, questionable but below what is told."""
    drive = under_way()
    tired = replace(acts.AWAKE, blinks=Blinks(a_minute=9, median_s=0.4, spread=0.25, shortest_s=0.3, longest_s=0.7))
    drive.act(240, tired)
    hear(drive, rate).nothing()


def test_blinking_twice_as_often_is_not_drowsy(rate: float) -> None:
    drive = under_way()
    drive.act(180, replace(acts.AWAKE, blinks=Blinks(a_minute=40, median_s=0.17)))
    hear(drive, rate).nothing()


def test_a_drowsy_minute_before_3_minutes_have_passed_is_told(rate: float) -> None:
    drive = Drive()
    drive.awake(40)
    sleepy = drive.drowsy(80)
    told_in_time(hear(drive, rate), drive, 0.12, sleepy)


def test_one_drowsy_minute_after_hours_of_alert_driving_is_advice_and_no_warning(rate: float) -> None:
    """Over three minutes there is not enough of it: one minute alone is the least reliable window."""
    drive = under_way()
    drive.awake(180)
    sleepy = drive.drowsy(66)
    drive.awake(100)
    assert drive.perclos(sleepy + 66, 180.0) < 0.085
    heard = hear(drive, rate)
    told_in_time(heard, drive, 0.12, sleepy)
    assert [(signal.phase, signal.cause, signal.level) for signal in heard.signals] == [
        ("start", "perclos", "advisory"), ("end", "perclos", "advisory"),
    ], str(heard)  # fmt: skip


def test_sadness_supports_what_the_lids_say(rate: float) -> None:
    """A PERCLOS of 0.09 alone is not told; with a sad minute it is."""
    heavy = Blinks(a_minute=11, median_s=0.5, spread=0.1, shortest_s=0.42, longest_s=0.6)
    calm, sad = under_way(), under_way()
    calm.act(150, replace(acts.AWAKE, blinks=heavy))
    sad.act(150, replace(acts.AWAKE, blinks=heavy, mood=acts.UNHAPPY))
    assert max(calm.perclos(time, 60.0) for time in range(75, 225)) < 0.1
    hear(calm, rate).nothing()
    told = hear(sad, rate).of("fatigue")
    assert [(signal.phase, signal.level) for signal in told.signals] == [("start", "advisory")], told


def test_a_drowsy_driver_who_nods_off_is_told_at_once_and_at_a_higher_level(rate: float) -> None:
    drive = under_way()
    drive.drowsy(120)
    shut = drive.asleep(4)
    drive.drowsy(60)
    heard = hear(drive, rate)
    heard.reached("microsleep", shut + 1.5)
    heard.reached("sleep", shut + 3)


def test_drowsiness_is_not_told_again_within_20_s_of_an_alarm_that_ended(rate: float) -> None:
    """He nods off out of his drowsiness, wakes, and is as drowsy as before: told again after 20 s, not sooner."""
    drive = under_way()
    drive.drowsy(120)
    drive.asleep(2.2)
    drive.drowsy(90)
    heard = hear(drive, rate)
    over = [signal.time for signal in heard.signals if (signal.phase, signal.cause) == ("end", "microsleep")]
    again = [signal.time for signal in heard.signals if signal.phase == "start" and signal.time > over[0]]
    assert len(over) == 1, heard
    assert again, heard
    assert 20 - 1e-6 <= again[0] - over[0] < 30, heard


def test_looking_into_the_mirrors_does_not_hide_drowsiness(rate: float) -> None:
    drive = under_way()
    begun = drive.seconds
    for _ in range(20):
        drive.drowsy(7)
        drive.mirror(1.0)
    heard = hear(drive, rate)
    told_in_time(heard, drive, 0.12, begun)
    heard.never("eyes_not_visible", "face_not_visible", "unresponsive")


def test_too_little_seen_is_no_drowsiness(rate: float) -> None:
    """Of a minute, two thirds are out of sight; of what is seen a fifth is shut. Nothing is decided on so little."""
    drive = Drive()
    drive.awake(20)
    for _ in range(16):
        drive.eyes_unseen(6)
        drive.asleep(0.7)
        drive.staring(2.3)
    heard = hear(drive, rate)
    assert not heard.of("fatigue").signals, heard
