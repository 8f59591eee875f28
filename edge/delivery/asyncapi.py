"""The AsyncAPI 3 document of every topic: `driver-monitor schema asyncapi` prints it, and it is docs/asyncapi.yaml."""

from __future__ import annotations

from typing import Any, get_args

from edge.delivery.command import MAX_REQUEST
from edge.delivery.message import MAX_PAYLOAD
from edge.delivery.schema import VEHICLE, event_schema
from edge.delivery.schema_command import refusal_schema, request_schema, response_schema
from edge.delivery.schema_status import availability_schema, status_schema
from edge.delivery.topics import Topics
from edge.delivery.wire import JSON
from edge.records import CAUSES, CommandName

VERSION = "1.0.0"
"""Of the contract: the schema of the event, the topics and the commands together."""
_TOPICS = Topics("{vehicle}")


def asyncapi() -> dict[str, Any]:
    """The document, as seen from the vehicle: it sends events and receives requests."""
    channels, operations = {}, {}
    for signal in CAUSES:
        name = f"event-{signal}"
        channels[name] = _channel(
            _TOPICS.event(signal), "event", f"QoS 1, never retained, at most {MAX_PAYLOAD} bytes, in order."
        )
        operations[name] = _operation("send", name, "event", qos=1, retain=False)
    for name, text, qos in (
        ("availability", "QoS 1, retained; `offline` is the last will. User property: session.", 1),
        ("status", "QoS 0, retained, every mqtt.status_interval_s.", 0),
    ):
        channels[name] = _channel(f"driver-monitor/{{vehicle}}/{name}", name, text)
        operations[name] = _operation("send", name, name, qos=qos, retain=True)
    for command in get_args(CommandName):
        ask, reply = f"request-{command}", f"response-{command}"
        topic = f"driver-monitor/{{vehicle}}/request/{command}"
        text = f"Only with mqtt.commands: true. At most {MAX_REQUEST} bytes; retained ones are refused."
        channels[ask] = _channel(topic, ask, text)
        channels[reply] = _channel(_TOPICS.response + command, reply, "Or at the request's MQTT 5 response topic.")
        operations[ask] = {
            **_operation("receive", ask, ask, qos=1, retain=False),
            "reply": {
                "channel": {"$ref": f"#/channels/{reply}"},
                "messages": [{"$ref": f"#/channels/{reply}/messages/{reply}"}],
            },
        }
    channels["response-refused"] = _channel(_TOPICS.response + "refused", "refusal", "To what is no command.")
    operations["refuse"] = _operation("send", "response-refused", "refusal", qos=0, retain=False)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "driver-monitor",
            "version": VERSION,
            "description": "What a vehicle says over MQTT 5, and what it can be asked. No image ever leaves it.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "channels": channels,
        "operations": operations,
        "components": {"messages": _messages()},
    }


def _messages() -> dict[str, Any]:
    correlation = {"correlationId": {"description": "`id`.", "location": "$message.payload#/id"}}
    return {
        "event": _message("Start, update or end of something noticed.", event_schema(), _properties("schema")),
        "availability": {
            **_message("A plain word.", availability_schema(), _properties("session")),
            "contentType": "text/plain",
        },
        "status": _message("What the daemon says of itself.", status_schema()),
        **{
            f"request-{name}": _message(f"Asks for {name}.", request_schema(name), correlation)
            for name in get_args(CommandName)
        },
        **{
            f"response-{name}": _message(f"Answers {name}.", response_schema(name), correlation)
            for name in get_args(CommandName)
        },
        "refusal": _message("Refuses what is no command.", refusal_schema(), correlation),
    }


def _message(summary: str, schema: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    payload = {name: part for name, part in schema.items() if name != "$schema"}
    return {"summary": summary, **(more or {}), "payload": payload}


def _properties(name: str) -> dict[str, Any]:
    """MQTT 5 user properties are an AsyncAPI message's headers."""
    return {"headers": {"type": "object", "properties": {name: {"type": "string", "pattern": "^[0-9]+$"}}}}


def _channel(address: str, message: str, description: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "parameters": {"vehicle": {"description": f"`vehicle` of the configuration: {VEHICLE}"}},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operation(action: str, channel: str, message: str, *, qos: int, retain: bool) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
        "bindings": {"mqtt": {"qos": qos, "retain": retain, "bindingVersion": "0.2.0"}},
    }
