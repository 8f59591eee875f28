"""The bounds of a request from the fleet, and what a refusal and an answer hold."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from edge.delivery.command import BURST, REFILL_S, Desk, RateLimit, Request, answer
from edge.delivery.wire import Message, Received

PREFIX = "driver-monitor/bus-17/"


def take(payload: bytes, name: str = "status", **properties: Any) -> Request | Message | None:
    return Desk(PREFIX + "response/").take(Received(f"{PREFIX}request/{name}", payload, **properties))


def refusal(payload: bytes, name: str = "status", **properties: Any) -> dict[str, Any]:
    taken = take(payload, name, **properties)
    assert isinstance(taken, Message)
    return json.loads(taken.payload)


def test_a_request_may_be_as_long_as_it_is_said() -> None:
    request = b'{"id":"7"}'
    assert isinstance(take(request.ljust(1024)), Request)
    assert isinstance(take(request.ljust(1025)), Message)


def test_an_id_has_up_to_64_characters() -> None:
    assert isinstance(take(b'{"id":"%s"}' % (b"x" * 64)), Request)
    assert isinstance(take(b'{"id":"%s"}' % (b"x" * 65)), Message)


@pytest.mark.parametrize("topic", ["x" * 200, "x", PREFIX + "response/office", "driver-monitor"])
def test_an_answer_may_go_to_any_topic_of_ones_own(topic: str) -> None:
    assert take(b'{"id":"7"}', response_topic=topic) == Request("status", "7", topic)


@pytest.mark.parametrize("minutes", [0, 0.5, 30])
def test_alerts_can_be_muted_for_any_time_up_to_the_longest_or_not_at_all(minutes: float) -> None:
    taken = take(b'{"id":"7","minutes":%s}' % str(minutes).encode(), "mute-alerts")
    assert isinstance(taken, Request)
    assert taken.minutes == minutes


def test_the_name_of_what_is_not_known_is_cut_off() -> None:
    assert refusal(b'{"id":"7","%s":1}' % (b"a" * 50))["error"] == f"'{'a' * 32}' is not known here; leave it out."


def test_a_refusal_has_the_id_where_there_is_one() -> None:
    assert refusal(b'{"id":"7","rules":{}}')["id"] == "7"
    assert refusal(b'{"id":"7"}', response_topic="#")["id"] == "7"
    assert refusal(b"{}")["id"] is None


def test_a_refusal_goes_where_the_answer_was_asked_for_with_its_correlation_data() -> None:
    taken = take(b'{"id":"7","rules":{}}', response_topic="office/answers", correlation=b"\x01")
    assert isinstance(taken, Message)
    assert (taken.topic, taken.correlation) == ("office/answers", b"\x01")


def test_a_refusal_is_said_in_the_log_too(caplog: pytest.LogCaptureFixture) -> None:
    error = refusal(b"{}")["error"]
    assert [record.getMessage() for record in caplog.records] == [f"a request was refused: {error}"]


def test_an_answer_is_plain_json_that_no_broker_keeps() -> None:
    message = answer(Request("status", "7", "office/answers", correlation=b"\x01"), {"text": "Zürich"})
    assert message.payload == '{"id":"7","ok":true,"result":{"text":"Zürich"}}'.encode()
    assert (message.topic, message.qos, message.retain) == ("office/answers", 0, False)
    assert (message.content_type, message.correlation) == ("application/json", b"\x01")


def test_a_number_that_json_does_not_know_is_never_answered() -> None:
    with pytest.raises(ValueError, match="JSON"):
        answer(Request("status", "7", "office/answers"), {"rate": math.nan})


def test_a_desk_takes_five_requests_at_once_and_no_more() -> None:
    desk = Desk(PREFIX + "response/")
    taken = [desk.take(Received(PREFIX + "request/status", b'{"id":"7"}')) for _ in range(BURST + 1)]
    assert [one is not None for one in taken] == [True] * 5 + [False]


def test_after_a_flood_one_request_is_taken_each_two_seconds() -> None:
    now = 0.0
    limit = RateLimit(lambda: now)
    while limit.admits():
        pass
    taken = []
    for later in (1.0, 1.9, 2.0, 3.9, 4.1, 6.2):
        now = later
        if limit.admits():
            taken.append(later)
    assert taken == [2.0, 4.1, 6.2]


def test_a_quiet_hour_saves_up_no_more_than_five_requests() -> None:
    now = 0.0
    limit = RateLimit(lambda: now)
    for _ in range(2 * BURST):
        limit.admits()
    now += 1800 * REFILL_S
    assert [limit.admits() for _ in range(7)] == [True] * 5 + [False] * 2
