"""The daemon with a real gpsd and a real broker: place and true time of events, also of those before the first fix."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from broker import Broker, Subscriber, free_port, wait_for
from command import start, tell, write_clip, write_config
from fake_receiver import FakeReceiver, drive

from edge.clock.system import is_synchronised
from edge.delivery.event import parse_time

THEN = datetime(2031, 5, 4, 12, tzinfo=UTC).timestamp()
"""What GPS says; this machine's clock does not."""


def told(subscriber: Subscriber) -> list[tuple[str, str]]:
    """Fix and source of time, status by status."""
    return [(status["gps"]["fix"], status["time_source"]) for status in subscriber.payloads("status")]


def test_events_before_the_first_fix_arrive_with_gps_time_and_later_ones_with_their_place(
    synthetic_recording: Path, tmp_path: Path, capfd
) -> None:
    receiver = FakeReceiver(tmp_path, drive(300, THEN), pause_s=0.2)  # five sentences a second, as it is
    broker = Broker(tmp_path)
    config = write_config(
        tmp_path,
        vehicle="bus-17",
        camera={"kind": "recording", "path": str(write_clip(synthetic_recording, tmp_path)), "loop": True},
        gps={"kind": "gpsd", "port": receiver.port},
        rules={"guards": {"laughing": False}},
        mqtt={"host": "127.0.0.1", "port": broker.port, "status_interval_s": 1},
        state_directory="state",
    )
    broker.start()
    subscriber = Subscriber(broker, "driver-monitor/#", tmp_path)
    try:
        with start("run", "--config", config) as daemon:
            try:
                wait_for(lambda: tell(capfd, "outbox", "export", "--config", config).output.count("\n") >= 2, "waiting")
                assert subscriber.payloads("event") == []
                receiver.start()
                wait_for(lambda: any(event["position"] for event in subscriber.payloads("event")), "an event's place")
                wait_for(lambda: ("3d", "gps") in told(subscriber), "a status of fix and time")
            finally:
                daemon.terminate()
                daemon.communicate(timeout=30)
        events = subscriber.payloads("event")
        subscriber.stop()
    finally:
        receiver.stop()
        broker.kill()
    assert {event["time_source"] for event in events} == {"gps"}
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    times = [parse_time(event["time"]) for event in events]
    assert times == sorted(times)
    assert THEN - 60 < times[0] < THEN  # it happened before the receiver's first word
    assert 1.3 < times[1] - times[0] < 1.7  # microsleep at 1.5 s, sleep at 3 s
    assert events[0]["position"] is None
    places = [event["position"] for event in events if event["position"]]
    assert (places[0]["latitude"], places[0]["longitude"], places[0]["fix"]) == (45.5017, -73.5673, "3d")


def test_events_of_a_session_that_was_killed_before_the_first_fix_get_their_true_time_from_the_next(
    synthetic_recording: Path, tmp_path: Path, capfd
) -> None:
    receiver = FakeReceiver(tmp_path, drive(300, THEN), pause_s=0.2)
    broker = Broker(tmp_path)
    clip = write_clip(synthetic_recording, tmp_path)
    sections = {
        "camera": {"kind": "recording", "path": str(clip), "loop": True},
        "gps": {"kind": "gpsd", "port": receiver.port},
        "rules": {"guards": {"laughing": False}},
        "mqtt": {"host": "127.0.0.1", "port": broker.port},
        "state_directory": "state",
    }
    config = write_config(tmp_path, **sections)
    broker.start()
    subscriber = Subscriber(broker, "driver-monitor/+/event/#", tmp_path)
    try:
        with start("run", "--config", config) as daemon:
            try:
                wait_for(lambda: tell(capfd, "outbox", "export", "--config", config).output.count("\n") >= 2, "waiting")
            finally:
                daemon.kill()
        receiver.start()
        with start("run", "--config", config) as daemon:
            try:
                wait_for(lambda: len(subscriber.messages) >= 2, "events of the first session")
            finally:
                daemon.kill()
        first, second, *_ = subscriber.payloads()
        subscriber.stop()
    finally:
        receiver.stop()
        broker.kill()
    assert [(one["session"], one["sequence"], one["time_source"]) for one in (first, second)] == [
        (1, 1, "gps"),
        (1, 2, "gps"),
    ]
    assert THEN - 60 < parse_time(first["time"]) < parse_time(second["time"]) < THEN


def test_check_has_a_line_for_gpsd_and_for_the_clock(tmp_path: Path, capfd) -> None:
    camera = {"kind": "recording", "path": str(tmp_path)}
    gpsd = {"kind": "gpsd", "port": free_port()}
    without = tell(capfd, "check", "--config", write_config(tmp_path, camera=camera)).output.splitlines()
    assert "ok   gpsd: none is configured, events have no position" in without
    told = tell(capfd, "check", "--config", write_config(tmp_path, camera=camera, gps=gpsd)).output.splitlines()
    assert [line for line in told if line.startswith("FAIL gpsd: gpsd at 127.0.0.1:") and "start it" in line]
    (clock,) = [line for line in told if line.startswith("ok   clock:")]
    assert ("kept by network time" in clock) == is_synchronised()
    assert ("events wait up to 60 s" in clock) != is_synchronised()
