"""What a day costs on a metered link: every byte between vehicle and broker, TLS included, TCP's headers not."""

from __future__ import annotations

import dataclasses
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from broker import Broker, wait_for
from certificates import Authority
from sample_events import EVENT

from edge.config import Config, MqttConfig
from edge.delivery.publisher import DeliveryStats, Publisher
from edge.gps.gpsd import GpsState
from edge.service.frames import FrameState
from edge.service.health import Board
from edge.service.problems import Facts
from edge.service.status import Status

MINUTES = 1440
EVENTS = 100
PING = 2 * (2 + 22)
"""Bytes of a ping and its answer in a record of TLS 1.3 each: with a status every 60 s there is one a minute."""
SHARE = 10
"""A tenth of a day is sent, and multiplied."""


class CountingWire:
    """Passes bytes on to a port, and counts them both ways."""

    def __init__(self, to: int) -> None:
        self.bytes = 0
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                vehicle, _ = self._listener.accept()
                broker = socket.create_connection(("127.0.0.1", self._to))
                for one, other in ((vehicle, broker), (broker, vehicle)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                self.bytes += len(data)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[tuple[CountingWire, MqttConfig]]:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("broker")
    options = ["require_certificate true", f"cafile {authority.file}", f"certfile {certificate}", f"keyfile {key}"]
    broker = Broker(tmp_path, options=options + ["user root"] * (os.geteuid() == 0))
    broker.start()
    counting = CountingWire(broker.port)
    own, own_key = authority.sign("bus-17")
    yield (
        counting,
        MqttConfig(
            host="127.0.0.1",
            port=counting.port,
            tls=True,
            ca_file=authority.file,
            certificate_file=own,
            private_key_file=own_key,
        ),
    )
    counting.close()
    broker.kill()


def test_a_day_with_100_events_and_a_status_each_minute_is_under_a_megabyte(wire) -> None:
    counting, config = wire
    told = Status(Config(vehicle="bus-17"), 42)
    facts = Facts(
        FrameState(1_000_000, 10, 100, 14.98, (12.0, 19.0), 0.98, "ok", 0.0),
        DeliveryStats(True, 0, EVENTS, 0, None),
        "gps",
        GpsState(True, "3d", 0.4, 8),
        Board(temperature=61.3, memory_mb=148),
    )
    status = told.report(facts)
    publisher = Publisher(config, "bus-17", 42)
    publisher.start()
    wait_for(lambda: publisher.stats().connected, "it connects")
    publisher.put(EVENT)
    wait_for(lambda: publisher.stats().sent == 1, "the birth has gone, too")
    once = counting.bytes
    for number in range(MINUTES // SHARE):
        publisher.publish_status({**status, "frames": 1_000_000 + number, "frames_per_second": 14.98})
        wait_for(lambda: publisher._status is None, "it goes")
    for number in range(EVENTS // SHARE):
        publisher.put(dataclasses.replace(EVENT, sequence=number + 2))
        wait_for(lambda number=number: publisher.stats().sent == number + 2, "it is acknowledged")
    day = once + SHARE * (counting.bytes - once) + MINUTES * PING
    publisher.close()
    print(f"connecting {once} bytes, a day {day / 1e6:.3f} MB")
    assert day < 1_000_000
