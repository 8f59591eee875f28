"""Commands from the fleet: what is answered, what is refused and in which words; never more than a vehicle can bear."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from broker import wait_for
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.delivery.command import BURST, MAX_MINUTES, REFILL_S, Desk, RateLimit, Refusal, Request
from edge.delivery.wire import Message, Received

PREFIX = "driver-monitor/bus-17/"


def take(name: str, payload: bytes, **properties: Any) -> Request | dict[str, Any] | None:
    """What the desk makes of a request; a refusal as its topic and content."""
    taken = Desk(PREFIX + "response/").take(Received(f"{PREFIX}request/{name}", payload, **properties))
    return {"topic": taken.topic, **json.loads(taken.payload)} if isinstance(taken, Message) else taken


def test_a_request_is_taken_with_its_id() -> None:
    assert take("status", b'{"id":"7"}') == Request("status", "7", PREFIX + "response/status")


def test_response_topic_and_correlation_data_are_respected() -> None:
    taken = take("status", b'{"id":"7"}', response_topic="desk/4/answers", correlation=b"\x01")
    assert taken == Request("status", "7", "desk/4/answers", correlation=b"\x01")


THERE_ARE = "there are status, bundle-info, mute-alerts."
NO_OBJECT = 'a request is a JSON object such as {"id": "1"}; this is none.'
TOO_LONG = "a request has 1024 bytes at most; leave out what is not asked for."
NO_ID = "'id' must be 1 to 64 printable characters (ASCII); give the request one."
NO_MINUTES = "'minutes' must be a number from 0 to 30; 0 ends a pause."


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("reboot", b'{"id":"7"}', f"'reboot' is no command; {THERE_ARE}"),
        ("image", b'{"id":"7"}', f"'image' is no command; {THERE_ARE}"),
        ("../../event", b'{"id":"7"}', f"'event' is no command; {THERE_ARE}"),
        ("\u2603" * 50, b'{"id":"7"}', f"this is no command; {THERE_ARE}"),
        ("status", b"", NO_OBJECT),
        ("status", b"\xff\xfe", NO_OBJECT),
        ("status", b"[" * 1000, NO_OBJECT),
        ("status", b"[1]", NO_OBJECT),
        ("status", b'{"id":"7","pad":"' + b"x" * 2000 + b'"}', TOO_LONG),
        ("status", b"{}", NO_ID),
        ("status", b'{"id":7}', NO_ID),
        ("status", b'{"id":""}', NO_ID),
        ("status", b'{"id":"a\\nb"}', NO_ID),
        ("status", b'{"id":"7","rules":{}}', "'rules' is not known here; leave it out."),
        ("status", b'{"id":"7","minutes":5}', "'minutes' is not known here; leave it out."),
        ("mute-alerts", b'{"id":"7","minutes":5,"also":1}', "'also' is not known here; leave it out."),
        ("mute-alerts", b'{"id":"7"}', NO_MINUTES),
        ("mute-alerts", b'{"id":"7","minutes":31}', NO_MINUTES),
        ("mute-alerts", b'{"id":"7","minutes":-1}', NO_MINUTES),
        ("mute-alerts", b'{"id":"7","minutes":true}', NO_MINUTES),
        ("mute-alerts", b'{"id":"7","minutes":"5"}', NO_MINUTES),
        ("mute-alerts", b'{"id":"7","minutes":NaN}', NO_MINUTES),
        ("mute-alerts", b'{"id":"7","minutes":1e999}', NO_MINUTES),
    ],
)
def test_a_wild_request_is_refused_with_its_reason(name: str, payload: bytes, reason: str) -> None:
    refused = take(name, payload)
    assert isinstance(refused, dict)
    assert (refused["ok"], refused["error"]) == (False, reason)
    assert refused["topic"] == PREFIX + "response/" + (name if name in ("status", "mute-alerts") else "refused")


@pytest.mark.parametrize(
    "topic",
    [
        *("a/+", "#", "a\0b", "$SYS/broker", "", "x" * 201),
        *(PREFIX + "event/fatigue", PREFIX + "response", "driver-monitor/bus-18/response/status"),
    ],
)
def test_no_answer_goes_where_it_could_be_taken_for_something_else(topic: str) -> None:
    refused = take("status", b'{"id":"7"}', response_topic=topic)
    assert isinstance(refused, dict)
    assert refused["topic"] == PREFIX + "response/status"
    assert refused["error"] == "the response topic is not allowed; name one of your own, or none."


def test_a_retained_request_is_not_carried_out_again_and_again() -> None:
    refused = take("mute-alerts", b'{"id":"7","minutes":5}', retained=True)
    assert isinstance(refused, dict)
    assert refused["error"] == "a retained request is not carried out; publish it without retain."


def test_alerts_are_muted_for_half_an_hour_at_most() -> None:
    taken = take("mute-alerts", b'{"id":"7","minutes":30}')
    assert isinstance(taken, Request)
    assert taken.minutes == MAX_MINUTES == 30


def test_a_flood_is_left_unanswered_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    desk = Desk(PREFIX + "response/", RateLimit(lambda: now))
    request = Received(PREFIX + "request/status", b'{"id":"7"}')
    assert [desk.take(request) is not None for _ in range(100)] == [True] * BURST + [False] * (100 - BURST)
    now += REFILL_S
    assert [desk.take(request) is not None for _ in range(3)] == [True, False, False]
    said = "there are more requests than 5 and one each 2 s: they are left"
    assert [record.getMessage() for record in caplog.records] == [said] * 2


@given(st.binary(max_size=1200), st.text(max_size=40), st.none() | st.text(max_size=300))
def test_nothing_that_arrives_is_more_than_refused(payload: bytes, name: str, response_topic: str | None) -> None:
    desk = Desk(PREFIX + "response/")
    taken = desk.take(Received(f"{PREFIX}request/{name}", payload, response_topic=response_topic))
    assert isinstance(taken, Request | Message)
    if isinstance(taken, Message):
        assert set(json.loads(taken.payload)) == {"id", "ok", "error"}
        assert len(taken.payload) < 500


class Office:
    """A dispatcher's desk: asks, and keeps what is answered."""

    def __init__(self, port: int) -> None:
        self.answers: list[tuple[str, dict[str, Any], bytes | None]] = []
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "office", protocol=MQTTv5)
        self._client.on_connect = lambda *_: self._client.subscribe([(PREFIX + "response/#", 1), ("office/#", 1)])
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._take
        self._heard: queue.Queue[bool] = queue.Queue()
        self._client.on_publish = lambda _client, _data, _mid, reason, _properties: self._heard.put(reason.value == 0)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(30)

    def ask(self, name: str, payload: bytes, response_topic: str | None = None) -> bool:
        """Whether anybody listened: the broker says that, too."""
        properties = Properties(PacketTypes.PUBLISH)
        if response_topic is not None:
            properties.ResponseTopic = response_topic
            properties.CorrelationData = b"\x00\xff"
        self._client.publish(PREFIX + "request/" + name, payload, 1, properties=properties)
        return self._heard.get(timeout=30)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: Any, _data: Any, message: Any) -> None:
        correlation = getattr(message.properties, "CorrelationData", None)
        self.answers.append((message.topic, json.loads(message.payload), correlation))


