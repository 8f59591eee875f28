from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Subscriber
from disks import mount, unmount
from made_broker import Deliver, MadeBroker
from sample_events import EVENT

from edge.config import MqttConfig, OutboxConfig
from edge.delivery.outbox import Outbox
from edge.delivery.publisher import Publisher


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A running mosquitto that lets everyone in."""
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def subscribe(tmp_path: Path) -> Iterator[Callable[..., Subscriber]]:
    """Makes subscribers that end with the test."""
    subscribers: list[Subscriber] = []

    def make(broker: Broker, topic: str = "driver-monitor/#", **options: tuple[str, str]) -> Subscriber:
        subscribers.append(Subscriber(broker, topic, tmp_path, **options))
        return subscribers[-1]

    yield make
    for subscriber in subscribers:
        subscriber.stop()


@pytest.fixture
def publish(tmp_path: Path) -> Iterator[Callable[..., Publisher]]:
    """Makes started publishers that try again quickly and end with the test."""
    publishers: list[Publisher] = []

    def make(port: int, session: int = 42, **settings: object) -> Publisher:
        values = {"host": "127.0.0.1", "port": port, "reconnect_min_s": 0.02, "reconnect_max_s": 0.1, **settings}
        publisher = Publisher(MqttConfig.model_validate(values), "bus-17", session)
        publisher.start()
        publishers.append(publisher)
        return publisher

    yield make
    for publisher in publishers:
        publisher.close(timeout=0)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> MadeBroker:
    """A broker in memory, to which publishers speak instead of over the network."""
    broker = MadeBroker()
    monkeypatch.setattr("edge.delivery.publisher.Connection", broker.connect)
    return broker


@pytest.fixture
def deliver(made: MadeBroker) -> Iterator[Deliver]:
    """Makes started publishers to that one, with so many events to send, that end with the test."""
    publishers: list[Publisher] = []

    def make(events: int = 0, **options: Any) -> Publisher:
        publishers.append(made.publisher(**options))
        for sequence in range(1, events + 1):
            publishers[-1].put(dataclasses.replace(EVENT, sequence=sequence))
        publishers[-1].start()
        return publishers[-1]

    yield make
    for one in publishers:
        one.close(timeout=0)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    """Opens the outbox of this test, the one before closed."""
    opened: list[Outbox] = []

    def end() -> None:
        if opened:
            opened.pop().close()

    def make(clock: Callable[[], float] = time.time, **bounds: float) -> Outbox:
        end()
        opened.append(Outbox(tmp_path, OutboxConfig.model_validate(bounds), wall=clock))
        return opened[0]

    yield make
    end()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    if reason := mount(tmp_path / "disk"):
        pytest.skip(reason)
    yield tmp_path / "disk"
    unmount(tmp_path / "disk")
