"""A machine with clocks that do as they are told, and events that happen on it."""

from __future__ import annotations

import dataclasses

from edge.delivery.event import format_time
from edge.records import Event
from edge.service.clock import SessionClock

TRUE = 1_795_190_400.0
"""UTC less the monotonic clock of the machine in these tests."""
EVENT = Event(
    schema=1, id="0199f2c4-5d18-7cc3-98c4-dc0c0c07398f", vehicle="bus-17", session=42, sequence=1, signal="fatigue",
    cause="microsleep", level="warning", phase="start", time="", time_source="unsynchronised", position=None,
    historical=False,
)  # fmt: skip


class Machine:
    """A machine whose clocks do as they are told; it started in 1970 and knows no better."""

    def __init__(self, boot: str = "first") -> None:
        self.boot = boot
        self.uptime = 10.0
        self.wrong = -TRUE
        """How far the system's clock is from UTC."""
        self.synchronised = False

    def monotonic(self) -> float:
        return self.uptime

    def offset(self) -> float:
        return TRUE + self.wrong

    def is_true(self) -> bool:
        return self.synchronised

    def synchronise(self) -> None:
        self.wrong, self.synchronised = 0.0, True


def happen(clock: SessionClock, machine: Machine, session: int = 42, sequence: int = 1) -> Event:
    """An event of now."""
    time, source = clock.stamp(machine.uptime)
    return dataclasses.replace(EVENT, session=session, sequence=sequence, time=format_time(time), time_source=source)
