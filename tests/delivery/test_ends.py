"""How a publisher ends: what it waits for, what it does not wait for, and what it says of what is left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from broker import wait_for
from kept import disk_takes_nothing, said
from made_broker import DEADLINE_S, Deliver, MadeBroker, connected, put

from edge.delivery import publisher
from edge.delivery.outbox import Outbox
from edge.delivery.publisher import DeliveryStats, Publisher


def end_in_background(vehicle: Publisher) -> threading.Thread:
    ending = threading.Thread(target=lambda: vehicle.close(timeout=3600.0), daemon=True)
    ending.start()
    return ending


def end(vehicle: Publisher) -> None:
    """With an hour in which to wait for acknowledgements; it must not take that."""
    ending = end_in_background(vehicle)
    ending.join(DEADLINE_S)
    assert not ending.is_alive()


def test_an_end_of_an_idle_connection_does_not_wait(
    made: MadeBroker, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "IDLE_S", 3600.0)
    vehicle = deliver()
    made.wait(lambda: connected(made))
    end(vehicle)
    assert made.last.ended_in_peace
    assert not vehicle._thread.is_alive()


def test_an_end_leaves_no_thread_even_where_nothing_may_be_waited_for(made: MadeBroker, deliver: Deliver) -> None:
    made.acknowledges = False
    vehicle = deliver(1)
    made.wait(lambda: made.connections and made.last.events)
    vehicle.close(timeout=0)
    assert not vehicle._thread.is_alive()
    assert [message.payload for message in made.last.sent][-1] == b"stopped"


def test_an_end_in_the_wait_between_two_tries_ends_it(made: MadeBroker, deliver: Deliver) -> None:
    made.absent = 1
    vehicle = deliver(1, settings={"reconnect_min_s": 1800, "reconnect_max_s": 3600})
    made.wait(lambda: len(made.asked_for) == 1)
    vehicle.close(timeout=0)
    assert not vehicle._thread.is_alive()
    assert vehicle.stats().waiting == 1


def test_a_process_is_not_kept_alive_by_a_publisher(deliver: Deliver) -> None:
    deliver()
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "publisher"] == [True]


def test_a_publisher_that_was_never_begun_can_be_ended(made: MadeBroker, caplog: pytest.LogCaptureFixture) -> None:
    vehicle = made.publisher()
    put(vehicle, 1)
    vehicle.close()
    put(vehicle, 2)
    assert vehicle.stats() == DeliveryStats(connected=False, waiting=2, sent=0, dropped=0, last_error=None, gaps=())
    assert said(caplog) == [("WARNING", "1 events could not be delivered before the end")]


def test_an_end_does_not_wait_for_events_that_may_not_go(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = deliver(3, ready=lambda event: event if event.sequence == 1 else None)
    end(vehicle)
    assert made.last.events == [1]
    assert made.last.ended_in_peace
    assert vehicle.stats().waiting == 2


def test_an_end_waits_for_the_acknowledgement_of_what_went_before_events_that_may_not(
    made: MadeBroker, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "IDLE_S", 3600.0)
    made.acknowledges = False
    vehicle = deliver(3, ready=lambda event: event if event.sequence < 3 else None)
    made.wait(lambda: made.connections and len(made.last.events) == 2)
    ending = end_in_background(vehicle)
    made.last.acknowledge(2)
    ending.join(DEADLINE_S)
    assert (vehicle.stats().sent, vehicle.stats().waiting) == (2, 1)
    assert made.last.ended_in_peace


def test_an_end_sends_what_had_no_room_among_what_was_under_way(made: MadeBroker, deliver: Deliver) -> None:
    made.acknowledges = False
    vehicle = deliver(30)
    made.wait(lambda: made.connections and len(made.last.events) == 20)
    ending = end_in_background(vehicle)
    wait_for(lambda: vehicle._closing_by, "it is to end")
    made.last.acknowledge(20)
    made.wait(lambda: len(made.last.events) == 30)
    made.last.acknowledge(10)
    ending.join(DEADLINE_S)
    assert (vehicle.stats().sent, vehicle.stats().waiting) == (30, 0)
    assert made.last.ended_in_peace


def test_what_an_outbox_keeps_at_the_end_is_no_loss(
    made: MadeBroker, deliver: Deliver, begin: Callable[..., Outbox], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    made.acknowledges = False
    vehicle = deliver(2, queue=begin())
    made.wait(lambda: made.connections and len(made.last.events) == 2)
    vehicle.close(timeout=0)
    assert said(caplog)[-1] == ("INFO", "2 events wait in the outbox for the next start")


def test_an_outbox_whose_disk_takes_nothing_says_itself_what_it_loses(
    made: MadeBroker, deliver: Deliver, begin: Callable[..., Outbox], caplog: pytest.LogCaptureFixture
) -> None:
    """That they wait for the next start would be untrue."""
    caplog.set_level(logging.INFO)
    made.acknowledges = False
    outbox = begin()
    with disk_takes_nothing():
        vehicle = deliver(2, queue=outbox)
        made.wait(lambda: made.connections and len(made.last.events) == 2)
        vehicle.close(timeout=0)
        outbox.close()
    assert "wait in the outbox" not in caplog.text
    assert "2 events are lost" in caplog.text


def test_a_clean_end_says_nothing_of_events(
    made: MadeBroker, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    end(deliver(3))
    assert caplog.records == []


def test_an_end_by_a_crash_sends_what_waits_and_leaves_the_last_word_to_the_broker(
    made: MadeBroker, deliver: Deliver
) -> None:
    vehicle = deliver(3)
    vehicle.close(timeout=DEADLINE_S, crashed=True)
    made.wait(lambda: len(made.last.events) == 3)
    assert vehicle.stats().waiting == 0
    assert not made.last.ended_in_peace
    assert b"stopped" not in [message.payload for message in made.last.sent]
    assert not vehicle._thread.is_alive()
