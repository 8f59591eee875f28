"""The promises of delivery, held against a real mosquitto and its own client."""

from __future__ import annotations

import contextlib
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from broker import DEADLINE_S, Broker, free_port, wait_for

from edge.config import MqttConfig
from edge.delivery import connection
from edge.delivery.event import EventBuilder
from edge.delivery.publisher import WINDOW, Publisher
from edge.delivery.schema import event_schema
from edge.records import Event, Position, Signal

ROOT = Path(__file__).resolve().parents[2]


def events(count: int, age: float = 0.0) -> Iterator[Event]:
    """Starts and ends of episodes in turn, that happened `age` seconds ago."""
    builder = EventBuilder("bus-17", 42)
    for n in range(count):
        phase = "end" if n % 2 else "start"
        happened = Signal("fatigue", "sleep", "critical", phase, float(n), n // 2 + 1)
        place = Position(45.5017, -73.5673, 11.2, "3d", 0.4)
        yield builder.build(happened, wall=time.time() - age, time_source="system", position=place)


def put_all(publisher: Publisher, count: int) -> None:
    for event in events(count):
        publisher.put(event)


@pytest.fixture
def may_connect(monkeypatch) -> threading.Event:
    """While it is clear no publisher connects: time for a subscriber to be there first."""
    allowed = threading.Event()
    allowed.set()

    def connect_when_allowed(*arguments) -> connection.Connection:
        assert allowed.wait(DEADLINE_S)
        return connection.Connection(*arguments)

    monkeypatch.setattr("edge.delivery.publisher.Connection", connect_when_allowed)
    return allowed


def is_connected(publisher: Publisher) -> bool:
    return publisher.stats().connected


@contextlib.contextmanager
def silent_listener(backlog: int = 5) -> Iterator[int]:
    """Accepts connections as the kernel does and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        yield listener.getsockname()[1]


def test_a_subscriber_receives_every_event_once_in_order_and_valid(broker, subscribe, publish):
    subscriber = subscribe(broker, "driver-monitor/+/event/#")
    publisher = publish(broker.port)
    put_all(publisher, 100)
    wait_for(lambda: len(subscriber.messages) == 100, "all events arrive")
    assert [payload["sequence"] for payload in subscriber.payloads()] == list(range(1, 101))
    assert {(m["topic"], m["qos"], m["retain"]) for m in subscriber.messages} == {
        ("driver-monitor/bus-17/event/fatigue", 1, 0)
    }
    validator = jsonschema.Draft202012Validator(event_schema())
    for payload in subscriber.payloads():
        validator.validate(payload)
    wait_for(lambda: publisher.stats().sent == 100, "all events are acknowledged")
    assert publisher.stats().waiting == 0


def test_a_later_subscriber_gets_availability_and_status_but_no_event(broker, subscribe, publish):
    publisher = publish(broker.port)
    publisher.publish_status({"frames_per_second": 15.0})
    put_all(publisher, 2)
    wait_for(lambda: publisher.stats().sent == 2, "the events are delivered")
    subscriber = subscribe(broker)
    assert {(m["topic"], m["retain"], m["payload"]) for m in subscriber.messages} == {
        ("driver-monitor/bus-17/availability", 1, "online"),
        ("driver-monitor/bus-17/status", 1, '{"frames_per_second":15.0}'),
    }


def test_birth_names_the_session(broker, subscribe, publish):
    publisher = publish(broker.port, session=42)
    wait_for(lambda: is_connected(publisher), "it connects")
    subscriber = subscribe(broker, "driver-monitor/+/availability")
    wait_for(lambda: subscriber.messages, "the birth arrives")
    assert subscriber.messages[0]["properties"]["user-properties"] == {"session": "42"}


def test_a_clean_end_delivers_what_waits_and_says_stopped(broker, subscribe, publish):
    subscriber = subscribe(broker)
    publisher = publish(broker.port)
    put_all(publisher, 500)
    publisher.close(DEADLINE_S)
    assert publisher.stats().sent == 500
    wait_for(lambda: subscriber.payloads("availability")[-1:] == ["stopped"], "it says stopped")
    assert len(subscriber.payloads("event")) == 500
    late = subscribe(broker, "driver-monitor/+/availability")
    assert [(m["payload"], m["retain"]) for m in late.messages] == [("stopped", 1)]


def test_a_killed_daemon_is_offline_by_its_last_will(broker, subscribe):
    program = (
        "import threading; from edge.config import MqttConfig; from edge.delivery.publisher import Publisher;"
        f"Publisher(MqttConfig(host='127.0.0.1', port={broker.port}), 'bus-17', 42).start(); threading.Event().wait()"
    )
    subscriber = subscribe(broker, "driver-monitor/+/availability")
    daemon = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        wait_for(lambda: subscriber.payloads() == ["online"], "the daemon is online")
    finally:
        daemon.kill()
        daemon.wait()
    wait_for(lambda: len(subscriber.messages) == 2, "the will arrives")
    assert subscriber.messages[1]["payload"] == "offline"
    assert subscriber.messages[1]["properties"]["user-properties"] == {"session": "42"}


def test_nothing_is_lost_when_the_broker_comes_later_than_the_daemon(tmp_path, subscribe, publish, may_connect):
    broker = Broker(tmp_path)
    publisher = publish(broker.port)
    put_all(publisher, 200)
    wait_for(lambda: publisher.stats().last_error, "the first attempt fails")
    assert "Connection refused" in publisher.stats().last_error
    assert not is_connected(publisher)
    may_connect.clear()
    broker.start()
    try:
        subscriber = subscribe(broker, "driver-monitor/+/event/#")
        may_connect.set()
        wait_for(lambda: publisher.stats().sent == 200, "all events are delivered")
        wait_for(lambda: len(subscriber.messages) == 200, "all events arrive")
        assert [payload["sequence"] for payload in subscriber.payloads()] == list(range(1, 201))
    finally:
        broker.kill()


def test_nothing_is_lost_when_the_broker_is_killed_in_the_middle(broker, subscribe, publish, may_connect):
    before = subscribe(broker, "driver-monitor/+/event/#")
    publisher = publish(broker.port)
    stream = list(events(900))
    for event in stream[:450]:
        publisher.put(event)
    wait_for(lambda: publisher.stats().sent > 100, "some are delivered")
    may_connect.clear()
    broker.kill()
    for event in stream[450:]:
        publisher.put(event)
    wait_for(lambda: not is_connected(publisher), "the loss is noticed")
    before.stop()
    acknowledged = publisher.stats().sent
    assert acknowledged < 450
    broker.start()
    after = subscribe(broker, "driver-monitor/+/event/#")
    may_connect.set()
    wait_for(lambda: publisher.stats().sent == 900, "all are acknowledged")
    wait_for(lambda: after.payloads() and after.payloads()[-1]["sequence"] == 900, "the last one arrives")

    resent = [payload["sequence"] for payload in after.payloads()]
    assert resent == list(range(acknowledged + 1, 901))
    assert len(before.payloads()) <= acknowledged + WINDOW
    received = {payload["sequence"]: payload for payload in before.payloads()}
    for payload in after.payloads():  # a copy is told by id, phase and sequence, and says the same
        assert received.get(payload["sequence"], payload) == payload


def test_events_that_a_stalled_broker_never_acknowledged_are_sent_again(broker, subscribe, publish, monkeypatch):
    monkeypatch.setattr(connection, "PUBACK_S", 0.3)
    publisher = publish(broker.port)
    wait_for(lambda: is_connected(publisher), "it connects")
    broker.pause()
    put_all(publisher, 50)
    wait_for(lambda: not is_connected(publisher), "the stall is noticed")
    assert "does not acknowledge" in publisher.stats().last_error
    assert publisher.stats().waiting == 50
    broker.resume()
    wait_for(lambda: publisher.stats().sent == 50, "all are delivered after all")


def test_each_change_of_state_is_said_once(broker, publish, caplog):
    caplog.set_level(logging.INFO)
    publisher = publish(broker.port)
    wait_for(lambda: is_connected(publisher), "it connects")
    broker.stop()
    wait_for(lambda: "cannot be reached" in (publisher.stats().last_error or ""), "the broker is gone")
    broker.start()
    wait_for(lambda: is_connected(publisher), "it connects again")
    said = [record.message.partition(f"127.0.0.1:{broker.port}")[2] for record in caplog.records]
    assert [words.split(";")[0] for words in said] == [
        "",
        " closed the connection",
        " cannot be reached (Connection refused)",
        "",
    ]


@pytest.mark.parametrize("network", ["refusing", "silent", "full", "stalled"])
def test_put_never_waits_for_the_network(network, broker, publish):
    with contextlib.ExitStack() as stack:
        port = free_port()
        if network == "silent":
            port = stack.enter_context(silent_listener())
        elif network == "full":  # no connection is accepted any more, none refused
            port = stack.enter_context(silent_listener(backlog=0))
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        elif network == "stalled":
            port = broker.port
        publisher = publish(port, queue=500)
        if network == "stalled":
            wait_for(lambda: is_connected(publisher), "it connects")
            broker.pause()
        took = []
        for event in events(2000):
            began = time.perf_counter()
            publisher.put(event)
            took.append(time.perf_counter() - began)
        took.sort()
        print(f"put, {network}: p99 {took[-20] * 1000:.3f} ms, longest {took[-1] * 1000:.3f} ms")
        assert took[-20] < 0.005
        assert took[-1] < 0.9 * connection.CONNECT_S  # a busy machine can suspend any of them, but not for so long
        assert publisher.stats().waiting == 500
        broker.resume()


def test_a_broker_that_never_answers_is_given_up_and_tried_again(publish, monkeypatch):
    monkeypatch.setattr(connection, "CONNACK_S", 0.1)
    with silent_listener() as port:
        publisher = publish(port)
        wait_for(lambda: publisher.stats().last_error, "it gives up")
        assert "does not answer" in publisher.stats().last_error
        assert not is_connected(publisher)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes([0x20, 3, 0, 250, 0]),
        bytes([0x20, 5, 0, 0, 2, 0xFE, 0]),
        bytes([0x20, 0]),
        bytes([0x20, 2, 0, 1]),
        bytes([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        b"",
    ],
    ids=["http", "reason", "property", "short", "mqtt 3", "length", "nothing"],
)
def test_what_is_no_mqtt_broker_is_a_reason_and_no_crash(answer, publish):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        publisher = publish(listener.getsockname()[1], reconnect_min_s=60)
        client, _ = listener.accept()
        with client:
            client.recv(1024)
            client.sendall(answer)
        wait_for(lambda: publisher.stats().last_error, "the reason is told")
        assert not is_connected(publisher)


def test_an_acknowledgement_before_the_connection_ends_counts(publish):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        publisher = publish(listener.getsockname()[1], reconnect_min_s=60)
        put_all(publisher, 2)
        client, _ = listener.accept()
        with client:
            client.sendall(bytes([0x20, 3, 0, 0, 0]))  # CONNACK, success
            wait_for(lambda: b"event/fatigue" in client.recv(4096), "the events come")
            client.sendall(bytes([0x40, 2, 0, 1, 0x40, 2, 0, 2]))  # PUBACK of the birth and of one event
            client.shutdown(socket.SHUT_WR)
            wait_for(lambda: publisher.stats().last_error, "the end is noticed")
    assert (publisher.stats().sent, publisher.stats().waiting) == (1, 1)


def test_beyond_the_queue_the_oldest_go_counted_and_said(broker, subscribe, publish, caplog, may_connect):
    broker.stop()
    publisher = publish(broker.port, queue=50)
    put_all(publisher, 80)
    wait_for(lambda: "for want of room" in caplog.text, "it is said")
    assert publisher.stats().dropped == 30
    may_connect.clear()
    broker.start()
    subscriber = subscribe(broker, "driver-monitor/+/event/#")
    may_connect.set()
    wait_for(lambda: len(subscriber.messages) == 50, "the others arrive")
    assert [payload["sequence"] for payload in subscriber.payloads()] == list(range(31, 81))
    assert "30 events were dropped" in caplog.text


def test_an_event_sent_more_than_a_minute_late_is_marked_historical(broker, subscribe, publish):
    subscriber = subscribe(broker, "driver-monitor/+/event/#")
    publisher = publish(broker.port)
    for age in (0.0, 55.0, 65.0):
        publisher.put(next(events(1, age)))
    wait_for(lambda: len(subscriber.messages) == 3, "all arrive")
    assert [payload["historical"] for payload in subscriber.payloads()] == [False, False, True]


def test_the_broker_s_reason_to_end_the_connection_is_told(publish):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        publisher = publish(listener.getsockname()[1], reconnect_min_s=60)
        client, _ = listener.accept()
        with client:
            client.sendall(bytes([0x20, 3, 0, 0, 0]))  # CONNACK, success
            wait_for(lambda: is_connected(publisher), "it is connected")
            client.sendall(bytes([0xE0, 2, 0x8E, 0]))  # DISCONNECT, another client has this name
            wait_for(lambda: publisher.stats().last_error, "the reason is told")
    assert "(Session taken over); give each vehicle a name of its own." in publisher.stats().last_error


def test_the_end_is_not_held_up_by_an_unreachable_broker(publish):
    publisher = publish(free_port(), reconnect_min_s=30)
    put_all(publisher, 5)
    wait_for(lambda: publisher.stats().last_error, "the first attempt fails")
    began = time.monotonic()
    publisher.close(timeout=0.2)
    assert time.monotonic() - began < 1.0
    assert publisher.stats().waiting == 5


def test_the_end_leaves_no_thread(broker):
    publisher = Publisher(MqttConfig(host="127.0.0.1", port=broker.port), "bus-17", 42)
    publisher.start()
    put_all(publisher, 5)
    publisher.close()
    assert "publisher" not in [thread.name for thread in threading.enumerate()]
    publisher.put(next(events(1)))
    assert publisher.stats().waiting == 1
