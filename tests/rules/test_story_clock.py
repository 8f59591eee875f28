"""The wall clock is set while a driver sleeps: what is decided and how long it took does not depend on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from driving import Camera, under_way

from edge.config import RulesConfig
from edge.delivery.event import EventBuilder, parse_time
from edge.monitor import Monitor
from edge.records import Event, Frame, Observation
from edge.rules.policy import Policy

NOON = 1_790_000_000.0
DARKNESS = np.zeros((4, 4), np.uint8)


class Seen:
    """Sees in each frame what the film shows at its time."""

    def __init__(self, shown: dict[float, Observation]) -> None:
        self._shown = shown

    def see(self, frame: Frame) -> Observation:
        return self._shown[frame.time]


def _events(rate: float, wall: Callable[[float], float]) -> tuple[float, list[Event]]:
    drive = under_way()
    shut = drive.asleep(5)
    drive.staring(10)
    film = Camera(rate).film(drive)
    shown = {shot.time: shot.seen for shot in film.shots if shot.seen}
    monitor = Monitor(Seen(shown), Policy(RulesConfig()), EventBuilder("bus-17", 1), "system")
    frames = [Frame(DARKNESS, time, wall(time), index) for index, time in enumerate(shown)]
    steps = [monitor.step(frame) for frame in frames]
    return 100.0 + shut, [event for step in [*steps, monitor.close()] for event in step.events]


def test_a_clock_that_steps_back_an_hour_in_the_middle_of_sleep_changes_no_decision(rate: float) -> None:
    shut, steady = _events(rate, lambda time: NOON + time)
    _, stepped = _events(rate, lambda time: NOON + time - (3600 if time > shut + 2 else 0))
    assert [(event.phase, event.cause) for event in stepped] == [
        ("start", "microsleep"), ("update", "sleep"), ("end", "sleep"),
    ]  # fmt: skip
    assert len({event.id for event in stepped}) == 1
    times = [(parse_time(before.time), parse_time(after.time)) for before, after in zip(steady, stepped, strict=True)]
    assert [round(before - after) for before, after in times] == [0, 3600, 3600]
