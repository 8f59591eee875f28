"""How a publisher keeps up its connection, what it is asked over it, and what it says of it in the log."""

from __future__ import annotations

import dataclasses
import logging
import socket
import ssl
from pathlib import Path

import pytest
from kept import said
from made_broker import DEADLINE_S, Deliver, MadeBroker, connected, put
from sample_events import EVENT

from edge.delivery import knock, publisher
from edge.delivery.connection import BrokerError, RefusedError
from edge.delivery.queue import MemoryQueue


def test_a_vehicle_connects_by_its_own_name_and_asks_for_no_requests(made: MadeBroker, deliver: Deliver) -> None:
    deliver()
    made.wait(lambda: connected(made))
    ((_, password, tls, name, requests),) = made.asked_for
    assert (password, tls, name, requests) == (None, None, "driver-monitor-bus-17", None)


def test_a_password_and_encryption_are_used_where_they_are_configured(
    made: MadeBroker, deliver: Deliver, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("open sesame\n")
    deliver(settings={"tls": True, "username": "bus-17", "password_file": secret})
    made.wait(lambda: connected(made))
    ((config, password, tls, _, _),) = made.asked_for
    assert (config.username, password) == ("bus-17", "open sesame")
    assert isinstance(tls, ssl.SSLContext)


def test_an_event_is_sent_at_once_on_a_connection_that_is_idle(
    made: MadeBroker, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "IDLE_S", 3600.0)
    vehicle = deliver()
    made.wait(lambda: connected(made))
    for sequence in range(1, 6):
        put(vehicle, sequence)
        made.wait(lambda expected=sequence: len(made.last.events) == expected)


def test_each_connection_is_said_with_what_waits(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    made.acknowledges = False
    vehicle = deliver(3)
    made.wait(lambda: made.connections and len(made.last.events) == 3)
    made.last.acknowledge(1)
    made.last.lose()
    made.wait(lambda: len(made.connections) == 2 and len(made.last.events) == 2)
    vehicle.close(timeout=0)
    lost = "the broker at 127.0.0.1:1 went away; start it, or correct mqtt.host and mqtt.port. It is tried again."
    assert said(caplog)[:3] == [
        ("INFO", "connected to the broker at 127.0.0.1:1; 3 events wait"),
        ("WARNING", lost),
        ("INFO", "connected to the broker at 127.0.0.1:1; 2 events wait"),
    ]


def test_each_loss_is_said_anew_after_a_connection(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(1)
    for number in (1, 2):
        made.wait(lambda expected=number: len(made.connections) == expected and made.last.sent)
        made.last.lose()
    made.wait(lambda: len(made.connections) == 3 and made.last.sent)
    assert caplog.text.count("went away") == 2


def test_a_broker_that_refuses_is_an_error_and_one_that_is_away_a_warning(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    made.absent, made.error = 2, RefusedError("refuses this client (Not authorized)")
    vehicle = deliver()
    made.wait(lambda: connected(made))
    told = (
        "the broker at 127.0.0.1:1 refuses this client (Not authorized); correct mqtt.username and "
        "mqtt.password_file, or let the broker allow this client."
    )
    assert said(caplog) == [("ERROR", told + " It is tried again.")]
    assert vehicle.stats().last_error == told


def test_stats_tell_a_connection_and_its_loss(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = deliver()
    assert vehicle.stats().last_error is None
    made.wait(lambda: connected(made))
    made.absent = 10**6
    put(vehicle, 1)
    made.wait(lambda: made.last.events)
    assert vehicle.stats().connected
    made.last.lose()
    made.wait(lambda: made.absent < 10**6)
    stats = vehicle.stats()
    assert (stats.connected, stats.sent, stats.waiting) == (False, 1, 0)


def test_a_broker_that_is_back_is_found_before_a_long_wait_is_over(
    made: MadeBroker, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knock, "KNOCK_S", 0.01)
    made.absent = 1
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        deliver(1, settings={"port": port, "reconnect_min_s": 1800, "reconnect_max_s": 3600})
        made.wait(lambda: made.connections and made.last.events)


def test_a_broker_that_ended_a_connection_and_is_there_is_found_before_a_long_wait_is_over(
    made: MadeBroker, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knock, "KNOCK_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        deliver(1, settings={"port": port, "reconnect_min_s": 1800, "reconnect_max_s": 3600})
        made.wait(lambda: made.connections and made.last.events)
        made.last.lose(BrokerError("closed the connection"))
        made.wait(lambda: len(made.connections) == 2)


def test_dropped_events_are_said_when_they_begin_to_go_and_counted_when_the_broker_is_back(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    made.acknowledges = False
    vehicle = deliver(2, queue=MemoryQueue(2))
    for lost in (3, 1):
        made.wait(lambda: made.connections and len(made.last.events) == 2)
        put(vehicle, *range(3, 3 + lost))
        made.last.lose()
        count = len(made.connections)
        made.wait(lambda before=count: len(made.connections) == before + 1 and len(made.last.events) == 2)
    begun = "events are dropped, for want of room or by age; 2 wait"
    assert [text for level, text in said(caplog) if level == "ERROR"] == [
        begun,
        "3 events were dropped since the last connection",
        begun,
        "1 events were dropped since the last connection",
    ]


def test_what_the_outbox_dropped_before_the_start_is_not_said_again(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    queue = MemoryQueue(1)
    for _ in range(3):
        queue.put(EVENT)
    deliver(queue=queue).close(timeout=DEADLINE_S)
    assert caplog.records == []


def test_an_event_that_is_marked_historical_stays_so(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = deliver(wall=lambda: 0.0)
    vehicle.put(dataclasses.replace(EVENT, historical=True))
    made.wait(lambda: made.connections and made.last.events)
    assert b'"historical":true' in made.last.sent[-1].payload


def test_an_event_lives_for_thirty_days_where_nothing_else_is_said(made: MadeBroker, deliver: Deliver) -> None:
    deliver(1, wall=lambda: 0.0)
    made.wait(lambda: made.connections and made.last.events)
    assert made.last.sent[-1].expiry_s == 30 * 86_400
