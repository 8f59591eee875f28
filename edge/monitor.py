"""Frame in, events out: the one loop of both the daemon and the replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.delivery.event import EventBuilder
from edge.records import Event, Frame, Observation, Position, Signal, TimeSource
from edge.rules.decision import Decision
from edge.rules.policy import Policy

PositionAt = Callable[[float], Position | None]
"""The vehicle's position at a moment of the frames' clock; None without a fix."""
Stamp = Callable[[float, float], tuple[float, TimeSource]]
"""Seconds since 1970 UTC and their source, of a moment of the frames' clock that the camera's host takes for `wall`."""


class Vision(Protocol):
    """What sees the driver in a frame."""

    def see(self, frame: Frame) -> Observation: ...


@dataclass(frozen=True, slots=True)
class Step:
    """What one frame led to; `observation` is None where the camera gave none."""

    time: float
    observation: Observation | None
    decision: Decision
    events: tuple[Event, ...]


class Monitor:
    """Ties vision to rules and makes events of their signals.

    `time_source` says where the frames' wall time comes from; where there is a `stamp`, it tells time and source.
    `warn` hears of the signals before events are made of them, which may wait for a clock and its disk.
    """

    def __init__(
        self,
        vision: Vision,
        policy: Policy,
        events: EventBuilder,
        time_source: TimeSource,
        position_at: PositionAt = lambda _time: None,
        stamp: Stamp | None = None,
        warn: Callable[[Sequence[Signal]], None] = lambda _signals: None,
    ) -> None:
        self._vision = vision
        self._policy = policy
        self._events = events
        self._stamp: Stamp = stamp or (lambda _time, wall: (wall, time_source))
        self._position_at = position_at
        self._warn = warn
        self._last = (0.0, 0.0)

    def step(self, frame: Frame) -> Step:
        """See one frame and decide."""
        observation = self._vision.see(frame)
        decision = self._policy.step(observation, self._speed_at(frame.time))
        self._last = frame.time, frame.wall
        return Step(frame.time, observation, decision, self._tell(decision.signals, frame.time, frame.wall))

    def camera_fault(self, time: float, wall: float) -> Step:
        """The camera has given no frame until `time`."""
        decision = self._policy.camera_fault(time, self._speed_at(time))
        self._last = time, wall
        return Step(time, None, decision, self._tell(decision.signals, time, wall))

    def close(self) -> Step:
        """The recording is over or the daemon stops: every episode ends with the last frame."""
        time, wall = self._last
        decision = Decision(time, self._policy.close(time), reason="the end")
        return Step(time, None, decision, self._tell(decision.signals, time, wall))

    def _speed_at(self, time: float) -> float | None:
        """Metres a second; None without a fix, or with one that tells no speed."""
        position = self._position_at(time)
        return position.speed if position else None

    def _tell(self, signals: Sequence[Signal], time: float, wall: float) -> tuple[Event, ...]:
        """Warn of them, then make events of them."""
        self._warn(signals)
        built = []
        for signal in signals:
            utc, source = self._stamp(signal.time, wall + signal.time - time)
            position = self._position_at(signal.time)
            built.append(self._events.build(signal, wall=utc, time_source=source, position=position))
        return tuple(built)
