"""What goes over a connection, and what comes."""

from __future__ import annotations

from dataclasses import dataclass

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Message:
    """What is published; `session` and `schema` travel as the MQTT 5 user properties of these names.

    `expiry_s`: for so many seconds the broker keeps it for a subscriber that is away. `correlation`: what the request
    that is answered said of itself.
    """

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    session: int | None = None
    schema: int | None = None
    content_type: str | None = None
    expiry_s: int | None = None
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived for this vehicle, with the MQTT 5 properties that ask for an answer."""

    topic: str
    payload: bytes
    retained: bool = False
    response_topic: str | None = None
    correlation: bytes | None = None
