"""What a vehicle says to its broker, byte by byte: a tap on the connection, and MQTT 5 (OASIS, 2019) read strictly.

Every byte must belong to a control packet, and every byte of a packet to a field of it; else `ValueError`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 10, 12, 14
BYTE, TWO, FOUR, VARIABLE, TEXT, PAIR = "byte", "two", "four", "variable", "text", "pair"
_PROPERTIES = {
    1: BYTE, 2: FOUR, 3: TEXT, 8: TEXT, 9: TEXT, 11: VARIABLE, 17: FOUR, 21: TEXT, 22: TEXT, 23: BYTE, 24: FOUR,
    25: BYTE, 31: TEXT, 33: TWO, 34: TWO, 35: TWO, 38: PAIR, 39: FOUR,
}  # fmt: skip
"""Kind of each property that a client may send, by its number (section 2.2.2.2)."""


class Tap:
    """Passes a vehicle's connections on to the broker and back; `sent` is what the vehicle said, one a connection."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.sent: list[bytearray] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                vehicle, _ = self._server.accept()
                broker = socket.create_connection(("127.0.0.1", self._broker_port))
                said = bytearray()
                self.sent.append(said)
                threading.Thread(target=_pass_on, args=(vehicle, broker, said), daemon=True).start()
                threading.Thread(target=_pass_on, args=(broker, vehicle, bytearray()), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, said: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            said += data
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@dataclass
class Packet:
    """One control packet; `texts` are the strings of a CONNECT or a SUBSCRIBE, by what they are."""

    kind: int
    topic: str = ""
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    properties: list[tuple[int, Any]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def read_packets(stream: bytes) -> Iterator[Packet]:
    """The packets of one connection, from a client to its broker."""
    rest = _Bytes(stream)
    while rest.left:
        head = rest.take(1)[0]
        yield _packet(head >> 4, head & 15, _Bytes(rest.take(rest.variable())))


def _packet(kind: int, flags: int, body: _Bytes) -> Packet:
    packet = Packet(kind)
    if kind == PUBLISH:
        packet.qos, packet.retain = flags >> 1 & 3, bool(flags & 1)
        packet.topic = body.text()
        if packet.qos:
            body.take(2)
        packet.properties = body.properties()
        packet.payload = body.take(body.left)
        return packet
    if flags != (2 if kind in (SUBSCRIBE, UNSUBSCRIBE) else 0):
        raise ValueError(f"packet {kind} has the flags {flags}")
    if kind == CONNECT:
        _connect(packet, body)
    elif kind in (SUBSCRIBE, UNSUBSCRIBE):
        body.take(2)
        packet.properties = body.properties()
        while body.left:
            packet.texts[f"filter {len(packet.texts)}"] = body.text()
            body.take(1 if kind == SUBSCRIBE else 0)
    elif kind == PUBACK:
        body.take(2)
        if body.left:
            body.take(1)
        if body.left:
            packet.properties = body.properties()
    elif kind == DISCONNECT:
        if body.left:
            body.take(1)
        if body.left:
            packet.properties = body.properties()
    elif kind != PINGREQ:
        raise ValueError(f"a client sends no packet {kind}")
    if body.left:
        raise ValueError(f"{body.left} bytes too many in packet {kind}")
    return packet


def _connect(packet: Packet, body: _Bytes) -> None:
    if body.text() != "MQTT" or body.take(1) != b"\x05":
        raise ValueError("not MQTT 5")
    flags = body.take(1)[0]
    body.take(2)  # keep-alive
    packet.properties = body.properties()
    packet.texts["client"] = body.text()
    if flags & 4:
        packet.properties += body.properties()
        packet.topic, packet.payload = body.text(), body.binary()
        packet.qos, packet.retain = flags >> 3 & 3, bool(flags & 32)
    if flags & 128:
        packet.texts["user"] = body.text()
    if flags & 64:
        packet.texts["password"] = body.text()


class _Bytes:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def take(self, number: int) -> bytes:
        if number > self.left:
            raise ValueError("a packet ends too early")
        self._at += number
        return bytes(self._content[self._at - number : self._at])

    def variable(self) -> int:
        value = 0
        for place in range(4):
            byte = self.take(1)[0]
            value |= (byte & 127) << 7 * place
            if byte < 128:
                return value
        raise ValueError("a length of more than four bytes")

    def binary(self) -> bytes:
        return self.take(int.from_bytes(self.take(2), "big"))

    def text(self) -> str:
        return self.binary().decode()

    def properties(self) -> list[tuple[int, Any]]:
        inner = _Bytes(self.take(self.variable()))
        found: list[tuple[int, Any]] = []
        while inner.left:
            number = inner.variable()
            match _PROPERTIES.get(number):
                case "byte":
                    found.append((number, inner.take(1)[0]))
                case "two":
                    found.append((number, int.from_bytes(inner.take(2), "big")))
                case "four":
                    found.append((number, int.from_bytes(inner.take(4), "big")))
                case "variable":
                    found.append((number, inner.variable()))
                case "text":
                    found.append((number, inner.text()))
                case "pair":
                    found.append((number, (inner.text(), inner.text())))
                case _:
                    raise ValueError(f"no such property: {number}")
        return found
