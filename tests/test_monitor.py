"""The one loop: frames in, events out, with the time and place at which things happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest

from edge.config import RulesConfig
from edge.delivery.event import EventBuilder, parse_time
from edge.monitor import Monitor, Step
from edge.records import Box, Emotion, Event, Eyes, Face, Frame, Observation, Position, Signal, TimeSource
from edge.rules.policy import Policy

RATE = 15
WALL = 1_790_000_000.0
"""When the first frame was taken; the camera's own clock says 0 there."""
FACE = Face(Box(100, 60, 100, 120), (130, 100), (170, 100), (150, 140), 0.9)
CALM = Emotion(0.2, 0.6, 0.1, 0.1)

Eye = Callable[[float], float | None]


class ScriptedVision:
    """Sees what the script says for the frame's time."""

    def __init__(self, script: Callable[[float], Observation]) -> None:
        self._script = script

    def see(self, frame: Frame) -> Observation:
        return self._script(frame.time)


def driver(eyes: Eye) -> Callable[[float], Observation]:
    return lambda time: Observation(time, FACE, Eyes(eyes(time), eyes(time)), CALM)


def asleep_from(start: float, end: float = float("inf")) -> Callable[[float], Observation]:
    return driver(lambda time: 0.95 if start <= time < end else 0.05)


def monitor(
    script: Callable[[float], Observation],
    position_at: Callable[[float], Position | None] = lambda _time: None,
    time_source: TimeSource = "system",
) -> Monitor:
    builder = EventBuilder("bus-17", 42)
    return Monitor(ScriptedVision(script), Policy(RulesConfig()), builder, time_source, position_at)


def frames(seconds: float, begin: float = 0.0) -> Iterable[Frame]:
    image = np.zeros((48, 64), np.uint8)
    for index in range(round(seconds * RATE)):
        time = begin + index / RATE
        yield Frame(image, time, WALL + time, index)


def drive(one: Monitor, seconds: float) -> list[Step]:
    return [*(one.step(frame) for frame in frames(seconds)), one.close()]


def events(steps: Iterable[Step]) -> list[Event]:
    return [event for step in steps for event in step.events]


def test_an_awake_driver_makes_no_events() -> None:
    assert events(drive(monitor(driver(lambda _: 0.05)), 20)) == []


def test_each_frame_gives_what_was_seen_and_decided() -> None:
    steps = drive(monitor(asleep_from(2, 3)), 5)[:-1]
    assert [step.time for step in steps] == [frame.time for frame in frames(5)]
    assert all(step.observation is not None and step.observation.time == step.time for step in steps)
    assert [step.decision.eyes_closed for step in steps] == [2 <= step.time < 3 for step in steps]


def test_a_closure_becomes_start_rise_and_end_of_one_episode() -> None:
    told = events(drive(monitor(asleep_from(5, 9)), 15))
    assert [(event.phase, event.cause) for event in told] == [
        ("start", "microsleep"),
        ("update", "sleep"),
        ("end", "sleep"),
    ]
    assert len({event.id for event in told}) == 1


def test_an_event_happens_at_the_wall_time_of_its_frame() -> None:
    start = events(drive(monitor(asleep_from(5, 9)), 15))[0]
    assert parse_time(start.time) - WALL == pytest.approx(5 + 1.5, abs=1 / RATE)


def test_an_event_says_which_clock_its_time_is_of() -> None:
    told = events(drive(monitor(asleep_from(5), time_source="recording"), 8))
    assert {event.time_source for event in told} == {"recording"}


def test_a_clock_that_knows_better_tells_time_and_source() -> None:
    builder = EventBuilder("bus-17", 42)
    script, policy = ScriptedVision(asleep_from(5)), Policy(RulesConfig())
    one = Monitor(script, policy, builder, "system", stamp=lambda time, _wall: (WALL + 100 + time, "gps"))
    (start,) = events(drive(one, 7)[:-1])
    assert start.time_source == "gps"
    assert parse_time(start.time) - WALL == pytest.approx(100 + 5 + 1.5, abs=1 / RATE)


