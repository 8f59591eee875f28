"""Drives on which the driver falls asleep, in all the ways that may hide it."""

from __future__ import annotations

from dataclasses import replace

from driving import CAR, GLASSES, NARROW, acts, ends, hear, rises, starts, under_way


def test_a_microsleep_of_two_seconds_is_told_at_one_and_a_half(rate: float) -> None:
    drive = under_way()
    shut = drive.asleep(2.2)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5, level="warning"), ends("microsleep", woke + 1))


def test_asleep_at_the_wheel_rises_from_microsleep_to_unresponsive(rate: float) -> None:
    drive = under_way()
    shut = drive.asleep(9)
    woke = drive.staring(10)
    hear(drive, rate).only(
        starts("microsleep", shut + 1.5, level="warning"),
        rises("sleep", shut + 3, level="critical"),
        rises("unresponsive", shut + 6, level="critical"),
        ends("unresponsive", woke + 1),
    )


def test_a_driver_in_the_first_minute_who_sleeps_is_told(rate: float) -> None:
    drive = under_way()
    drive.stretches.clear()
    drive.seconds = 0.0
    drive.awake(12)
    shut = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_a_driver_who_is_asleep_when_the_monitor_starts_is_told(rate: float) -> None:
    drive = under_way()
    drive.stretches.clear()
    drive.seconds = 0.0
    drive.asleep(10)
    heard = hear(drive, rate)
    heard.reached("sleep", 3)
    heard.reached("unresponsive", 6)


def test_long_blinks_of_1_s_are_no_microsleeps(rate: float) -> None:
    drive = under_way()
    for _ in range(3):
        drive.asleep(1.1)
        drive.awake(25)
    hear(drive, rate).nothing()


def test_nodding_off_in_steps_is_told_each_time(rate: float) -> None:
    drive = under_way()
    expected = []
    for _ in range(3):
        shut = drive.asleep(1.9)
        woke = drive.staring(7)
        expected += [starts("microsleep", shut + 1.5), ends("microsleep", woke + 1)]
    shut = drive.asleep(4)
    woke = drive.staring(8)
    expected += [starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1)]
    hear(drive, rate).only(*expected)


def test_waking_for_half_a_second_is_still_the_same_sleep(rate: float) -> None:
    drive = under_way()
    shut = drive.asleep(2.2)
    drive.staring(0.5)
    again = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", again + 3), ends("sleep", woke + 1))


def test_the_chin_on_the_chest_is_sleep_and_not_a_look_at_the_instruments(rate: float) -> None:
    drive = under_way()
    shut = drive.nodded_off(9)
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("sleep", shut + 3)
    heard.reached("unresponsive", shut + 6)


def test_a_head_that_sinks_once_the_eyes_are_shut_hides_no_microsleep(rate: float) -> None:
    drive = under_way()
    shut = drive.asleep(0.8)
    drive.nodded_off(1.6)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5), ends("microsleep", woke + 1))


def test_sleep_with_the_mouth_open_is_neither_talk_nor_a_yawn(rate: float) -> None:
    drive = under_way()
    shut = drive.act(8, replace(acts.ASLEEP, mouth=0.3))
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("sleep", shut + 3)
    heard.reached("unresponsive", shut + 6)


def test_mumbling_in_sleep_is_sleep(rate: float) -> None:
    drive = under_way()
    shut = drive.act(8, replace(acts.ASLEEP, mouth=0.1, syllables=0.06))
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("sleep", shut + 3)
    heard.reached("unresponsive", shut + 6)


def test_sleep_that_looks_happy_is_sleep(rate: float) -> None:
    drive = under_way(GLASSES)
    shut = drive.act(8, replace(acts.ASLEEP, mood=acts.MERRY))
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("sleep", shut + 3)
    heard.reached("unresponsive", shut + 6)


def test_sleep_after_a_laugh_is_told(rate: float) -> None:
    drive = under_way()
    drive.laughing(2)
    drive.awake(2)
    shut = drive.asleep(5)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_sleep_after_a_look_at_the_instruments_is_told(rate: float) -> None:
    drive = under_way()
    drive.looking_down(1.2)
    drive.awake(1.5)
    shut = drive.asleep(5)
    woke = drive.staring(10)
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_sleep_behind_an_eye_patch_is_told(rate: float) -> None:
    drive = under_way()
    drive.act(30, replace(acts.AWAKE, left=acts.UNSEEN))
    shut = drive.act(5, replace(acts.ASLEEP, left=acts.UNSEEN))
    woke = drive.act(10, replace(acts.STARING, left=acts.UNSEEN))
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_sleep_of_a_driver_seen_at_an_angle_is_told(rate: float) -> None:
    drive = under_way(CAR)
    shut = drive.asleep(7)
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("microsleep", shut + 1.5)
    heard.reached("sleep", shut + 3)
    heard.reached("unresponsive", shut + 6)


def test_sleep_of_a_driver_with_narrow_eyes_is_told(rate: float) -> None:
    drive = under_way(NARROW)
    shut = drive.asleep(7)
    woke = drive.staring(10)
    hear(drive, rate).only(
        starts("microsleep", shut + 1.5),
        rises("sleep", shut + 3),
        rises("unresponsive", shut + 6),
        ends("unresponsive", woke + 1, late_s=2.5),
    )


def test_sleep_after_the_lids_drooped_is_told(rate: float) -> None:
    drive = under_way()
    drive.narrowed(60, logit=-1.2)
    shut = drive.asleep(4)
    drive.awake(10)
    heard = hear(drive, rate)
    heard.reached("microsleep", shut + 1.5)
    heard.reached("sleep", shut + 3)


def test_sleep_in_flickering_light_is_told_by_the_time_that_was_seen(rate: float) -> None:
    """Trees by the road: every second the eyes are out of sight for a fifth, which counts as nothing."""
    drive = under_way()
    shut = drive.asleep(0.8)
    for _ in range(8):
        drive.eyes_unseen(0.2)
        drive.asleep(0.8)
    drive.staring(10)
    heard = hear(drive, rate)
    heard.reached("microsleep", shut + 1.5 + 0.2, late_s=0.6)
    heard.reached("sleep", shut + 3.0 + 0.6, late_s=0.9)


def test_falling_asleep_over_the_phone_is_told(rate: float) -> None:
    """The lids hung low for the phone already: when they are shut is known to within a second."""
    drive = under_way()
    drive.act(3, acts.PHONE)
    shut = drive.nodded_off(7)
    drive.staring(10)
    heard = hear(drive, rate)
    sleep = [signal.time - heard.begin for signal in heard.signals if signal.cause == "sleep"]
    assert sleep, heard
    assert shut + 2 <= sleep[0] <= shut + 3.4, heard


def test_falling_asleep_out_of_a_yawn_is_told(rate: float) -> None:
    drive = under_way()
    drive.yawning(4)
    shut = drive.asleep(4)
    drive.staring(10)
    heard = hear(drive, rate)
    sleep = [signal.time - heard.begin for signal in heard.signals if signal.cause == "sleep"]
    assert sleep, heard
    assert shut + 2 <= sleep[0] <= shut + 3.4, heard
