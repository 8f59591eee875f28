"""As much of MQTT 5 as the campaign's proxy and receiver need, and nothing of the client library that vehicles use."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9


class Packets:
    """Cuts a stream of bytes into control packets."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that are complete by now."""
        self._rest += data
        while (size := self._size()) and len(self._rest) >= size:
            packet, self._rest = self._rest[:size], self._rest[size:]
            yield packet

    def _size(self) -> int | None:
        if len(self._rest) < 2:
            return None
        length, end = read_number(self._rest, 1)
        return None if end == 0 else end + length


@dataclass(frozen=True, slots=True)
class Published:
    """`identifier` is None with QoS 0."""

    topic: str
    payload: bytes
    identifier: int | None
    retained: bool


def read_number(data: bytes, place: int) -> tuple[int, int]:
    """A number of variable length and the place behind it; 0 as place where it is not complete."""
    value = 0
    for count, byte in enumerate(data[place : place + 4]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    return value, 0


def read_publish(packet: bytes) -> Published:
    _, place = read_number(packet, 1)
    (length,) = struct.unpack_from(">H", packet, place)
    topic = packet[place + 2 : place + 2 + length].decode()
    place += 2 + length
    identifier = None
    if packet[0] & 0b110:
        (identifier,) = struct.unpack_from(">H", packet, place)
        place += 2
    properties, place = read_number(packet, place)
    return Published(topic, packet[place + properties :], identifier, bool(packet[0] & 1))


def connect(client: str, session_s: int) -> bytes:
    """Taking up the session of that name, which the broker keeps for so long; no keep-alive."""
    properties = struct.pack(">BI", 0x11, session_s)
    return _packet(0x10, _text("MQTT") + bytes([5, 0, 0, 0, len(properties)]) + properties + _text(client))


def subscribe(topic: str) -> bytes:
    """With QoS 1."""
    return _packet(0x82, struct.pack(">HB", 1, 0) + _text(topic) + b"\x01")


def puback(identifier: int) -> bytes:
    return _packet(0x40, struct.pack(">H", identifier))


def _packet(kind: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()
