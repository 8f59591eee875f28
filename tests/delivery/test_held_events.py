"""Events whose time is not known yet: held back without being lost, and sent in order once they may go."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Broker, Subscriber, wait_for
from sample_events import EVENT

from edge.config import MqttConfig, OutboxConfig
from edge.delivery.outbox import Outbox
from edge.delivery.publisher import Publisher
from edge.records import Event

Publish = Callable[..., Publisher]


class Gate:
    """Lets events pass whose sequence is below a number, and marks them."""

    def __init__(self) -> None:
        self.below = 0

    def ready(self, event: Event) -> Event | None:
        return dataclasses.replace(event, time_source="system") if event.sequence < self.below else None


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def publish(broker: Broker, gate: Gate) -> Iterator[Publish]:
    publishers: list[Publisher] = []

    def begin(**options: object) -> Publisher:
        config = MqttConfig(host="127.0.0.1", port=broker.port)
        publishers.append(Publisher(config, "bus-17", 42, ready=gate.ready, **options))
        publishers[-1].start()
        return publishers[-1]

    yield begin
    for one in publishers:
        one.close(timeout=0)


def put(publisher: Publisher, count: int) -> None:
    for sequence in range(1, count + 1):
        publisher.put(dataclasses.replace(EVENT, sequence=sequence))


def sequences(subscriber: Subscriber) -> list[int]:
    return [event["sequence"] for event in subscriber.payloads("event")]


def test_held_events_are_sent_in_order_and_as_they_are_by_then(
    broker: Broker, gate: Gate, publish: Publish, subscribe: Callable[..., Subscriber]
) -> None:
    subscriber = subscribe(broker)
    publisher = publish()
    put(publisher, 50)
    wait_for(lambda: publisher.stats().connected, "a connection")
    gate.below = 4
    wait_for(lambda: len(sequences(subscriber)) == 3, "three may go")
    wait_for(lambda: publisher.stats().waiting == 47, "their acknowledgements")
    gate.below = 51
    wait_for(lambda: len(sequences(subscriber)) == 50, "all may go")
    assert sequences(subscriber) == list(range(1, 51))
    assert {event["time_source"] for event in subscriber.payloads("event")} == {"system"}


def test_an_end_does_not_wait_for_what_the_outbox_keeps(broker: Broker, publish: Publish, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, OutboxConfig())
    publisher = publish(queue=outbox)
    put(publisher, 3)
    wait_for(lambda: publisher._holds_back, "they are held")
    publisher.close(timeout=600)  # the test's own limit is shorter
    assert len(outbox) == 3
    outbox.close()


def test_what_may_go_at_the_end_goes(
    broker: Broker, gate: Gate, publish: Publish, subscribe: Callable[..., Subscriber]
) -> None:
    subscriber = subscribe(broker)
    publisher = publish()
    put(publisher, 3)
    wait_for(lambda: publisher._holds_back, "they are held")
    gate.below = 99
    publisher.close()
    wait_for(lambda: sequences(subscriber) == [1, 2, 3], "all are there")
    assert publisher.stats().waiting == 0
