"""A broker in memory that stands for the network: it takes what a publisher sends, acknowledges what a test lets it.

It checks nothing and keeps nothing; what a real one does is tested with mosquitto.
"""

from __future__ import annotations

import dataclasses
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sample_events import EVENT

from edge.config import MqttConfig
from edge.delivery.connection import BrokerError, UnreachableError
from edge.delivery.message import decode
from edge.delivery.publisher import Publisher
from edge.delivery.wire import Message, Received
from edge.records import Event

DEADLINE_S = 30.0
Deliver = Callable[..., Publisher]
"""Begins a publisher: `deliver(events, **options)`."""


def put(publisher: Publisher, *numbers: int) -> None:
    """Events of these sequences."""
    for sequence in numbers:
        publisher.put(dataclasses.replace(EVENT, sequence=sequence))


class MadeConnection:
    """One connection, in the place of `edge.delivery.connection.Connection`."""

    def __init__(self, broker: MadeBroker, will: Message | None) -> None:
        self.accepted = True
        self.receive_maximum = broker.receive_maximum
        self.unacknowledged: dict[int, float] = {}
        self.will = will
        self.sent: list[Message] = []
        self.ended_in_peace = False
        """Whether it was ended after its last word was acknowledged."""
        self._broker = broker
        self._events: dict[int, Event] = {}
        self._acknowledged: list[int] = []
        self._refused: list[tuple[int, str]] = []
        self._words: list[int] = []
        """What is no event; it is acknowledged when the publisher listens."""
        self._received: list[Received] = []
        self._loss: BrokerError | None = None
        self._alarm, self._bell = socket.socketpair()
        self._bell.setblocking(False)

    @property
    def events(self) -> list[int]:
        """Sequences of the events that were sent, in order."""
        return [event.sequence for event in self._events.values()]

    def acknowledge(self, count: int) -> None:
        """The oldest events that wait for it."""
        for identifier in [one for one in self.unacknowledged if one in self._events][:count]:
            self._accept(identifier)

    def lose(self, error: BrokerError | None = None) -> None:
        self._loss = error or UnreachableError("went away")
        self._alarm.send(b"\0")

    def ask(self, *requests: Received) -> None:
        """These arrive, in this order."""
        self._received += requests
        self._alarm.send(b"\0")

    def publish(self, message: Message) -> int:
        with self._broker.changed:
            self.sent.append(message)
            identifier = len(self.sent)
            if message.qos > 0:
                self.unacknowledged[identifier] = time.monotonic()
                if "/event/" in message.topic:
                    self._events[identifier] = decode(message.payload)
                if "/event/" not in message.topic:
                    self._words.append(identifier)
                    self._alarm.send(b"\0")
                elif self._broker.acknowledges:
                    self._accept(identifier)
            self._broker.changed.notify_all()
        return identifier

    def step(self, timeout: float, wake: socket.socket) -> list[int]:
        if not self._acknowledged and not self._refused and not self._received and not self._loss:
            select.select([wake, self._bell], [], [], timeout)
        with suppress(BlockingIOError):  # before what it rang for is looked at
            self._bell.recv(4096)
        while self._words:
            self._accept(self._words.pop())
        acknowledged, self._acknowledged = self._acknowledged, []
        if self._loss and not acknowledged and not self._refused:
            raise self._loss
        return acknowledged

    def refuse(self, *sequences: int, reason: str = "Not authorized") -> None:
        """The events with these sequences."""
        with self._broker.changed:  # the publisher's thread takes them
            for identifier, event in self._events.items():
                if event.sequence in sequences and self.unacknowledged.pop(identifier, None) is not None:
                    self._refused.append((identifier, reason))
        self._alarm.send(b"\0")

    def refused(self) -> list[tuple[int, str]]:
        with self._broker.changed:
            refused, self._refused = self._refused, []
        return refused

    def received(self) -> list[Received]:
        received, self._received = self._received, []
        return received

    def say_goodbye(self) -> None:
        self.ended_in_peace = len(self.sent) not in self.unacknowledged

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
        self.error: BrokerError = UnreachableError("is not there")
        """Why."""
        self.asked_for: list[tuple[MqttConfig, Any, Any, str, str | None]] = []
        """With what each connection was begun: configuration, password, TLS, name and the topics of requests."""
        self.connections: list[MadeConnection] = []
        self.changed = threading.Condition()

    def connect(
        self,
        config: MqttConfig,
        password: str | None,
        tls: Any,
        client: str,
        will: Message | None = None,
        requests: str | None = None,
    ) -> MadeConnection:
        with self.changed:
            self.asked_for.append((config, password, tls, client, requests))
            self.changed.notify_all()
            if self.absent:
                self.absent -= 1
                raise self.error
            self.connections.append(MadeConnection(self, will))
            return self.connections[-1]

    def wait(self, holds: Callable[[], object]) -> None:
        """Until something holds that a message, or a try to connect, may have made true."""
        with self.changed:
            assert self.changed.wait_for(holds, DEADLINE_S), "it never came"

    @property
    def last(self) -> MadeConnection:
        return self.connections[-1]

    def publisher(self, settings: Mapping[str, Any] | None = None, **options: Any) -> Publisher:
        values = {"host": "127.0.0.1", "port": 1, "reconnect_min_s": 0.01, "reconnect_max_s": 0.02, **(settings or {})}
        return Publisher(MqttConfig.model_validate(values), "bus-17", 42, **options)


def connected(made: MadeBroker) -> bool:
    return bool(made.connections and made.last.sent)
