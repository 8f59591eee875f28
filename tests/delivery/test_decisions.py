"""What the publisher decides: what is sent, how much at a time, marked how, and in which order."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from made_broker import Deliver, MadeBroker
from sample_events import EVENT

from edge.delivery.command import Refusal, Request
from edge.delivery.event import parse_time
from edge.delivery.message import decode
from edge.delivery.queue import MemoryQueue

HAPPENED = parse_time(EVENT.time)


def sent_event(made: MadeBroker, deliver: Deliver, **options: Any) -> Any:
    deliver(1, **options)
    made.wait(lambda: made.connections and made.last.events)
    return next(message for message in made.last.sent if "/event/" in message.topic)


def test_twenty_events_at_most_are_under_way(made: MadeBroker, deliver: Deliver) -> None:
    made.acknowledges = False
    publisher = deliver(30)
    made.wait(lambda: made.connections and len(made.last.events) >= 20)
    publisher.publish_status({})  # a turn more, in which nothing may be sent beyond the window
    made.wait(lambda: made.last.sent[-1].topic.endswith("/status"))
    assert made.last.events == list(range(1, 21))
    made.last.acknowledge(3)
    made.wait(lambda: len(made.last.events) >= 23)
    publisher.publish_status({})
    made.wait(lambda: made.last.sent[-1].topic.endswith("/status"))
    assert made.last.events == list(range(1, 24))
    assert (publisher.stats().sent, publisher.stats().waiting) == (3, 27)


def test_a_broker_that_takes_fewer_at_a_time_gets_fewer(made: MadeBroker, deliver: Deliver) -> None:
    made.acknowledges, made.receive_maximum = False, 2
    publisher = deliver(5)
    made.wait(lambda: made.connections and len(made.last.events) >= 2)
    publisher.publish_status({})
    made.wait(lambda: made.last.sent[-1].topic.endswith("/status"))
    assert made.last.events == [1, 2]


def test_only_an_acknowledgement_takes_an_event_out_of_the_queue(made: MadeBroker, deliver: Deliver) -> None:
    made.acknowledges = False
    publisher = deliver(3)
    made.wait(lambda: made.connections and len(made.last.events) == 3)
    assert (publisher.stats().waiting, publisher.stats().sent) == (3, 0)


def test_what_was_not_acknowledged_is_sent_again_first_and_in_order(made: MadeBroker, deliver: Deliver) -> None:
    made.acknowledges = False
    publisher = deliver(5)
    made.wait(lambda: made.connections and len(made.last.events) == 5)
    made.last.acknowledge(2)
    made.last.lose()
    made.wait(lambda: len(made.connections) == 2 and len(made.last.events) == 3)
    assert made.last.events == [3, 4, 5]
    assert publisher.stats().sent == 2
    assert publisher.stats().last_error == (
        "the broker at 127.0.0.1:1 went away; start it, or correct mqtt.host and mqtt.port."
    )


def test_a_broker_that_is_not_there_is_tried_until_it_is_and_that_is_said_once(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    made.absent = 3
    deliver(2)
    made.wait(lambda: made.connections and len(made.last.events) == 2)
    told = [record.getMessage() for record in caplog.records if "is not there" in record.getMessage()]
    assert told == [
        "the broker at 127.0.0.1:1 is not there; start it, or correct mqtt.host and mqtt.port. It is tried again."
    ]


def test_an_acknowledgement_of_an_earlier_connection_counts_for_nothing(made: MadeBroker, deliver: Deliver) -> None:
    made.acknowledges = False
    publisher = deliver(2)
    made.wait(lambda: made.connections and len(made.last.events) == 2)
    made.last.lose()
    made.wait(lambda: len(made.connections) == 2 and len(made.last.events) == 2)
    made.last.acknowledge(1)
    publisher.put(dataclasses.replace(EVENT, sequence=3))
    made.wait(lambda: len(made.last.events) == 3)
    assert (publisher.stats().sent, publisher.stats().waiting) == (1, 2)


def test_each_connection_begins_with_online_and_has_offline_as_its_will(made: MadeBroker, deliver: Deliver) -> None:
    deliver(1)
    made.wait(lambda: made.connections and made.last.events)
    birth, will = made.last.sent[0], made.last.will
    for message, word in ((birth, b"online"), (will, b"offline")):
        assert message is not None
        assert (message.topic, message.payload) == ("driver-monitor/bus-17/availability", word)
        assert (message.qos, message.retain, message.session) == (1, True, 42)


@pytest.mark.parametrize(("late", "historical"), [(0.0, False), (60.0, False), (60.01, True), (86_400.0, True)])
def test_an_event_is_historical_from_a_minute_on(
    made: MadeBroker, deliver: Deliver, late: float, historical: bool
) -> None:
    message = sent_event(made, deliver, wall=lambda: HAPPENED + late)
    assert decode(message.payload).historical is historical


@pytest.mark.parametrize(
    ("age", "expiry_s"),
    [(0.0, 100), (10.5, 90), (99.5, 1), (100.0, 100), (5000.0, 100), (-0.5, 100), (-5000.0, 100)],
    ids=str,
)
def test_the_broker_keeps_an_event_for_the_rest_of_its_life(
    made: MadeBroker, deliver: Deliver, age: float, expiry_s: int
) -> None:
    """A time that cannot be right, ahead or older than a life, says nothing of its age: it has its whole life."""
    assert sent_event(made, deliver, life_s=100.0, wall=lambda: HAPPENED + age).expiry_s == expiry_s


def test_an_event_says_its_form_and_is_never_retained(made: MadeBroker, deliver: Deliver) -> None:
    message = sent_event(made, deliver)
    assert (message.topic, message.qos, message.retain) == ("driver-monitor/bus-17/event/fatigue", 1, False)
    assert (message.schema, message.content_type, message.session) == (1, "application/json", None)


def test_only_the_newest_status_is_published_retained(made: MadeBroker, deliver: Deliver) -> None:
    publisher = made.publisher()
    publisher.publish_status({"frames": 1})
    publisher.publish_status({"frames": 2})
    publisher.start()
    made.wait(lambda: made.connections and len(made.last.sent) >= 2)
    publisher.close()
    told = [message for message in made.last.sent if message.topic == "driver-monitor/bus-17/status"]
    assert [message.payload for message in told] == [b'{"frames":2}']
    assert (told[0].qos, told[0].retain, told[0].content_type) == (0, True, "application/json")


def test_an_event_that_must_wait_holds_back_those_behind_it(made: MadeBroker, deliver: Deliver) -> None:
    may_go = [1, 3]
    publisher = deliver(3, ready=lambda event: event if event.sequence in may_go else None)
    made.wait(lambda: made.connections and made.last.events)
    publisher.publish_status({})
    made.wait(lambda: made.last.sent[-1].topic.endswith("/status"))
    assert made.last.events == [1]
    may_go.append(2)
    publisher.publish_status({})
    made.wait(lambda: len(made.last.events) == 3)
    assert made.last.events == [1, 2, 3]


def test_a_clean_end_waits_for_what_is_under_way_and_says_stopped_last(made: MadeBroker, deliver: Deliver) -> None:
    publisher = deliver(40)
    publisher.close(timeout=20)
    assert made.last.events == list(range(1, 41))
    assert made.last.sent[-1].payload == b"stopped"
    assert made.last.ended_in_peace
    assert (publisher.stats().waiting, publisher.stats().sent, publisher.stats().connected) == (0, 40, False)


def test_an_end_before_the_acknowledgements_says_what_is_left(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    made.acknowledges = False
    publisher = deliver(2)
    made.wait(lambda: made.connections and len(made.last.events) == 2)
    publisher.close(timeout=0.05)
    assert publisher.stats().waiting == 2
    assert "2 events could not be delivered before the end" in caplog.text


def test_what_was_dropped_while_the_broker_was_away_is_told_with_its_number(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    made.acknowledges = False
    publisher = deliver(2, queue=MemoryQueue(2))
    made.wait(lambda: made.connections and len(made.last.events) == 2)
    for sequence in (3, 4, 5):
        publisher.put(dataclasses.replace(EVENT, sequence=sequence))
    made.last.lose()
    made.wait(lambda: len(made.connections) == 2 and len(made.last.events) == 2)
    assert made.last.events == [4, 5]
    assert publisher.stats().dropped == 3
    publisher.close(timeout=0)
    told = [record.getMessage() for record in caplog.records if "dropped" in record.getMessage()]
    assert told[0] == "events are dropped, for want of room or by age; 2 wait"


class Gapped(MemoryQueue):
    gaps = tuple((42, number, number) for number in range(12))


def test_the_ten_newest_gaps_are_told(made: MadeBroker) -> None:
    assert made.publisher(queue=Gapped(5)).stats().gaps == Gapped.gaps[2:]


def test_a_request_that_could_not_be_carried_out_is_answered_with_the_reason(
    made: MadeBroker, deliver: Deliver
) -> None:
    publisher = deliver(1)
    made.wait(lambda: made.connections and made.last.events)
    asked = Request("status", "a-1", "office/answers")
    publisher.answer(asked, Refusal("not now."))
    publisher.answer(asked, {"frames": 1})
    made.wait(lambda: made.last.sent[-1].payload.startswith(b'{"id":"a-1","ok":true'))
    assert [message.payload for message in made.last.sent if message.topic == "office/answers"] == [
        b'{"id":"a-1","ok":false,"error":"not now."}',
        b'{"id":"a-1","ok":true,"result":{"frames":1}}',
    ]
