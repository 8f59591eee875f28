"""The JSON Schemas of what the vehicle says of itself: status and availability. Nothing of the driver has a place here.

Written by hand, as is the event's; a test holds them against what the daemon sends.
"""

from __future__ import annotations

from typing import Any, get_args

from edge.delivery.schema import OF_SESSION
from edge.records import TimeSource

AVAILABILITY = ("online", "offline", "stopped")
"""The words on the topic; the payload is the plain word and no JSON."""
PROBLEMS = ("stuck", "camera", "dark", "slow", "late", "unseen", "alarms", "board", "disk", "memory", "broker",
            "dropped", "gps", "clock")  # fmt: skip
"""What may be wrong, the worst first; docs/operations.md says what each means."""
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_COUNT = {"type": "integer", "minimum": 0}


def availability_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the payload, taken as a string."""
    return {
        "$schema": _DRAFT,
        "title": "Driver monitor availability",
        "description": "offline: the connection was lost; stopped: it ended as it should.",
        "enum": list(AVAILABILITY),
    }


def status_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one status."""
    gap = _object(
        {"session": _COUNT, "first": _COUNT, "last": _COUNT}, "Events of a session that were dropped, first to last."
    )
    outbox = {
        "waiting": {**_COUNT, "description": "Events that the broker has not acknowledged."},
        "sent": {**_COUNT, "description": "Events acknowledged since the start."},
        "dropped": {**_COUNT, "description": "Events that went undelivered, for want of room or by age."},
    }
    gps = {
        "connected": {"type": "boolean", "description": "Whether gpsd answers."},
        "fix": {"enum": ["none", "2d", "3d"], "description": "Kind of fix."},
        "age": {"type": ["number", "null"], "minimum": 0, "description": "Seconds since the last place was told."},
        "satellites": {"type": ["integer", "null"], "minimum": 0, "description": "Satellites used."},
    }
    digits = {"type": "string", "pattern": "^[0-9a-f]{8}$", "description": "The first 8 digits of the file's hash."}
    model = _object({"version": {"type": "string"}, "sha256": digits}, "")
    properties = {
        "version": {"type": "string", "description": "Version of the program."},
        "session": {**_COUNT, "description": OF_SESSION},
        "frames": {**_COUNT, "description": "Frames seen since the start."},
        "frames_per_second": {
            "type": ["number", "null"],
            "minimum": 0,
            "description": "Over the last 900, 60 s at most.",
        },
        "missed": {**_COUNT, "description": "Frames that the camera gave and nobody looked at, since the start."},
        "camera_faults": {**_COUNT, "description": "How often no frame came in time."},
        "latency_ms": {
            "type": ["array", "null"],
            "items": _COUNT,
            "minItems": 2,
            "maxItems": 2,
            "description": "From capture to decision, of the same frames: median and 95th percentile.",
        },
        "seen": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
            "description": "Share of them with an eye in sight.",
        },
        "problems": {
            "type": "array",
            "items": {"enum": list(PROBLEMS)},
            "uniqueItems": True,
            "description": "What is wrong, the worst first.",
        },
        "temperature": {"type": ["integer", "null"], "description": "Of the board, degrees Celsius."},
        "memory_mb": {"type": ["integer", "null"], "minimum": 0, "description": "Held by the daemon and its children."},
        "outbox": {
            **_object(outbox, "Where delivery stands."),
            "properties": {**outbox, "gaps": {"type": "array", "items": gap, "maxItems": 10}},
        },
        "time_source": {
            "enum": [*get_args(TimeSource), None],
            "description": "The clock that events are stamped by now.",
        },
        "gps": {"anyOf": [_object(gps, "How the receiver is."), {"type": "null"}]},
        "models": {
            "type": "object",
            "additionalProperties": model,
            "description": "The models in use, by task.",
        },
    }
    return {
        "$schema": _DRAFT,
        "title": "Driver monitor status",
        **_object(properties, "What the daemon says of itself; nothing of the driver is in it."),
    }


def _object(properties: dict[str, Any], description: str) -> dict[str, Any]:
    content = {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }
    return {**content, "description": description} if description else content
