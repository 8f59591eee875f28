from __future__ import annotations

import dataclasses
import io
import json
from typing import get_args

import jsonschema
import pytest
from sample_events import EVENT, LONGEST

from edge.delivery.message import MAX_PAYLOAD, encode
from edge.delivery.schema import event_schema
from edge.delivery.schema_command import refusal_schema, request_schema, response_schema
from edge.delivery.schema_status import availability_schema, status_schema
from edge.delivery.sink import JsonLinesSink
from edge.delivery.topics import Topics
from edge.records import CAUSES, Cause, CommandName, Event, Position, SignalName


def is_valid(content: object) -> bool:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(event_schema(), format_checker=checker).is_valid(content)


def test_an_event_is_the_json_of_the_contract():
    assert encode(EVENT).decode() == (
        '{"schema":1,"id":"0199f2c4-5d18-7cc3-98c4-dc0c0c07398f","vehicle":"bus-17","session":42,"sequence":1031,'
        '"signal":"fatigue","cause":"microsleep","level":"warning","phase":"start","time":"2026-11-20T07:12:03.480Z",'
        '"time_source":"gps","position":{"latitude":45.5017,"longitude":-73.5673,"speed":11.2,"fix":"3d","age":0.4},'
        '"historical":false}'
    )


def test_numbers_are_no_more_exact_than_what_is_known():
    event = dataclasses.replace(LONGEST, evidence={"perclos": 0.21049999})
    content = json.loads(encode(event))
    assert content["position"] == {
        "latitude": -45.12346,
        "longitude": -173.12346,
        "speed": 111.1,
        "fix": "3d",
        "age": 5.0,
    }
    assert content["evidence"] == {"perclos": 0.21}


def test_without_a_fix_position_is_null():
    assert json.loads(encode(dataclasses.replace(EVENT, position=None)))["position"] is None


def test_the_longest_event_keeps_within_the_size():
    assert len(encode(LONGEST)) <= MAX_PAYLOAD


def test_evidence_that_does_not_fit_is_left_out_and_the_event_is_not():
    crowded = dataclasses.replace(LONGEST, evidence={f"number_{n}": n / 7 for n in range(30)})
    assert encode(crowded) == encode(LONGEST)


@pytest.mark.parametrize(("length", "kept"), [(500, True), (501, False)])
def test_evidence_goes_up_to_the_last_byte_that_there_is_room_for(length, kept):
    short = len(encode(dataclasses.replace(EVENT, evidence={"": 1.0})))
    event = dataclasses.replace(EVENT, evidence={"n" * (length - short): 1.0})
    assert len(encode(event)) == (500 if kept else len(encode(EVENT)))


def test_a_number_that_json_does_not_know_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        encode(dataclasses.replace(EVENT, evidence={"perclos": float("nan")}))


@pytest.mark.parametrize(
    "event",
    [
        EVENT,
        LONGEST,
        dataclasses.replace(EVENT, position=None),
        dataclasses.replace(EVENT, position=Position(0.0, 0.0, None, "2d", 0.0)),
        dataclasses.replace(EVENT, evidence={"perclos": 0.21}),
    ],
)
def test_what_is_encoded_is_valid(event):
    assert is_valid(json.loads(encode(event)))


@pytest.mark.parametrize(
    "change",
    [
        {"image": "..."},
        {"schema": 2},
        {"id": "seventeen"},
        {"vehicle": "bus/17"},
        {"sequence": 0},
        {"cause": "sustained"},
        {"level": "loud"},
        {"time": "2026-11-20 07:12"},
        {"position": {"latitude": 91, "longitude": 0, "speed": 0, "fix": "3d", "age": 0}},
        {"position": {"latitude": 9, "longitude": 0, "speed": 0, "fix": "3d", "age": 0, "altitude": 3}},
        {"evidence": {"perclos": "much"}},
    ],
)
def test_what_the_contract_does_not_know_is_invalid(change):
    assert not is_valid(json.loads(encode(EVENT)) | change)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Event) if field.name != "evidence"])
def test_every_field_but_evidence_is_required(field):
    content = json.loads(encode(EVENT))
    del content[field]
    assert not is_valid(content)


def test_the_schema_is_one_itself_and_has_the_fields_of_the_event():
    jsonschema.Draft202012Validator.check_schema(event_schema())
    assert list(event_schema()["properties"]) == [field.name for field in dataclasses.fields(Event)]


def test_every_cause_belongs_to_a_signal():
    assert set(CAUSES) == set(get_args(SignalName))
    assert {cause for causes in CAUSES.values() for cause in causes} == set(get_args(Cause))


@pytest.mark.parametrize(
    "schema",
    [
        *(event_schema(), status_schema(), availability_schema(), refusal_schema()),
        *(schema(name) for schema in (request_schema, response_schema) for name in get_args(CommandName)),
    ],
    ids=lambda schema: schema["title"],
)
def test_every_schema_is_sound_and_says_by_which_draft_it_is_read(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_topics_are_those_of_the_contract():
    topics = Topics("bus-17")
    assert topics.event("fatigue") == "driver-monitor/bus-17/event/fatigue"
    assert topics.availability == "driver-monitor/bus-17/availability"
    assert topics.status == "driver-monitor/bus-17/status"
    assert topics.requests == "driver-monitor/bus-17/request/+"
    assert topics.response == "driver-monitor/bus-17/response/"


def test_lines_are_written_at_once():
    class Pipe(io.StringIO):
        seen = ""

        def flush(self) -> None:
            self.seen = self.getvalue()

    pipe = Pipe()
    JsonLinesSink(pipe).put(EVENT)
    assert pipe.seen == encode(EVENT).decode() + "\n"
