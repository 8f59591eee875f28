"""The daemon's time: true before it is sent, whoever learns it, and as it is where nobody ever can."""

from __future__ import annotations

import dataclasses
import json
from contextlib import closing
from pathlib import Path

import pytest
from machine import EVENT, TRUE, Machine, happen

from edge.config import Config, OutboxConfig
from edge.delivery.event import format_time, parse_time
from edge.delivery.outbox import Outbox
from edge.service import boot
from edge.service.boot import read_sessions
from edge.service.clock import WAIT_S, SessionClock, patience


def later(clock: SessionClock, machine: Machine, seconds: float) -> None:
    machine.uptime += seconds
    clock.look()


def true_time(uptime: float) -> str:
    return format_time(TRUE + uptime)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine, tmp_path: Path) -> SessionClock:
    return SessionClock(42, tmp_path, 60.0, machine)


def test_a_synchronised_system_tells_the_time_from_the_first_event_on(machine: Machine, tmp_path: Path) -> None:
    machine.synchronise()
    clock = SessionClock(42, tmp_path, 60.0, machine)
    clock.look()
    event = happen(clock, machine)
    assert (event.time, event.time_source) == (true_time(10), "system")
    assert clock.ready(event) == event


def test_gps_is_preferred_to_the_system(clock: SessionClock, machine: Machine) -> None:
    machine.synchronise()
    for second in (10, 11, 12):
        clock.take_gps(TRUE + 1.5 + second, second)
    later(clock, machine, 2.0)
    event = happen(clock, machine)
    assert (event.time, event.time_source) == (format_time(TRUE + 1.5 + 12), "gps")


@pytest.mark.parametrize("by", ["gps", "system"])
def test_an_event_before_the_first_synchronisation_waits_and_is_sent_with_its_true_time(
    clock: SessionClock, machine: Machine, by: str
) -> None:
    clock.look()
    early = happen(clock, machine)
    assert early.time.startswith("1970-01-01T00:00:10")
    later(clock, machine, 30.0)
    assert clock.ready(early) is None
    if by == "system":
        machine.synchronise()
    else:
        for second in (37, 38, 39):
            clock.take_gps(TRUE + second, second)
    later(clock, machine, 1.0)
    assert clock.ready(early) == dataclasses.replace(early, time=true_time(10), time_source=by)


def test_an_event_that_no_time_becomes_known_for_is_sent_as_it_is(clock: SessionClock, machine: Machine) -> None:
    early = happen(clock, machine)
    assert clock.ready(early) is None
    later(clock, machine, 59.0)
    assert clock.ready(early) is None
    later(clock, machine, 1.0)
    assert clock.ready(early) == early


def test_a_copy_of_what_was_sent_is_equal_though_the_time_is_known_by_then(
    clock: SessionClock, machine: Machine
) -> None:
    early = happen(clock, machine)
    clock.wait_no_longer()
    assert clock.ready(early) == early
    later(clock, machine, 5.0)
    kept = happen(clock, machine, sequence=2)
    machine.synchronise()
    later(clock, machine, 5.0)
    assert clock.ready(early) == early
    assert clock.ready(kept).time == true_time(15)


def test_the_next_session_of_the_boot_gives_an_event_its_true_time(
    clock: SessionClock, machine: Machine, tmp_path: Path
) -> None:
    early = happen(clock, machine)
    machine.uptime += 100
    machine.wrong += 1000  # the clock was set by hand in between
    restarted = SessionClock(43, tmp_path, 60.0, machine)
    restarted.look()
    assert restarted.ready(early) is None
    machine.synchronise()
    later(restarted, machine, 2.0)
    assert restarted.ready(early) == dataclasses.replace(early, time=true_time(10), time_source="system")


def test_a_session_that_knew_the_time_leaves_it_to_the_next_one(
    clock: SessionClock, machine: Machine, tmp_path: Path
) -> None:
    early = happen(clock, machine)
    machine.synchronise()
    later(clock, machine, 5.0)
    machine.synchronised = False
    restarted = SessionClock(43, tmp_path, 60.0, machine)
    assert restarted.ready(early) == dataclasses.replace(early, time=true_time(10), time_source="system")


def test_after_a_restart_of_the_machine_an_event_is_sent_as_it_is_and_as_historical(
    clock: SessionClock, machine: Machine, tmp_path: Path
) -> None:
    early = happen(clock, machine)
    rebooted = Machine("second")
    rebooted.synchronise()
    clock = SessionClock(43, tmp_path, 60.0, rebooted)
    clock.look()
    assert clock.ready(early) == dataclasses.replace(early, historical=True)


