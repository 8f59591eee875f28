"""The subscriber with its own store: what arrived, in which order, when."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packets import CONNACK, PUBLISH, SUBACK, Packets, connect, puback, read_publish, subscribe

BUFFER = 8 * 1024 * 1024
"""Bytes that a broker can get rid of before it dies, even while this process is not given the processor."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """`at`: monotonic seconds."""

    at: float
    topic: str
    payload: bytes

    @property
    def vehicle(self) -> str:
        return self.topic.split("/")[1]


class Receiver:
    """Subscribed with QoS 1 whenever the broker is there, with a session at it; everything goes to `file` first.

    A library would drop what it has not read yet as soon as it cannot write an acknowledgement to a broker that was
    killed; this reads to the end.
    """

    def __init__(self, port: int, file: Path) -> None:
        self.subscribed = threading.Event()
        self.arrivals: list[Arrival] = []
        self._file = file.open("ab", buffering=0)
        self._port = port
        self._over = False
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over = True
        self._thread.join(10)
        self._file.close()

    def _run(self) -> None:
        while not self._over:
            with suppress(OSError), socket.socket() as broker:
                broker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                broker.settimeout(0.2)
                broker.connect(("127.0.0.1", self._port))
                broker.sendall(connect("fleet-log", 3600))
                self._listen(broker)
            self.subscribed.clear()
            time.sleep(0.02)

    def _listen(self, broker: socket.socket) -> None:
        packets = Packets()
        while not self._over:
            try:
                data = broker.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return
            for packet in packets.feed(data):
                self._take(packet, broker)

    def _take(self, packet: bytes, broker: socket.socket) -> None:
        kind = packet[0] >> 4
        if kind == SUBACK:
            self.subscribed.set()
        answer = subscribe("driver-monitor/#") if kind == CONNACK else b""
        if kind == PUBLISH:
            published = read_publish(packet)
            if not published.retained:
                self._file.write(published.topic.encode() + b" " + published.payload + b"\n")
                self.arrivals.append(Arrival(time.monotonic(), published.topic, published.payload))
            answer = puback(published.identifier) if published.identifier is not None else b""
        if answer:
            with suppress(OSError):
                broker.sendall(answer)
