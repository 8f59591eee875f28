"""What a driver hears from minute to minute: the rules decide on what he does, and each beep has its computed time."""

from __future__ import annotations

from collections.abc import Callable

from made_alerts import config

from edge.alerts.pattern import light, sound
from edge.alerts.standing import Standing
from edge.config import RulesConfig
from edge.records import Box, Eyes, Face, Observation
from edge.rules.policy import Policy

RATE = 15
FACE = Face(Box(0, 0, 100, 100), (30, 40), (70, 40), (50, 75), 0.9)
CONFIG = config()

Does = Callable[[float], float | None]
"""Probability that the eyes are closed, by second; None: no face."""


def drive(seconds: float, does: Does) -> list[tuple[float, bool, bool]]:
    """(second, buzzer, lamp) a hundred times a second, while he `does` so before a camera of 15 frames a second."""
    policy, standing = Policy(RulesConfig()), Standing(CONFIG)
    policy_frame, heard = 0, []
    for hundredth in range(round(100 * seconds)):
        now = hundredth / 100
        if now >= policy_frame / RATE:
            moment = policy_frame / RATE
            closed = does(moment)
            seen = Observation(moment) if closed is None else Observation(moment, FACE, Eyes(closed, closed))
            standing.take(policy.step(seen).signals, now)
            policy_frame += 1
        alert = standing.alert(muted=False, critical_too=False)
        heard.append((now, sound(alert, CONFIG, now).on, light(alert, CONFIG, now).on))
    return heard


def heard_in(track: list[tuple[float, bool, bool]], start: float, end: float) -> list[bool]:
    return [on for now, on, _ in track if start <= now < end]


def test_whoever_sleeps_is_beeped_at_then_woken_without_a_pause_and_left_alone_when_he_looks() -> None:
    track = drive(30, lambda now: 0.99 if 10 <= now < 18 else 0.01)
    assert not any(heard_in(track, 0, 11.4))
    warned, slept = heard_in(track, 11.65, 12.9), heard_in(track, 13.15, 15.9)
    assert 0.4 < sum(warned) / len(warned) < 0.7
    assert 0.4 < sum(slept) / len(slept) < 0.6
    assert all(heard_in(track, 16.15, 18.9))
    assert not any(heard_in(track, 19.2, 30))


def test_blinks_and_short_looks_away_are_never_heard_or_seen() -> None:
    def blinks(now: float) -> float | None:
        if 20 <= now < 22:
            return None
        return 0.99 if now % 4 < 0.2 else 0.01

    track = drive(60, blinks)
    assert not any(on or lit for _, on, lit in track)


def test_whoever_cannot_be_seen_is_told_by_the_lamp_alone() -> None:
    track = drive(40, lambda now: None if now >= 10 else 0.01)
    assert not any(on for _, on, _ in track)
    first = next(now for now, _, lit in track if lit)
    assert 17.9 < first < 18.3


def test_a_driver_who_grows_drowsy_is_not_nagged() -> None:
    """Each minute a quarter of the time with lids down for 1.2 s at a time: drowsy by PERCLOS, no microsleep."""
    track = drive(300, lambda now: 0.99 if now > 30 and now % 4.8 < 1.2 else 0.01)
    share = sum(on for _, on, _ in track) / len(track)
    assert 0.0 < share < 0.05
    lit = [now for now, _, lamp in track if lamp]
    assert lit[-1] > 295


def test_every_microsleep_of_a_drowsy_driver_is_heard() -> None:
    def nods(now: float) -> float:
        return 0.99 if now > 30 and now % 12 < 2.4 else 0.01

    track = drive(150, nods)
    for nod in range(36, 144, 12):
        assert any(heard_in(track, nod + 1.5, nod + 2.0)), f"the microsleep at {nod} s"
