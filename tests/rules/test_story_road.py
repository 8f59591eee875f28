"""Drives in which the driver looks elsewhere for good reasons: nothing of it is sleep."""

from __future__ import annotations

from dataclasses import replace

from driving import acts, ends, hear, starts, under_way
from driving.acts import Lids


def test_checking_the_mirrors_again_and_again_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(15):
        drive.mirror(0.8)
        drive.awake(1.5)
        drive.outer_mirror(1.4)
        drive.awake(1.0)
        drive.over_the_shoulder(0.9)
        drive.awake(2.5)
    hear(drive, rate).nothing()


def test_reversing_out_of_a_yard_hides_the_face_and_that_is_all(rate: float) -> None:
    drive = under_way()
    turned = drive.over_the_shoulder(12)
    back = drive.awake(20)
    hear(drive, rate).only(starts("face_not_visible", turned + 8), ends("face_not_visible", back + 2))


def test_reversing_in_three_moves_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(3):
        drive.over_the_shoulder(5)
        drive.awake(6)
    hear(drive, rate).nothing()


def test_talking_to_the_passenger_for_a_minute_says_nothing(rate: float) -> None:
    drive = under_way()
    turned = replace(acts.TALKING, yaw=-38, left=Lids(logit=-3.0, sd=1.5, seen=0.2))
    for _ in range(12):
        drive.act(2.5, turned)
        drive.talking(2.5)
    hear(drive, rate).nothing()


def test_a_passenger_who_leans_in_says_nothing(rate: float) -> None:
    """For three seconds the nearest face is another one, from its side, with narrow eyes; then the driver's again."""
    drive = under_way()
    drive.over_the_shoulder(0.3)
    drive.act(3, replace(acts.SMILING, yaw=35, pitch=-10))
    drive.over_the_shoulder(0.3)
    drive.awake(30)
    hear(drive, rate).nothing()


def test_a_head_that_nods_to_the_music_with_open_eyes_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(20):
        drive.act(0.4, replace(acts.STARING, pitch=-15))
        drive.act(0.4, replace(acts.STARING, pitch=5))
    drive.act(3, replace(acts.STARING, pitch=-25))
    drive.awake(10)
    hear(drive, rate).nothing()


def test_a_long_traffic_light_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(4):
        drive.awake(6)
        drive.mirror(1.2)
        drive.talking(8)
        drive.looking_down(1.4)
        drive.staring(7)
        drive.outer_mirror(2.0)
        drive.act(5, replace(acts.AWAKE, yaw=-30))
    drive.awake(20)
    hear(drive, rate).nothing()


def test_looking_at_the_speedometer_for_4_s_is_no_sleep(rate: float) -> None:
    drive = under_way()
    drive.looking_down(4)
    drive.awake(30)
    hear(drive, rate).nothing()


def test_short_looks_at_the_instruments_all_along_make_nobody_drowsy(rate: float) -> None:
    drive = under_way()
    for _ in range(20):
        drive.looking_down(1.2)
        drive.awake(4)
    hear(drive, rate).nothing()


def test_a_phone_below_the_wheel_is_no_sleep(rate: float) -> None:
    drive = under_way()
    for _ in range(10):
        drive.act(3, acts.PHONE)
        drive.awake(1.5)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_a_long_message_read_below_the_wheel_is_no_sleep(rate: float) -> None:
    drive = under_way()
    drive.act(8, acts.PHONE)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_a_low_sun_makes_the_driver_squint_and_that_is_no_sleep(rate: float) -> None:
    drive = under_way()
    drive.narrowed(30, logit=-0.8)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_the_screen_of_the_navigation_is_no_sleep(rate: float) -> None:
    drive = under_way()
    screen = replace(acts.LOOKING_DOWN, left=Lids(logit=1.0, sd=1.2, seen=0.6), yaw=-22, pitch=-13)
    for _ in range(6):
        drive.act(2.5, screen)
        drive.awake(3)
    hear(drive, rate).nothing()
