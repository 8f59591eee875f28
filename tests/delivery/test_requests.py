"""Requests and status over a connection: what is given to the daemon, what is answered, and to whom."""

from __future__ import annotations

import math

import pytest
from made_broker import Deliver, MadeBroker, connected, put

from edge.delivery import publisher
from edge.delivery.command import Request
from edge.delivery.wire import Received

PREFIX = "driver-monitor/bus-17/"


def status_request(identity: str) -> Received:
    return Received(PREFIX + "request/status", b'{"id":"%s"}' % identity.encode())


def test_status_and_answers_are_sent_at_once_too(
    made: MadeBroker, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "IDLE_S", 3600.0)
    vehicle = deliver()
    made.wait(lambda: connected(made))
    for number in range(3):
        vehicle.publish_status({"frames": number})
        made.wait(lambda expected=number: made.last.sent[-1].payload == b'{"frames":%d}' % expected)
        vehicle.answer(Request("status", str(number), "office"), {})
        made.wait(lambda: made.last.sent[-1].topic == "office")


def test_requests_are_given_once_and_in_their_order(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = deliver(settings={"commands": True})
    made.wait(lambda: connected(made))
    assert made.asked_for[0][-1] == PREFIX + "request/+"
    made.last.ask(status_request("1"), Received(PREFIX + "request/image", b'{"id":"2"}'), status_request("3"))
    made.wait(lambda: made.last.sent[-1].topic == PREFIX + "response/refused")
    assert made.last.sent[-1].payload.startswith(b'{"id":"2","ok":false,"error":"\'image\' is no command; ')
    assert [request.id for request in vehicle.requests()] == ["1", "3"]
    assert list(vehicle.requests()) == []


def test_requests_are_not_looked_at_unless_they_are_configured(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = deliver()
    made.wait(lambda: connected(made))
    made.last.ask(status_request("1"), Received(PREFIX + "request/image", b'{"id":"2"}'))
    put(vehicle, 1)
    made.wait(lambda: made.last.events)
    assert list(vehicle.requests()) == []
    assert [message.topic for message in made.last.sent] == [PREFIX + "availability", PREFIX + "event/fatigue"]


def test_sixteen_answers_wait_at_most_and_the_newest_are_sent(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = deliver()
    made.wait(lambda: connected(made))
    with made.changed:  # the publisher's thread cannot send meanwhile
        vehicle.publish_status({})
        for number in range(40):
            vehicle.answer(Request("status", str(number), "office"), {})
    made.wait(lambda: b'"39"' in made.last.sent[-1].payload)
    assert len([message for message in made.last.sent if message.topic == "office"]) <= 17


def test_sixteen_requests_wait_at_most_and_the_newest_are_kept(
    made: MadeBroker, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.delivery.command.BURST", 1000)
    monkeypatch.setattr("edge.delivery.command.REFILL_S", 0.0001)
    vehicle = deliver(settings={"commands": True})
    made.wait(lambda: connected(made))
    vehicle._desk._limit._tokens = 1000.0
    made.last.ask(*(status_request(str(number)) for number in range(40)), Received(PREFIX + "request/no", b"{}"))
    made.wait(lambda: made.last.sent[-1].topic == PREFIX + "response/refused")
    assert [request.id for request in vehicle.requests()] == [str(number) for number in range(24, 40)]


def test_an_answer_goes_to_the_connection_on_which_it_was_asked_or_to_none(made: MadeBroker, deliver: Deliver) -> None:
    made.absent = 1
    vehicle = made.publisher()
    vehicle.answer(Request("status", "1", "office"), {})
    vehicle.start()
    made.wait(lambda: connected(made))
    put(vehicle, 1)
    made.wait(lambda: made.last.events)
    vehicle.close()
    assert "office" not in [message.topic for message in made.last.sent]


def test_a_status_with_a_number_that_json_does_not_know_is_refused(made: MadeBroker) -> None:
    with pytest.raises(ValueError, match="JSON"):
        made.publisher().publish_status({"rate": math.nan})


def test_a_status_is_published_once(made: MadeBroker, deliver: Deliver) -> None:
    vehicle = deliver()
    made.wait(lambda: connected(made))
    vehicle.publish_status({"frames": 1})
    made.wait(lambda: made.last.sent[-1].topic == PREFIX + "status")
    put(vehicle, 1)
    made.wait(lambda: made.last.events)
    assert [message.topic for message in made.last.sent].count(PREFIX + "status") == 1
