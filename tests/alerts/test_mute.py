"""Alarms are silent only for a while, and only as far as the operator allows."""

from __future__ import annotations

from made_alerts import config

from edge.alerts.mute import Silence


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def silence(clock: Clock, **mute: object) -> Silence:
    return Silence(config(mute={"pin": 5, **mute}).mute, clock=clock)


def test_a_press_silences_for_the_minutes_of_the_configuration() -> None:
    clock = Clock()
    one = silence(clock, minutes=2.0)
    assert not one.muted
    one.press()
    clock.now += 119
    assert one.muted
    clock.now += 2
    assert not one.muted


def test_a_second_press_ends_it() -> None:
    one = silence(Clock())
    one.press()
    one.press()
    assert not one.muted


def test_critical_alarms_sound_through_a_press_unless_the_operator_says_otherwise() -> None:
    careful, careless = silence(Clock()), silence(Clock(), critical=True)
    for one in (careful, careless):
        one.press()
    assert (careful.muted, careful.critical_too) == (True, False)
    assert (careless.muted, careless.critical_too) == (True, True)


def test_the_fleet_never_silences_a_critical_alarm() -> None:
    one = Silence(config(mute={"critical": True}).mute, by_fleet=lambda: True)
    assert (one.muted, one.critical_too) == (True, False)
