"""Working days of a bus: an empty seat at the depot, another driver, stops, and the operator's speed gate."""

from __future__ import annotations

from dataclasses import replace

from driving import NARROW, Drive, Person, acts, ends, hear, rises, starts, under_way

from edge.config import RulesConfig, SpeedGateConfig

GATED = RulesConfig(speed_gate=SpeedGateConfig(enabled=True))
CRAWLING, IN_TOWN, ON_THE_ROAD = 3.0, 9.0, 22.0
"""Metres per second: 11, 32 and 79 km/h. Closures are gated under 20 km/h, drowsiness under 50."""


def test_an_empty_seat_at_the_depot_is_told_once_and_ends_when_the_driver_sits_down(rate: float) -> None:
    drive = Drive()
    drive.nobody(600)
    sat = drive.awake(60)
    hear(drive, rate).only(starts("face_not_visible", 8), ends("face_not_visible", sat + 2))


def test_a_driver_who_leaves_for_a_break_is_not_asleep(rate: float) -> None:
    drive = under_way()
    left = drive.nobody(300)
    back = drive.awake(90)
    hear(drive, rate).only(starts("face_not_visible", left + 8), ends("face_not_visible", back + 2))


def test_the_next_driver_has_eyes_of_his_own(rate: float) -> None:
    """The first one's eyes are wide, the second one's narrow: what was learned of one is not held against the other."""
    drive = under_way()
    drive.nobody(30)
    drive.person = NARROW
    sat = drive.awake(200)
    drive.looking_down(1)
    drive.awake(30)
    hear(drive, rate).only(starts("face_not_visible", sat - 22), ends("face_not_visible", sat + 2))


def test_the_next_driver_who_sleeps_is_told(rate: float) -> None:
    drive = under_way(NARROW)
    drive.nobody(30)
    drive.person = Person()
    drive.awake(90)
    shut = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate).of("fatigue").only(
        starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1)
    )


def test_the_drowsiness_of_one_driver_is_not_told_of_the_next(rate: float) -> None:
    """The first leaves at a PERCLOS just below what is told, the second is a little tired: too much for one man."""
    drive = under_way()
    drive.drowsy(28)
    drive.nobody(12)
    drive.act(90, replace(acts.AWAKE, blinks=acts.Blinks(a_minute=9, median_s=0.4, shortest_s=0.3, longest_s=0.7)))
    heard = hear(drive, rate)
    assert not heard.of("fatigue").signals, heard


def test_without_the_gate_sleep_is_told_at_any_speed(rate: float) -> None:
    for speed in (0.0, CRAWLING, ON_THE_ROAD):
        drive = under_way(speed=speed)
        shut = drive.asleep(4)
        woke = drive.staring(10)
        hear(drive, rate).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_with_the_gate_a_nap_at_the_terminus_is_not_told(rate: float) -> None:
    drive = under_way(speed=IN_TOWN)
    drive.speed = 0.0
    drive.awake(20)
    drive.asleep(120)
    drive.awake(30)
    drive.speed = IN_TOWN
    drive.awake(60)
    hear(drive, rate, GATED).nothing()


def test_with_the_gate_sleep_in_town_is_told(rate: float) -> None:
    drive = under_way(speed=IN_TOWN)
    shut = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate, GATED).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_with_the_gate_but_without_a_fix_sleep_is_told(rate: float) -> None:
    drive = under_way(speed=None)
    shut = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate, GATED).only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3), ends("sleep", woke + 1))


def test_with_the_gate_drowsiness_is_told_on_the_road_and_not_in_town(rate: float) -> None:
    for speed, told in ((IN_TOWN, False), (ON_THE_ROAD, True), (None, True)):
        drive = under_way(speed=speed)
        drive.drowsy(120)
        heard = hear(drive, rate, GATED)
        assert bool(heard.signals) == told, f"{speed} m/s: {heard}"
        heard.never("microsleep", "sleep")


def test_with_the_gate_a_sleeper_whose_bus_slows_down_is_told_until_he_wakes(rate: float) -> None:
    """An alarm that has begun is not called off by the brake."""
    drive = under_way(speed=IN_TOWN)
    shut = drive.asleep(4)
    drive.speed = CRAWLING
    drive.asleep(4)
    woke = drive.staring(10)
    heard = hear(drive, rate, GATED)
    heard.reached("microsleep", shut + 1.5)
    heard.reached("sleep", shut + 3)
    last = heard.signals[-1]
    assert last.phase == "end", heard
    assert last.time - heard.begin > woke, heard


def test_with_the_gate_the_loss_of_the_face_is_told_standing_too(rate: float) -> None:
    drive = under_way(speed=0.0)
    gone = drive.nobody(30)
    hear(drive, rate, GATED).only(starts("face_not_visible", gone + 8))


def test_a_fix_that_is_lost_in_a_tunnel_opens_the_gate(rate: float) -> None:
    drive = under_way(speed=CRAWLING)
    drive.asleep(2.5)
    drive.staring(10)
    drive.speed = None
    shut = drive.asleep(2.5)
    woke = drive.staring(10)
    hear(drive, rate, GATED).only(starts("microsleep", shut + 1.5), ends("microsleep", woke + 1))


def test_with_the_gate_a_closure_that_is_over_is_not_told_when_the_bus_gets_faster(rate: float) -> None:
    drive = under_way(speed=CRAWLING)
    drive.asleep(2)
    drive.staring(0.3)
    drive.speed = ON_THE_ROAD
    drive.staring(10)
    heard = hear(drive, rate, GATED)
    assert not heard.signals, heard


def test_with_the_gate_no_blink_tells_a_closure_that_is_over(rate: float) -> None:
    drive = under_way(speed=CRAWLING)
    drive.asleep(4)
    drive.staring(0.5)
    drive.speed = ON_THE_ROAD
    drive.asleep(0.15)
    drive.staring(10)
    heard = hear(drive, rate, GATED)
    assert not heard.signals, heard


def test_with_the_gate_a_closure_that_lasts_is_told_when_the_bus_gets_faster(rate: float) -> None:
    drive = under_way(speed=CRAWLING)
    drive.asleep(2)
    drive.speed = ON_THE_ROAD
    fast = drive.asleep(2)
    woke = drive.staring(10)
    hear(drive, rate, GATED).only(starts("microsleep", fast), rises("sleep", fast + 1), ends("sleep", woke + 1))
