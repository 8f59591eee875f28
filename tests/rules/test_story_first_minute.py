"""Drives whose first minute, from which the driver's own open eyes are learned, is an unlucky one."""

from __future__ import annotations

from dataclasses import replace

from driving import CAR, NARROW, Drive, acts, ends, hear, rises, starts


def test_a_drive_that_begins_with_laughter_and_talk_says_nothing(rate: float) -> None:
    drive = Drive(CAR)
    for _ in range(5):
        drive.laughing(4)
        drive.talking(6)
        drive.awake(3)
    drive.awake(60)
    hear(drive, rate).nothing()


def test_laughter_in_the_first_minute_hides_no_later_sleep(rate: float) -> None:
    drive = Drive(CAR)
    for _ in range(6):
        drive.laughing(6)
        drive.talking(4)
    drive.awake(60)
    shut = drive.asleep(7)
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("sleep", shut + 3)
    heard.reached("unresponsive", shut + 6)


def test_a_low_sun_in_the_first_minute_hides_no_later_sleep(rate: float) -> None:
    drive = Drive()
    drive.narrowed(70, logit=-0.6)
    drive.awake(60)
    shut = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_a_driver_who_gets_in_drowsy_is_told_within_75_s(rate: float) -> None:
    drive = Drive()
    drive.drowsy(300)
    heard = hear(drive, rate)
    assert heard.signals, "PERCLOS was due"
    first = heard.signals[0]
    assert (first.phase, first.cause) == ("start", "perclos"), heard
    assert 30 <= first.time - heard.begin <= 75, heard


def test_sunglasses_in_the_first_minute_only_put_off_the_learning(rate: float) -> None:
    drive = Drive(NARROW)
    on = drive.eyes_unseen(60)
    off = drive.awake(100)
    drive.looking_down(0.8)
    drive.awake(20)
    hear(drive, rate).only(starts("eyes_not_visible", on + 8), ends("eyes_not_visible", off + 2))


def test_a_driver_who_looks_about_in_the_first_minute_is_learned_all_the_same(rate: float) -> None:
    drive = Drive()
    for _ in range(8):
        drive.mirror(1.2)
        drive.awake(4)
        drive.act(3, replace(acts.AWAKE, yaw=-30))
        drive.looking_down(1.3)
    shut = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))
