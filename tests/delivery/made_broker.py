"""A broker in memory that stands for the network: it takes what a publisher sends, acknowledges what a test lets it.

It checks nothing and keeps nothing; what a real one does is tested with mosquitto.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from edge.config import MqttConfig
from edge.delivery.connection import UnreachableError
from edge.delivery.message import decode
from edge.delivery.publisher import Publisher
from edge.delivery.wire import Message, Received
from edge.records import Event

DEADLINE_S = 30.0


class MadeConnection:
    """One connection, in the place of `edge.delivery.connection.Connection`."""

    def __init__(self, broker: MadeBroker, will: Message | None) -> None:
        self.accepted = True
        self.receive_maximum = broker.receive_maximum
        self.unacknowledged: dict[int, float] = {}
        self.will = will
        self.sent: list[Message] = []
        self.ended_in_peace = False
        self._broker = broker
        self._events: dict[int, Event] = {}
        self._acknowledged: list[int] = []
        self._is_lost = False
        self._alarm, self._bell = socket.socketpair()

    @property
    def events(self) -> list[int]:
        """Sequences of the events that were sent, in order."""
        return [event.sequence for event in self._events.values()]

    def acknowledge(self, count: int) -> None:
        """The oldest events that wait for it."""
        for identifier in [one for one in self.unacknowledged if one in self._events][:count]:
            self._accept(identifier)

    def lose(self) -> None:
        self._is_lost = True
        self._alarm.send(b"\0")

    def publish(self, message: Message) -> int:
        with self._broker.changed:
            self.sent.append(message)
            identifier = len(self.sent)
            if message.qos > 0:
                self.unacknowledged[identifier] = time.monotonic()
                if "/event/" in message.topic:
                    self._events[identifier] = decode(message.payload)
                if "/event/" not in message.topic or self._broker.acknowledges:
                    self._accept(identifier)
            self._broker.changed.notify_all()
        return identifier

    def step(self, timeout: float, wake: socket.socket) -> list[int]:
        if not self._acknowledged and not self._is_lost:
            select.select([wake, self._bell], [], [], timeout)
        acknowledged, self._acknowledged = self._acknowledged, []
        if self._is_lost and not acknowledged:
            raise UnreachableError("went away")
        return acknowledged

    def received(self) -> list[Received]:
        return []

    def say_goodbye(self) -> None:
        self.ended_in_peace = True

    def close(self) -> None:
        self._alarm.close()
        self._bell.close()

    def _accept(self, identifier: int) -> None:
        self.unacknowledged.pop(identifier)
        self._acknowledged.append(identifier)
        self._alarm.send(b"\0")


class MadeBroker:
    def __init__(self) -> None:
        self.receive_maximum = 65535
        self.acknowledges = True
        self.absent = 0
        """So many times more it cannot be reached."""
        self.connections: list[MadeConnection] = []
        self.changed = threading.Condition()

    def connect(
        self,
        _config: MqttConfig,
        _password: Any,
        _tls: Any,
        _client: str,
        will: Message | None = None,
        _asks: Any = None,
    ) -> MadeConnection:
        if self.absent:
            self.absent -= 1
            raise UnreachableError("is not there")
        with self.changed:
            self.connections.append(MadeConnection(self, will))
            self.changed.notify_all()
        return self.connections[-1]

    def wait(self, holds: Callable[[], object]) -> None:
        """Until something holds that a message, or a new connection, may have made true."""
        with self.changed:
            assert self.changed.wait_for(holds, DEADLINE_S), "it never came"

    @property
    def last(self) -> MadeConnection:
        return self.connections[-1]

    def publisher(self, **options: Any) -> Publisher:
        config = MqttConfig(host="127.0.0.1", port=1, reconnect_min_s=0.01, reconnect_max_s=0.02)
        return Publisher(config, "bus-17", 42, **options)
