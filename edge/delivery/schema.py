"""The JSON Schema of the event, for whoever receives it: `driver-monitor schema event` prints it.

Written by hand, as it is a contract; the names and their allowed values are those of `edge.records`.
"""

from __future__ import annotations

from typing import Any, get_args

from edge.records import CAUSES, Cause, Level, Phase, SignalName, TimeSource

TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
OF_SESSION = "Another one after each start of the daemon; it rises, but for starts on a read-only disk."
VEHICLE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"


def event_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one event as it is published."""
    properties = {
        "schema": {"const": 1, "description": "Version of this schema."},
        "id": {"type": "string", "format": "uuid", "description": "Shared by all events of an episode."},
        "vehicle": {"type": "string", "pattern": VEHICLE, "description": "Name of the vehicle."},
        "session": {"type": "integer", "minimum": 0, "description": OF_SESSION},
        "sequence": {"type": "integer", "minimum": 1, "description": "Order of the events of a session, from 1."},
        "signal": _one_of(SignalName, "What was noticed."),
        "cause": _one_of(Cause, "By what it was noticed."),
        "level": _one_of(Level, "How urgent it is."),
        "phase": _one_of(Phase, "start, update (the level or cause rose) or end of the episode."),
        "time": {"type": "string", "format": "date-time", "pattern": TIME, "description": "When it happened, in UTC."},
        "time_source": _one_of(TimeSource, "The clock that `time` is from."),
        "position": {"anyOf": [_position(), {"type": "null"}], "description": "Where; null without a fix."},
        "historical": {"type": "boolean", "description": "Sent more than 60 s after it happened."},
    }
    evidence = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "number"},
        "description": "Numbers behind the decision; only where the operator asked for them.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Driver monitor event",
        "description": "Start, update or end of something noticed about the driver, or of a time of not seeing him.",
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": {**properties, "evidence": evidence},
        "allOf": [
            {
                "if": {"properties": {"signal": {"const": signal}}},
                "then": {"properties": {"cause": {"enum": list(causes)}}},
            }
            for signal, causes in CAUSES.items()
        ],
    }


def _one_of(literal: Any, description: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(get_args(literal)), "description": description}


def _position() -> dict[str, Any]:
    properties = {
        "latitude": {"type": "number", "minimum": -90, "maximum": 90, "description": "Degrees north, WGS 84."},
        "longitude": {"type": "number", "minimum": -180, "maximum": 180, "description": "Degrees east, WGS 84."},
        "speed": {"type": ["number", "null"], "minimum": 0, "description": "Metres per second over ground."},
        "fix": {"type": "string", "enum": ["2d", "3d"], "description": "Kind of fix."},
        "age": {"type": "number", "minimum": 0, "description": "Seconds since the fix when the event happened."},
    }
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}
