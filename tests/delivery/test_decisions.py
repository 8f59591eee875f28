"""What the publisher decides: what is sent, how much at a time, marked how, and in which order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from made_broker import MadeBroker
from sample_events import EVENT

from edge.delivery.command import Refusal, Request
from edge.delivery.event import parse_time
from edge.delivery.message import decode
from edge.delivery.publisher import Publisher
from edge.delivery.queue import MemoryQueue

HAPPENED = parse_time(EVENT.time)
Begin = Callable[..., Publisher]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> MadeBroker:
    broker = MadeBroker()
    monkeypatch.setattr("edge.delivery.publisher.Connection", broker.connect)
    return broker


@pytest.fixture
def begin(broker: MadeBroker) -> Iterator[Begin]:
    publishers: list[Publisher] = []

    def make(events: int = 0, **options: Any) -> Publisher:
        publishers.append(broker.publisher(**options))
        for sequence in range(1, events + 1):
            publishers[-1].put(dataclasses.replace(EVENT, sequence=sequence))
        publishers[-1].start()
        return publishers[-1]

    yield make
    for one in publishers:
        one.close(timeout=0)


def sent_event(broker: MadeBroker, begin: Begin, **options: Any) -> Any:
    begin(1, **options)
    broker.wait(lambda: broker.connections and broker.last.events)
    return next(message for message in broker.last.sent if "/event/" in message.topic)


def test_twenty_events_at_most_are_under_way(broker: MadeBroker, begin: Begin) -> None:
    broker.acknowledges = False
    publisher = begin(30)
    broker.wait(lambda: broker.connections and len(broker.last.events) >= 20)
    publisher.publish_status({})  # a turn more, in which nothing may be sent beyond the window
    broker.wait(lambda: broker.last.sent[-1].topic.endswith("/status"))
    assert broker.last.events == list(range(1, 21))
    broker.last.acknowledge(3)
    broker.wait(lambda: len(broker.last.events) >= 23)
    publisher.publish_status({})
    broker.wait(lambda: broker.last.sent[-1].topic.endswith("/status"))
    assert broker.last.events == list(range(1, 24))
    assert (publisher.stats().sent, publisher.stats().waiting) == (3, 27)


def test_a_broker_that_takes_fewer_at_a_time_gets_fewer(broker: MadeBroker, begin: Begin) -> None:
    broker.acknowledges, broker.receive_maximum = False, 2
    publisher = begin(5)
    broker.wait(lambda: broker.connections and len(broker.last.events) >= 2)
    publisher.publish_status({})
    broker.wait(lambda: broker.last.sent[-1].topic.endswith("/status"))
    assert broker.last.events == [1, 2]


def test_only_an_acknowledgement_takes_an_event_out_of_the_queue(broker: MadeBroker, begin: Begin) -> None:
    broker.acknowledges = False
    publisher = begin(3)
    broker.wait(lambda: broker.connections and len(broker.last.events) == 3)
    assert (publisher.stats().waiting, publisher.stats().sent) == (3, 0)


def test_what_was_not_acknowledged_is_sent_again_first_and_in_order(broker: MadeBroker, begin: Begin) -> None:
    broker.acknowledges = False
    publisher = begin(5)
    broker.wait(lambda: broker.connections and len(broker.last.events) == 5)
    broker.last.acknowledge(2)
    broker.last.lose()
    broker.wait(lambda: len(broker.connections) == 2 and len(broker.last.events) == 3)
    assert broker.last.events == [3, 4, 5]
    assert publisher.stats().sent == 2
    assert publisher.stats().last_error == (
        "the broker at 127.0.0.1:1 went away; start it, or correct mqtt.host and mqtt.port."
    )


def test_a_broker_that_is_not_there_is_tried_until_it_is_and_that_is_said_once(
    broker: MadeBroker, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    broker.absent = 3
    begin(2)
    broker.wait(lambda: broker.connections and len(broker.last.events) == 2)
    told = [record.getMessage() for record in caplog.records if "is not there" in record.getMessage()]
    assert told == [
        "the broker at 127.0.0.1:1 is not there; start it, or correct mqtt.host and mqtt.port. It is tried again."
    ]


def test_an_acknowledgement_of_an_earlier_connection_counts_for_nothing(broker: MadeBroker, begin: Begin) -> None:
    broker.acknowledges = False
    publisher = begin(2)
    broker.wait(lambda: broker.connections and len(broker.last.events) == 2)
    broker.last.lose()
    broker.wait(lambda: len(broker.connections) == 2 and len(broker.last.events) == 2)
    broker.last.acknowledge(1)
    publisher.put(dataclasses.replace(EVENT, sequence=3))
    broker.wait(lambda: len(broker.last.events) == 3)
    assert (publisher.stats().sent, publisher.stats().waiting) == (1, 2)


def test_each_connection_begins_with_online_and_has_offline_as_its_will(broker: MadeBroker, begin: Begin) -> None:
    begin(1)
    broker.wait(lambda: broker.connections and broker.last.events)
    birth, will = broker.last.sent[0], broker.last.will
    for message, word in ((birth, b"online"), (will, b"offline")):
        assert message is not None
        assert (message.topic, message.payload) == ("driver-monitor/bus-17/availability", word)
        assert (message.qos, message.retain, message.session) == (1, True, 42)


@pytest.mark.parametrize(("late", "historical"), [(0.0, False), (60.0, False), (60.01, True), (86_400.0, True)])
def test_an_event_is_historical_from_a_minute_on(
    broker: MadeBroker, begin: Begin, late: float, historical: bool
) -> None:
    message = sent_event(broker, begin, wall=lambda: HAPPENED + late)
    assert decode(message.payload).historical is historical


@pytest.mark.parametrize(
    ("age", "expiry_s"),
    [(0.0, 100), (10.5, 90), (99.5, 1), (100.0, 100), (5000.0, 100), (-0.5, 100), (-5000.0, 100)],
    ids=str,
)
def test_the_broker_keeps_an_event_for_the_rest_of_its_life(
    broker: MadeBroker, begin: Begin, age: float, expiry_s: int
) -> None:
    """A time that cannot be right, ahead or older than a life, says nothing of its age: it has its whole life."""
    assert sent_event(broker, begin, life_s=100.0, wall=lambda: HAPPENED + age).expiry_s == expiry_s


def test_an_event_says_its_form_and_is_never_retained(broker: MadeBroker, begin: Begin) -> None:
    message = sent_event(broker, begin)
    assert (message.topic, message.qos, message.retain) == ("driver-monitor/bus-17/event/fatigue", 1, False)
    assert (message.schema, message.content_type, message.session) == (1, "application/json", None)


def test_only_the_newest_status_is_published_retained(broker: MadeBroker, begin: Begin) -> None:
    publisher = broker.publisher()
    publisher.publish_status({"frames": 1})
    publisher.publish_status({"frames": 2})
    publisher.start()
    broker.wait(lambda: broker.connections and len(broker.last.sent) >= 2)
    publisher.close()
    told = [message for message in broker.last.sent if message.topic == "driver-monitor/bus-17/status"]
    assert [message.payload for message in told] == [b'{"frames":2}']
    assert (told[0].qos, told[0].retain, told[0].content_type) == (0, True, "application/json")


def test_an_event_that_must_wait_holds_back_those_behind_it(broker: MadeBroker, begin: Begin) -> None:
    may_go = [1, 3]
    publisher = begin(3, ready=lambda event: event if event.sequence in may_go else None)
    broker.wait(lambda: broker.connections and broker.last.events)
    publisher.publish_status({})
    broker.wait(lambda: broker.last.sent[-1].topic.endswith("/status"))
    assert broker.last.events == [1]
    may_go.append(2)
    publisher.publish_status({})
    broker.wait(lambda: len(broker.last.events) == 3)
    assert broker.last.events == [1, 2, 3]


def test_a_clean_end_waits_for_what_is_under_way_and_says_stopped_last(broker: MadeBroker, begin: Begin) -> None:
    publisher = begin(40)
    publisher.close(timeout=20)
    assert broker.last.events == list(range(1, 41))
    assert broker.last.sent[-1].payload == b"stopped"
    assert broker.last.ended_in_peace
    assert (publisher.stats().waiting, publisher.stats().sent, publisher.stats().connected) == (0, 40, False)


def test_an_end_before_the_acknowledgements_says_what_is_left(
    broker: MadeBroker, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    broker.acknowledges = False
    publisher = begin(2)
    broker.wait(lambda: broker.connections and len(broker.last.events) == 2)
    publisher.close(timeout=0.05)
    assert publisher.stats().waiting == 2
    assert "2 events could not be delivered before the end" in caplog.text


def test_what_was_dropped_while_the_broker_was_away_is_told_with_its_number(
    broker: MadeBroker, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    broker.acknowledges = False
    publisher = begin(2, queue=MemoryQueue(2))
    broker.wait(lambda: broker.connections and len(broker.last.events) == 2)
    for sequence in (3, 4, 5):
        publisher.put(dataclasses.replace(EVENT, sequence=sequence))
    broker.last.lose()
    broker.wait(lambda: len(broker.connections) == 2 and len(broker.last.events) == 2)
    assert broker.last.events == [4, 5]
    assert publisher.stats().dropped == 3
    publisher.close(timeout=0)
    told = [record.getMessage() for record in caplog.records if "dropped" in record.getMessage()]
    assert told[0] == "2 events wait, there is no room for more: events are dropped"


class Gapped(MemoryQueue):
    gaps = tuple((42, number, number) for number in range(12))


def test_the_ten_newest_gaps_are_told(broker: MadeBroker) -> None:
    assert broker.publisher(queue=Gapped(5)).stats().gaps == Gapped.gaps[2:]


def test_a_request_that_could_not_be_carried_out_is_answered_with_the_reason(broker: MadeBroker, begin: Begin) -> None:
    publisher = begin(1)
    broker.wait(lambda: broker.connections and broker.last.events)
    asked = Request("status", "a-1", "office/answers")
    publisher.answer(asked, Refusal("not now."))
    publisher.answer(asked, {"frames": 1})
    broker.wait(lambda: broker.last.sent[-1].payload.startswith(b'{"id":"a-1","ok":true'))
    assert [message.payload for message in broker.last.sent if message.topic == "office/answers"] == [
        b'{"id":"a-1","ok":false,"error":"not now."}',
        b'{"id":"a-1","ok":true,"result":{"frames":1}}',
    ]