@pytest.fixture
def office(broker) -> Iterator[Office]:
    office = Office(broker.port)
    yield office
    office.close()


def test_over_a_broker_a_request_is_answered_where_it_asks_for_it(broker, office: Office, publish: Callable) -> None:
    vehicle = publish(broker.port, commands=True)
    wait_for(lambda: office.ask("status", b'{"id":"1"}'), "it listens")
    office.ask("status", b'{"id":"2"}', "office/answers")
    office.ask("open-door", b'{"id":"3"}')
    wait_for(lambda: len(vehicle._requests) == 2, "both arrive")
    for request in list(vehicle.requests()):
        vehicle.answer(request, {"frames": 3} if request.id == "1" else Refusal("no."))
    wait_for(lambda: len(office.answers) == 3, "all are answered")
    no_command = "'open-door' is no command; there are status, bundle-info, mute-alerts."
    assert sorted(office.answers, key=lambda answer: answer[1]["id"]) == [
        (PREFIX + "response/status", {"id": "1", "ok": True, "result": {"frames": 3}}, None),
        ("office/answers", {"id": "2", "ok": False, "error": "no."}, b"\x00\xff"),
        (PREFIX + "response/refused", {"id": "3", "ok": False, "error": no_command}, None),
    ]


def test_commands_are_off_by_default(broker, office: Office, publish: Callable) -> None:
    vehicle = publish(broker.port)
    wait_for(lambda: vehicle.stats().connected, "it connects")
    assert not office.ask("status", b'{"id":"1"}')
    assert office.answers == []
