"""Drives on which the camera fails, stutters or slows down, and the clock is set."""

from __future__ import annotations

from dataclasses import replace

from driving import Camera, Drive, Film, acts, ends, hear, rises, starts, under_way
from driving.told import hear_film, step

from edge.config import RulesConfig
from edge.rules.policy import Policy


def test_an_unplugged_camera_is_told_as_its_fault_and_its_end_as_well(rate: float) -> None:
    drive = under_way()
    out = drive.act(30, acts.UNPLUGGED)
    back = drive.awake(20)
    hear(drive, rate).only(starts("camera_fault", out + 2, late_s=0.8), ends("camera_fault", back + 2))


def test_a_loose_plug_that_fails_for_a_second_and_a_half_at_a_time_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(6):
        drive.act(1.5, acts.UNPLUGGED)
        drive.awake(5)
    hear(drive, rate).nothing()


def test_a_camera_unplugged_in_a_long_blink_is_no_sleep(rate: float) -> None:
    drive = under_way()
    drive.asleep(1)
    out = drive.act(5, acts.UNPLUGGED)
    back = drive.asleep(1)
    drive.awake(20)
    hear(drive, rate).only(starts("camera_fault", out + 2, late_s=0.8), ends("camera_fault", back + 2))


def test_sleep_across_a_camera_that_fails_is_told_by_what_was_seen(rate: float) -> None:
    drive = under_way()
    drive.asleep(1)
    out = drive.act(4, acts.UNPLUGGED)
    again = drive.asleep(4)
    woke = drive.staring(10)
    hear(drive, rate).only(
        starts("camera_fault", out + 2, late_s=0.8),
        starts("microsleep", again + 1.5),
        ends("camera_fault", again + 2),
        rises("sleep", again + 3),
        ends("sleep", woke + 1),
    )


def test_a_process_that_hangs_for_a_second_and_a_half_says_nothing(rate: float) -> None:
    drive = under_way()
    drive.asleep(0.6)
    drive.act(1.5, acts.SILENCE)
    drive.asleep(0.6)
    drive.awake(20)
    hear(drive, rate).nothing()


def test_a_process_that_hangs_in_a_long_blink_tells_no_sleep(rate: float) -> None:
    drive = under_way()
    drive.asleep(0.6)
    drive.act(5, acts.SILENCE)
    back = drive.asleep(0.6)
    drive.awake(20)
    hear(drive, rate).only(starts("camera_fault", back), ends("camera_fault", back + 2))


def test_a_process_that_hangs_for_20_s_is_told_when_it_goes_on(rate: float) -> None:
    drive = under_way()
    drive.act(20, acts.SILENCE)
    back = drive.awake(20)
    hear(drive, rate).only(starts("camera_fault", back), ends("camera_fault", back + 2))


def test_a_frame_rate_that_halves_for_a_while_says_nothing(rate: float) -> None:
    drive = under_way()
    for _ in range(3):
        drive.act(20, replace(acts.AWAKE, every=2))
        drive.awake(10)
    hear(drive, rate).nothing()


def test_a_frame_rate_that_halves_in_sleep_delays_only_by_what_was_not_seen(rate: float) -> None:
    """At 5 a second a lost frame is 0.2 s unseen, which do not count as shut."""
    drive = under_way()
    shut = drive.asleep(2)
    drive.act(5, replace(acts.ASLEEP, every=2))
    woke = drive.act(10, replace(acts.STARING, every=2))
    hear(drive, rate).only(
        starts("microsleep", shut + 1.5),
        rises("sleep", shut + 3, late_s=0.2 + 4 / rate),
        rises("unresponsive", shut + 6, late_s=0.2 + 4 / rate),
        ends("unresponsive", woke + 1),
    )


def test_a_frame_rate_of_5_tells_sleep_all_the_same() -> None:
    drive = under_way()
    shut = drive.asleep(7)
    drive.awake(10)
    heard = hear(drive, 5.0)
    heard.reached("sleep", shut + 3, late_s=0.8)
    heard.reached("unresponsive", shut + 6, late_s=1.0)


def test_a_monitor_that_starts_anew_in_a_closure_ends_the_open_episode_and_begins_anew(rate: float) -> None:
    """The monotonic clock begins anew with the host: whatever was open ends, nothing is counted twice."""
    before, after = under_way(), Drive(seed=1)
    shut = before.asleep(4)
    after.asleep(1.0)
    after.awake(30)
    policy, camera = Policy(RulesConfig()), Camera(rate)
    heard = hear_film(camera.film(before), camera.begin, policy)
    heard.only(starts("microsleep", shut + 1.5), rises("sleep", shut + 3))
    restarted = Camera(rate, begin=5.0)
    again = hear_film(restarted.film(after), restarted.begin, policy)
    again.only(ends("sleep", 0.0, late_s=0.1))


def test_frames_that_come_twice_or_late_change_nothing(rate: float) -> None:
    drive = under_way()
    drive.asleep(4)
    drive.awake(20)
    film = Camera(rate).film(drive)
    shots = []
    for index, shot in enumerate(film.shots):
        shots.append(shot)
        if index % 7 == 3:
            shots.append(film.shots[index - 1])  # one more time, out of order
        if index % 5 == 0:
            shots.append(shot)
    once = hear_film(film, 100.0, Policy(RulesConfig()))
    twice = hear_film(Film(rate, shots), 100.0, Policy(RulesConfig()))
    assert str(once) == str(twice)


def test_a_story_told_anew_is_told_the_same() -> None:
    drive = under_way(seed=3)
    drive.drowsy(60)
    drive.asleep(4)
    film = Camera(15).film(drive)
    told = [[step(policy, shot) for shot in film.shots] for policy in (Policy(RulesConfig()), Policy(RulesConfig()))]
    assert told[0] == told[1]
