"""The JSON Schemas of the fleet's requests and their answers.

Written by hand, as is the event's; tests hold them against what the vehicle takes and sends.
"""

from __future__ import annotations

from typing import Any

from edge.delivery.command import MAX_MINUTES
from edge.delivery.schema_status import status_schema
from edge.records import CommandName

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_ID = {
    "type": "string",
    "pattern": "^[ -~]{1,64}$",
    "description": "Chosen by whoever asks; it stands in the answer, too.",
}


def request_schema(name: CommandName) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a request."""
    properties: dict[str, Any] = {"id": _ID}
    if name == "mute-alerts":
        properties["minutes"] = _minutes()
    return {"$schema": _DRAFT, "title": f"Request {name}", **_object(properties)}


def response_schema(name: CommandName) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the answer where it was carried out or refused."""
    result = {"status": _status, "bundle-info": _bundle_info, "mute-alerts": _muted}[name]()
    done = _object({"id": _ID, "ok": {"const": True}, "result": result})
    return {"$schema": _DRAFT, "title": f"Response {name}", "oneOf": [done, _refused()]}


def refusal_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the answer to what is no command."""
    return {"$schema": _DRAFT, "title": "Refusal", **_refused()}


def _refused() -> dict[str, Any]:
    error = {"type": "string", "description": "Why, and what to do: one sentence."}
    return _object({"id": {"anyOf": [_ID, {"type": "null"}]}, "ok": {"const": False}, "error": error})


def _minutes() -> dict[str, Any]:
    text = "For how long alarms in the vehicle are silent, but for critical ones; 0 ends it."
    return {"type": "number", "minimum": 0, "maximum": MAX_MINUTES, "description": text}


def _muted() -> dict[str, Any]:
    return _object({"minutes": _minutes()})


def _status() -> dict[str, Any]:
    return {name: part for name, part in status_schema().items() if name != "$schema"}


def _bundle_info() -> dict[str, Any]:
    text = {"type": "string"}
    count = {"type": "integer", "minimum": 0}
    return _object(
        {
            "version": text,
            "python": text,
            "machine": text,
            "session": count,
            "uptime_s": count,
            "configuration_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "disk_free_mb": {"type": ["integer", "null"], "minimum": 0},
            "last_error": {"type": ["string", "null"], "description": "Why there was no connection, the last time."},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }
