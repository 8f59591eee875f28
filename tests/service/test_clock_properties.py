"""Whatever clocks, networks and power do: no event lost, one order a session, every copy the same."""

from __future__ import annotations

import dataclasses
import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from machine import TRUE, Machine, happen

from edge.delivery.event import parse_time
from edge.records import Event
from edge.service.clock import SessionClock


class Vehicle:
    """A daemon's clock and an outbox of its own, with a broker that takes what comes and may forget to acknowledge."""

    def __init__(self, folder: Path, provisional: float) -> None:
        self.folder = folder
        self.machine = Machine()
        self.machine.wrong = provisional
        self.session, self.sequence, self.happened, self.boots = 0, 0, 0, 1
        self.outbox: list[Event] = []
        self.received: list[Event] = []
        self.start()

    def start(self) -> None:
        self.session, self.sequence = self.session + 1, 0
        self.clock = SessionClock(self.session, self.folder, 60.0, self.machine)

    def reboot(self, wrong: float) -> None:
        self.boots += 1
        self.machine = Machine(f"boot {self.boots}")
        self.machine.wrong = wrong
        self.start()

    def happen(self) -> None:
        self.sequence += 1
        self.happened += 1
        self.outbox.append(happen(self.clock, self.machine, self.session, self.sequence))

    def send(self, *, acknowledged: bool) -> None:
        for number, waiting in enumerate(self.outbox):
            event = self.clock.ready(waiting)
            if event is None:
                del self.outbox[: number * acknowledged]
                return
            self.received.append(event)
        del self.outbox[: len(self.outbox) * acknowledged]


WRONG = st.sampled_from([0.0, -TRUE, 3600.0, -3600.0, 1.0, -1.0, 18.0, 1e8])
STEP = st.tuples(
    st.sampled_from(["happen", "happen", "send", "lose", "kept", "stray", "gps", "restart", "reboot"]),
    st.floats(0.001, 100.0),
    WRONG,
)


@settings(max_examples=150, deadline=None)
@given(WRONG, st.lists(STEP, max_size=40))
def test_whatever_happens_every_event_arrives_in_one_order_and_its_copies_are_equal(
    provisional: float, steps: list[tuple[str, float, float]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vehicle = Vehicle(Path(folder), provisional)
        for what, pause, wrong in steps:
            vehicle.machine.uptime += pause
            vehicle.clock.look()
            if what == "happen":
                vehicle.happen()
            elif what in ("send", "lose"):
                vehicle.send(acknowledged=what == "send")
            elif what == "gps":
                for _ in range(9):
                    vehicle.clock.take_gps(TRUE + wrong / 1000 + vehicle.machine.uptime, vehicle.machine.uptime)
            elif what == "restart":
                vehicle.start()
            elif what == "reboot":
                vehicle.reboot(wrong)
            else:
                vehicle.machine.wrong, vehicle.machine.synchronised = wrong, what == "kept"
        vehicle.clock.wait_no_longer()
        vehicle.send(acknowledged=True)

    assert vehicle.outbox == []
    copies: dict[tuple[int, int], set[Event]] = defaultdict(set)
    for event in vehicle.received:
        copies[event.session, event.sequence].add(dataclasses.replace(event, historical=False))
    assert len(copies) == vehicle.happened
    assert [key for key, different in copies.items() if len(different) > 1] == []
    for session in range(1, vehicle.session + 1):
        times = [parse_time(next(iter(copies[key])).time) for key in sorted(copies) if key[0] == session]
        assert times == sorted(times)
