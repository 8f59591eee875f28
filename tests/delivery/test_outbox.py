"""The outbox: what was put is there until it was acknowledged, in order, within its bounds."""

from __future__ import annotations

import dataclasses

from broker import DEADLINE_S, wait_for
from kept import event, sequences
from sample_events import EVENT, LONGEST

from edge.config import MqttConfig
from edge.delivery.message import decode, encode
from edge.delivery.outbox import CLOCK_BEGINS, DAY_S, Outbox
from edge.delivery.publisher import Publisher


def test_what_was_put_is_there_after_a_restart_in_order_and_unchanged(begin) -> None:
    outbox = begin()
    for kept in (EVENT, LONGEST):
        outbox.put(kept)
    outbox = begin()
    assert len(outbox) == 2
    assert [encode(kept) for _, kept in outbox.oldest(10)] == [encode(EVENT), encode(LONGEST)]


def test_evidence_goes_through_the_outbox_unchanged() -> None:
    payload = encode(dataclasses.replace(EVENT, evidence={"perclos": 0.18}))
    assert encode(decode(payload)) == payload


def test_a_delivered_event_does_not_come_back_and_its_ticket_is_not_given_again(begin) -> None:
    outbox = begin()
    outbox.put(event(1))
    ((ticket, _),) = outbox.oldest(10)
    assert outbox.remove([ticket]) == 1
    assert outbox.remove([ticket]) == 0
    outbox = begin()
    outbox.put(event(2))
    ((later, kept),) = outbox.oldest(10)
    assert (kept.sequence, len(outbox)) == (2, 1)
    assert later > ticket


def test_when_full_the_oldest_of_the_lowest_level_goes_and_its_number_is_kept(begin) -> None:
    outbox = begin(events=4)
    for sequence, level in enumerate(("critical", "advisory", "warning", "advisory", "critical", "critical"), 1):
        outbox.put(event(sequence, level))
    assert sequences(outbox) == [1, 3, 5, 6]
    outbox = begin(events=4)
    assert (outbox.dropped, outbox.gaps) == (2, [(42, 2, 2), (42, 4, 4)])


def test_a_critical_event_is_never_dropped_for_a_lesser_one(begin) -> None:
    outbox = begin(events=2)
    for sequence, level in enumerate(("critical", "critical", "warning", "advisory"), 1):
        outbox.put(event(sequence, level))
    assert sequences(outbox) == [1, 2]
    assert (outbox.dropped, outbox.gaps) == (2, [(42, 3, 4)])


def test_it_is_bounded_by_bytes_too(begin) -> None:
    outbox = begin(megabytes=1)
    row = len(encode(event(1000))) + 16
    outbox._room = dataclasses.replace(outbox._room, bytes=3 * row)
    for sequence in range(1000, 1010):
        outbox.put(event(sequence))
    assert sequences(outbox) == [1007, 1008, 1009]


def test_what_is_too_old_goes_and_is_counted(begin) -> None:
    now = CLOCK_BEGINS + 100 * DAY_S
    begin(lambda: now, days=30).put(event(1))
    outbox = begin(lambda: now + 31 * DAY_S, days=30)
    outbox.put(event(2))
    assert sequences(outbox) == [2]
    assert outbox.gaps == [(42, 1, 1)]


def test_an_event_from_before_the_clock_was_set_is_not_taken_for_old(begin) -> None:
    begin(lambda: 5.0, days=30).put(event(1))
    outbox = begin(lambda: CLOCK_BEGINS + 100 * DAY_S, days=30)
    outbox.put(event(2))
    assert sequences(outbox) == [1, 2]


def publisher_to(port: int, outbox: Outbox) -> Publisher:
    config = MqttConfig(host="127.0.0.1", port=port, reconnect_min_s=0.02, reconnect_max_s=0.1)
    publisher = Publisher(config, "bus-17", 42, queue=outbox)
    publisher.start()
    return publisher


def test_what_waited_over_a_restart_is_delivered_once_and_leaves_the_outbox(begin, broker, subscribe) -> None:
    outbox = begin()
    for sequence in range(1, 51):
        outbox.put(event(sequence))
    outbox = begin()
    subscriber = subscribe(broker, "driver-monitor/+/event/#")
    publisher = publisher_to(broker.port, outbox)
    wait_for(lambda: publisher.stats().sent == 50, "all are acknowledged")
    publisher.close(DEADLINE_S)
    assert [payload["sequence"] for payload in subscriber.payloads()] == list(range(1, 51))
    assert len(begin()) == 0


def test_events_stay_in_the_outbox_until_they_are_acknowledged(begin, broker) -> None:
    outbox = begin()
    broker.pause()
    publisher = publisher_to(broker.port, outbox)
    outbox.put(event(1))
    publisher.close(timeout=0)
    broker.resume()
    assert len(begin()) == 1