def test_an_event_happens_where_the_vehicle_was_then() -> None:
    def position_at(time: float) -> Position:
        return Position(time, -73.0, 10.0, "3d", 0.1)  # as many degrees north as seconds have passed

    told = events(drive(monitor(asleep_from(5, 9), position_at), 15))
    places = [event.position.latitude for event in told if event.position]
    assert [parse_time(event.time) - WALL for event in told] == pytest.approx(places, abs=0.001)


def test_without_a_fix_an_event_has_no_place() -> None:
    assert {event.position for event in events(drive(monitor(asleep_from(5, 9)), 15))} == {None}


def test_the_end_of_the_recording_ends_what_is_open_at_its_last_frame() -> None:
    steps = drive(monitor(asleep_from(5)), 10)
    last = steps[-1].events
    assert [(event.phase, event.cause) for event in last] == [("end", "sleep")]
    assert parse_time(last[0].time) - WALL == pytest.approx(10 - 1 / RATE, abs=0.001)


def _trouble(time: float) -> Observation:
    """Asleep, sad, then gone."""
    if time < 40:
        sad = Emotion(0.0, 0.2, 0.8, 0.0)
        return Observation(time, FACE, Eyes(0.95, 0.95) if 30 < time < 38 else Eyes(0.05, 0.05), sad)
    return Observation(time)


@pytest.mark.parametrize("seconds", [33, 36, 39, 45, 55])
def test_every_start_has_its_end_once_closed(seconds: float) -> None:
    told = events(drive(monitor(_trouble), seconds))
    starts = Counter(event.id for event in told if event.phase == "start")
    ends = Counter(event.id for event in told if event.phase == "end")
    assert starts
    assert starts == ends


def test_closing_twice_says_nothing_twice() -> None:
    one = monitor(asleep_from(5))
    drive(one, 10)
    assert one.close().events == ()


def test_closing_before_the_first_frame_says_nothing() -> None:
    assert monitor(driver(lambda _: 0.05)).close().events == ()


def test_a_camera_without_frames_is_degraded_and_no_sleep() -> None:
    one = monitor(driver(lambda _: 0.05))
    for frame in frames(5):
        one.step(frame)
    told = events(one.camera_fault(time, WALL + time) for time in np.arange(5, 20, 0.5).tolist())
    assert [(event.signal, event.cause, event.phase) for event in told] == [("degraded", "camera_fault", "start")]


def test_a_fault_is_told_at_the_wall_time_at_which_it_was_given_up() -> None:
    one = monitor(driver(lambda _: 0.05))
    steps = [one.camera_fault(float(time), WALL + time) for time in range(30)]
    told = events(steps)
    assert parse_time(told[0].time) - WALL == pytest.approx(RulesConfig().visibility.camera_s, abs=1.0)


def test_a_fault_has_no_observation() -> None:
    assert monitor(driver(lambda _: 0.05)).camera_fault(1.0, WALL).observation is None


def test_a_fault_that_is_open_at_the_end_ends_when_it_was_last_seen() -> None:
    one = monitor(driver(lambda _: 0.05))
    for time in range(30):
        one.camera_fault(float(time), WALL + time)
    last = one.close().events
    assert [event.phase for event in last] == ["end"]
    assert parse_time(last[0].time) == pytest.approx(WALL + 29)


def test_events_are_numbered_in_order() -> None:
    told = events(drive(monitor(_trouble), 55))
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))


def test_the_driver_is_warned_before_a_clock_is_asked_for_an_events_time() -> None:
    order: list[str] = []

    def stamp(moment: float, wall: float) -> tuple[float, TimeSource]:
        order.append("time")
        return wall, "system"

    def warn(signals: Sequence[Signal]) -> None:
        order.extend(signal.cause for signal in signals)

    eyes = ScriptedVision(asleep_from(20.0))
    drive(Monitor(eyes, Policy(RulesConfig()), EventBuilder("bus-17", 42), "system", stamp=stamp, warn=warn), 25.0)
    assert order == ["microsleep", "time", "sleep", "time", "sleep", "time"]  # start, rise, end
