"""The event on the wire: compact JSON, the same keys in the same order for the same event."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any, get_args

from edge.records import Event, Level, Position, SignalName

MAX_PAYLOAD = 500
"""Bytes: an event costs little on a metered link and fits every broker's limits."""


def encode(event: Event) -> bytes:
    """The event as UTF-8 JSON in the order of its fields; `evidence` only where there is some.

    Position has 5 decimals (1.1 m), speed, age and time 1 to 3: no more than is known. Evidence that would make the
    payload longer than `MAX_PAYLOAD` is left out, the event is not.

    Raises:
        ValueError: a number is not finite.
    """
    content = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    content["position"] = _position(event.position)
    evidence = content.pop("evidence")
    bare = _compact(content)
    if not evidence:
        return bare
    full = _compact({**content, "evidence": {name: round(value, 3) for name, value in evidence.items()}})
    return full if len(full) <= MAX_PAYLOAD else bare


def decode(payload: bytes) -> Event:
    """The event that `encode` wrote; encoded again it gives the same bytes.

    Raises:
        ValueError: this was not written by `encode`.
    """
    try:
        content = json.loads(payload)
        position = content.pop("position")
        event = Event(position=None if position is None else Position(**position), **content)
        datetime.fromisoformat(event.time)
        encode(event)
    except (TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise ValueError("not an event") from None
    if event.signal not in get_args(SignalName) or event.level not in get_args(Level):
        raise ValueError("an event of no known signal or level")
    return event


def _position(position: Position | None) -> dict[str, Any] | None:
    if position is None:
        return None
    return {
        "latitude": round(position.latitude, 5),
        "longitude": round(position.longitude, 5),
        "speed": None if position.speed is None else round(position.speed, 1),
        "fix": position.fix,
        "age": round(position.age, 1),
    }


def _compact(content: dict[str, Any]) -> bytes:
    return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
