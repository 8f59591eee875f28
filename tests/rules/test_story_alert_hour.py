"""Hours of an alert driver with natural blinks, mirror glances, talk and laughter: not one false alarm."""

from __future__ import annotations

import pytest
from driving import CAR, GLASSES, Camera, Person, alert_hour
from driving.told import signals

from edge.config import RulesConfig
from edge.rules.policy import Policy

PERSONS = (Person(), CAR, GLASSES)


@pytest.mark.parametrize("seed", range(20))
def test_an_hour_of_alert_driving_raises_no_false_alarm(seed: int) -> None:
    """Twenty hours in turn of a clear view, of one at an angle that the models find hard, and of glasses."""
    hour = alert_hour(seed, PERSONS[seed % len(PERSONS)])
    told = signals(Camera(15.0).shoot(hour), Policy(RulesConfig()))
    assert [(round(signal.time - 100, 1), signal.phase, signal.cause) for signal in told] == []
