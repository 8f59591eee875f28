"""Drives with sunglasses, glare, tunnels and hats: what cannot be seen is said, and never taken for sleep."""

from __future__ import annotations

from dataclasses import replace

from driving import Drive, acts, ends, hear, rises, starts, under_way
from driving.acts import Lids


def test_sunglasses_put_on_are_told_as_unseen_eyes_and_their_end_as_well(rate: float) -> None:
    drive = under_way()
    on = drive.eyes_unseen(60)
    off = drive.awake(20)
    hear(drive, rate).only(starts("eyes_not_visible", on + 8, level="advisory"), ends("eyes_not_visible", off + 2))


def test_tinted_glasses_that_pass_infrared_change_nothing(rate: float) -> None:
    drive = under_way()
    tinted = Lids(logit=-3.0, sd=1.5, seen=0.9)
    drive.act(60, acts.AWAKE.both(tinted))
    hear(drive, rate).nothing()


def test_sleep_behind_sunglasses_cannot_be_seen_and_is_not_claimed(rate: float) -> None:
    drive = under_way()
    on = drive.eyes_unseen(90)
    hear(drive, rate).only(starts("eyes_not_visible", on + 8))


def test_glare_that_comes_and_goes_says_nothing(rate: float) -> None:
    drive = under_way()
    for glare in (0.3, 1.2, 0.5, 2.0, 0.8, 3.0, 0.2, 1.5) * 3:
        drive.eyes_unseen(glare)
        drive.awake(glare + 1.5)
    hear(drive, rate).nothing()


def test_glare_that_outweighs_sight_is_told_once(rate: float) -> None:
    drive = under_way()
    first = drive.seconds
    for _ in range(20):
        drive.eyes_unseen(2.4)
        drive.awake(0.8)
    clear = drive.awake(20)
    # Each round of 3.2 s loses 1.6 s more than it gives back: 8 s are reached in the fifth.
    hear(drive, rate).only(
        starts("eyes_not_visible", first + 14, late_s=3.5), ends("eyes_not_visible", clear, late_s=3.0)
    )


def test_glare_in_the_middle_of_a_blink_or_of_a_long_blink_is_no_sleep(rate: float) -> None:
    drive = under_way()
    for _ in range(10):
        drive.asleep(0.6)
        drive.eyes_unseen(1.5)
        drive.asleep(0.2)
        drive.awake(8)
    hear(drive, rate).nothing()


def test_a_short_tunnel_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(3):
        drive.act(2.5, acts.DARK)
        drive.awake(25)
    hear(drive, rate).nothing()


def test_a_dark_tunnel_of_20_s_is_told_as_darkness_and_its_end_as_well(rate: float) -> None:
    drive = under_way()
    dark = drive.act(20, acts.DARK)
    out = drive.awake(20)
    hear(drive, rate).only(starts("too_dark", dark + 8), ends("too_dark", out + 2))


def test_an_infrared_lamp_that_fails_at_night_is_told_once_and_stays(rate: float) -> None:
    drive = under_way()
    dark = drive.act(180, acts.DARK)
    hear(drive, rate).only(starts("too_dark", dark + 8))


def test_a_lamp_that_fails_while_the_driver_sleeps_ends_the_sleep_as_unknown(rate: float) -> None:
    drive = under_way()
    shut = drive.asleep(4)
    dark = drive.act(30, acts.DARK)
    hear(drive, rate).only(
        starts("microsleep", shut + 1.5),
        rises("sleep", shut + 3),
        ends("sleep", dark + 8),
        starts("too_dark", dark + 8),
    )


def test_a_covered_camera_is_told_as_darkness(rate: float) -> None:
    drive = under_way()
    covered = drive.act(40, acts.DARK)
    hear(drive, rate).only(starts("too_dark", covered + 8))


def test_a_cloth_before_the_camera_through_which_light_shines_hides_the_face(rate: float) -> None:
    drive = under_way()
    covered = drive.nobody(40)
    hear(drive, rate).only(starts("face_not_visible", covered + 8))


def test_a_camera_turned_away_by_the_sun_visor_is_told_from_the_start(rate: float) -> None:
    drive = Drive()
    drive.nobody(30)
    hear(drive, rate).only(starts("face_not_visible", 8))


def test_hat_and_mask_change_nothing_and_sleep_is_told(rate: float) -> None:
    drive = under_way()
    shaded = Lids(logit=-3.5, sd=1.6, seen=0.85)
    masked = replace(acts.AWAKE.both(shaded), mouth=None, mood=acts.UNKNOWN)
    drive.act(120, masked)
    shut = drive.act(4, replace(acts.ASLEEP, mouth=None, mood=acts.UNKNOWN))
    woke = drive.act(10, replace(acts.STARING, mouth=None, mood=acts.UNKNOWN))
    hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_a_hand_before_the_face_for_5_s_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(5):
        drive.nobody(5)
        drive.awake(10)
    hear(drive, rate).nothing()
