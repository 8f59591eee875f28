"""docs/asyncapi.yaml says what the code does: every topic, every payload."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml
from sample_events import EVENT, LONGEST

from edge.delivery.asyncapi import asyncapi
from edge.delivery.asyncapi_text import asyncapi_text
from edge.delivery.command import Desk, Refusal, Request, answer, refuse
from edge.delivery.message import encode
from edge.delivery.topics import Topics
from edge.delivery.wire import Received
from edge.records import CAUSES, CommandName

FILE = Path(__file__).resolve().parents[2] / "docs" / "asyncapi.yaml"


def payload_of(channel: str) -> dict[str, Any]:
    """The schema of the one message of a channel, found as a reader of the document finds it."""
    document = yaml.safe_load(FILE.read_text())
    (reference,) = document["channels"][channel]["messages"].values()
    return document["components"]["messages"][reference["$ref"].rpartition("/")[2]]["payload"]


def test_the_file_is_what_the_code_says() -> None:
    assert FILE.read_text() == asyncapi_text(), "run driver-monitor schema asyncapi > docs/asyncapi.yaml"


def test_every_topic_is_there_and_none_that_is_not() -> None:
    topics = Topics("{vehicle}")
    expected = {topics.event(signal) for signal in CAUSES} | {topics.availability, topics.status}
    for name in get_args(CommandName):
        expected |= {topics.requests.replace("+", name), topics.response + name}
    expected.add(topics.response + "refused")
    assert {channel["address"] for channel in asyncapi()["channels"].values()} == expected


def test_every_channel_has_its_operation_and_every_answer_its_request() -> None:
    document = asyncapi()
    used = {one["channel"]["$ref"] for one in document["operations"].values()}
    used |= {one["reply"]["channel"]["$ref"] for one in document["operations"].values() if "reply" in one}
    assert used == {f"#/channels/{name}" for name in document["channels"]}


@pytest.mark.parametrize("event", [EVENT, LONGEST])
def test_events_are_as_it_says(event) -> None:
    jsonschema.Draft202012Validator(payload_of(f"event-{event.signal}")).validate(json.loads(encode(event)))


@pytest.mark.parametrize("word", ["online", "offline", "stopped"])
def test_availability_is_as_it_says(word: str) -> None:
    jsonschema.Draft202012Validator(payload_of("availability")).validate(word)


REQUESTS = {
    "status": b'{"id":"1"}',
    "bundle-info": b'{"id":"1"}',
    "mute-alerts": b'{"id":"1","minutes":10}',
}


@pytest.mark.parametrize("name", get_args(CommandName))
def test_what_it_lets_be_asked_is_taken_and_answered_as_it_says(name: str) -> None:
    schema = jsonschema.Draft202012Validator(payload_of(f"request-{name}"))
    schema.validate(json.loads(REQUESTS[name]))
    taken = Desk("driver-monitor/bus-17/response/").take(Received(f"x/request/{name}", REQUESTS[name]))
    assert isinstance(taken, Request)
    told = jsonschema.Draft202012Validator(payload_of(f"response-{name}"))
    told.validate(json.loads(refuse(taken, Refusal("no.")).payload))
    if name == "mute-alerts":
        told.validate(json.loads(answer(taken, {"minutes": 10}).payload))
    for wild in ({}, {"id": "1", "image": True}, {"id": 1}):
        assert not schema.is_valid(wild)


def test_the_document_is_valid_asyncapi() -> None:
    """Against the schema of its makers, the npm package @asyncapi/specs: `make asyncapi` fetches it."""
    given = os.environ.get("ASYNCAPI_SCHEMA")
    if not given:
        pytest.skip("ASYNCAPI_SCHEMA names no file: run «make asyncapi»")
    jsonschema.Draft7Validator(json.loads(Path(given).read_text())).validate(yaml.safe_load(FILE.read_text()))