def test_what_a_session_began_to_send_as_it_is_the_next_one_sends_so_too(
    clock: SessionClock, machine: Machine, tmp_path: Path
) -> None:
    first, second = happen(clock, machine), happen(clock, machine, sequence=2)
    clock.wait_no_longer()
    clock.ready(first)
    machine.synchronise()
    restarted = SessionClock(43, tmp_path, 60.0, machine)
    restarted.look()
    assert [restarted.ready(one).time for one in (first, second)] == [first.time, second.time]


def test_a_clock_that_steps_back_an_hour_makes_no_second_order(clock: SessionClock, machine: Machine) -> None:
    machine.synchronise()
    times = []
    for minute in range(400):
        if minute == 60:
            machine.wrong = -3600.0
        later(clock, machine, 60.0)
        times.append(parse_time(happen(clock, machine, sequence=minute + 1).time))
    assert times == sorted(set(times))
    assert clock.state() == (TRUE - 3600 + machine.uptime, "system")


def test_a_step_of_a_clock_that_nothing_keeps_is_not_followed(clock: SessionClock, machine: Machine) -> None:
    machine.synchronise()
    later(clock, machine, 60.0)
    machine.synchronised, machine.wrong = False, -3600.0  # as the kernel has it after `date --set`
    later(clock, machine, 60.0)
    assert happen(clock, machine).time == true_time(130)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"boot":"first"}', b'{"boot":"first","sessions":{"42":{}}}'])
def test_a_damaged_memory_costs_true_times_and_no_start(machine: Machine, tmp_path: Path, content: bytes) -> None:
    early = happen(SessionClock(42, tmp_path, 60.0, machine), machine)
    (tmp_path / "clock.json").write_bytes(content)
    machine.synchronise()
    clock = SessionClock(43, tmp_path, 60.0, machine)
    clock.look()
    assert clock.ready(early) == dataclasses.replace(early, historical=True)


def test_a_memory_that_cannot_be_written_is_said_and_no_more(
    machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    clock = SessionClock(42, tmp_path / "file", 60.0, machine)
    machine.synchronise()
    clock.look()
    assert happen(clock, machine).time == true_time(10)
    assert caplog.text.count("clock.json: it cannot be written") == 1  # though it was tried at the start, too


def test_the_memory_holds_clocks_and_nothing_else(clock: SessionClock, machine: Machine, tmp_path: Path) -> None:
    happen(clock, machine)
    assert json.loads((tmp_path / "clock.json").read_text()) == {
        "boot": "first",
        "sessions": {"42": {"provisional": 0.0, "offset": None, "source": None, "let_go_until": None}},
    }


def test_a_daemon_that_is_started_again_and_again_fills_no_disk(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "KEPT", 5)
    for session in range(1, 11):
        SessionClock(session, tmp_path, 60.0, machine)
    assert set(read_sessions(tmp_path, "first")) == {6, 7, 8, 9, 10}


def test_nothing_grows_old_by_a_clock_that_is_years_ahead(tmp_path: Path, machine: Machine) -> None:
    event = dataclasses.replace(EVENT, time=format_time(TRUE), time_source="gps")
    machine.synchronise()
    clock = SessionClock(41, tmp_path, 60.0, machine)
    clock.look()
    with closing(Outbox(tmp_path, OutboxConfig(), wall=clock.known_now)) as outbox:
        outbox.put(event)
    machine = Machine("second")
    machine.wrong = 4 * 365 * 86_400.0
    clock = SessionClock(42, tmp_path, 60.0, machine)
    with closing(Outbox(tmp_path, OutboxConfig(), wall=clock.known_now)) as outbox:
        outbox.put(event)
        assert (len(outbox), outbox.dropped) == (2, 0)


def test_without_a_state_directory_nothing_is_written(machine: Machine, tmp_path: Path) -> None:
    clock = SessionClock(42, None, 60.0, machine)
    machine.synchronise()
    clock.look()
    assert happen(clock, machine).time_source == "system"


@pytest.mark.parametrize(
    ("sections", "seconds"),
    [
        ({}, WAIT_S),
        ({"camera": {"kind": "recording", "path": "r"}}, 0.0),
        ({"camera": {"kind": "recording", "path": "r"}, "gps": {"kind": "gpsd"}}, WAIT_S),
        ({"camera": {"kind": "recording", "path": "r"}, "clock": {"wait_s": 5}}, 5.0),
        ({"clock": {"wait_s": 0}}, 0.0),
    ],
)
def test_events_wait_where_their_time_may_become_known(sections: dict[str, object], seconds: float) -> None:
    assert patience(Config.model_validate(sections)) == seconds
