"""Delivery's promise: an event leaves the queue only when the broker has acknowledged it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import math
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.backoff import Backoff
from edge.config import MqttConfig
from edge.delivery.command import Desk, Refusal, Request, answer, refuse
from edge.delivery.connection import BrokerError, ClosedError, Connection, RefusedError, UnreachableError
from edge.delivery.event import parse_time
from edge.delivery.knock import Knock
from edge.delivery.message import encode
from edge.delivery.password import read_password
from edge.delivery.queue import EventQueue, MemoryQueue
from edge.delivery.refusals import Refusals
from edge.delivery.tls import tls_context
from edge.delivery.topics import Topics
from edge.delivery.wire import JSON, Message
from edge.records import Event

WINDOW = 20
"""Events sent and not yet acknowledged; as many may arrive twice after a lost connection."""
REQUESTS = 16
"""Requests and answers that wait at most; the oldest go."""
GAPS_TOLD = 10
"""The newest gaps, told in status."""
HISTORICAL_S = 60.0
"""An event that is sent later than this after it happened is marked historical."""
IDLE_S = 1.0
"""The longest wait between two looks at the keep-alive."""
LIFE_S = 30 * 86_400.0
"""An event's life where no outbox says another."""
STEADY_S = 5.0
"""A connection that held for so long, or for as long as was waited for it, was no failure: the next wait is short."""
FAREWELL_S = 1.0
"""What `close` adds to its timeout at most, to say `stopped`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeliveryStats:
    """Where delivery stands. `sent` are acknowledged in this run; with a queue in memory put is waiting + sent +
    dropped, an outbox brings what waits and the number dropped from runs before. `last_error` is the last reason for
    which there was no connection, a sentence; `refused` what a broker that is connected does not take now, another.
    `gaps` are of what was dropped: session, first and last sequence.
    """

    connected: bool
    waiting: int
    sent: int
    dropped: int
    last_error: str | None
    gaps: tuple[tuple[int, int, int], ...] = ()
    refused: str | None = None


class Publisher:
    """Sends events to the broker from a thread of its own, and keeps those that it cannot send.

    Events come out in order and at least once: after a lost connection the unacknowledged ones are sent again. Those
    of a topic that the broker refuses stay, and the others pass them.
    `session` is told with each availability message. `wall` gives seconds since 1970 UTC,
    `life_s` the seconds from an event to the time when a broker that holds it for someone lets it go. `ready` gives the
    event as it is to be sent, or None while it has to wait, and those behind it with it.

    Raises:
        ConfigError: the password or a certificate cannot be used, or plain text is not allowed.
    """

    def __init__(
        self,
        config: MqttConfig,
        vehicle: str,
        session: int,
        *,
        queue: EventQueue | None = None,
        life_s: float = LIFE_S,
        wall: Callable[[], float] = time.time,
        ready: Callable[[Event], Event | None] = lambda event: event,
    ) -> None:
        self._config = config
        self._password = read_password(config)
        self._tls = tls_context(config)
        self._client_id = f"driver-monitor-{vehicle}"
        self._topics = Topics(vehicle)
        self._session = session
        self._queue = MemoryQueue(config.queue) if queue is None else queue
        self._wall = wall
        self._ready = ready
        self._holds_back = False
        self._life = life_s
        self._sending: dict[int, tuple[int, str]] = {}
        """Ticket and topic of each event that was sent on this connection, by packet identifier."""
        self._refusals = Refusals()
        self._answered = False
        """Whether the broker has taken or refused an event on this connection."""
        self._one_by_one = False
        self._status: bytes | None = None
        self._desk = Desk(self._topics.response) if config.commands else None
        self._requests: deque[Request] = deque(maxlen=REQUESTS)
        self._answers: deque[Message] = deque(maxlen=REQUESTS)
        self._connected = False
        self._accepted_at: float | None = None
        self._has_room = False
        self._sent = 0
        self._last_error: str | None = None
        self._told: str | None = None
        self._dropping = False
        self._dropped_told = self._queue.dropped
        self._closing_by: float | None = None
        self._crashed = False
        self._backoff = Backoff(config.reconnect_min_s, config.reconnect_max_s)
        self._rung = False
        self._alarm, self._bell = socket.socketpair()
        self._alarm.setblocking(False)
        self._bell.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._thread.start()

    def put(self, event: Event) -> None:
        """Take an event; returns at once, whatever the network does."""
        self._queue.put(event)
        if self._has_room:  # otherwise the thread looks by itself when it can send
            self._wake()

    def publish_status(self, status: Mapping[str, Any]) -> None:
        """Publish what the daemon says of itself, retained; while offline only the newest is kept."""
        self._status = json.dumps(status, allow_nan=False, separators=(",", ":")).encode()
        self._wake()

    def requests(self) -> Iterator[Request]:
        """What the fleet asked for since the last call, where the configuration lets it ask."""
        while self._requests:
            yield self._requests.popleft()

    def answer(self, request: Request, result: Mapping[str, Any] | Refusal) -> None:
        """Send the result, or why there is none; lost where the connection is, as whoever asks can ask again."""
        self._answers.append(refuse(request, result) if isinstance(result, Refusal) else answer(request, result))
        self._wake()

    def stats(self) -> DeliveryStats:
        queue = self._queue
        return DeliveryStats(
            self._connected,
            len(queue),
            self._sent,
            queue.dropped,
            self._last_error,
            tuple(queue.gaps[-GAPS_TOLD:]),
            next((self._refusal(*refused) for refused in self._refusals.reasons.items()), None),
        )

    def close(self, timeout: float = 5.0, *, crashed: bool = False) -> None:
        """Send what waits, for up to `timeout` seconds, then say `stopped` and disconnect.

        After a crash nothing is said, and the broker says `offline`. What could not be delivered is still told by
        `stats().waiting`.
        """
        self._crashed = crashed
        self._holds_back = False  # it is asked once more
        self._closing_by = time.monotonic() + timeout
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(timeout + 2 * FAREWELL_S)
        if not self._thread.is_alive():
            self._alarm.close()
            self._bell.close()
        if left := len(self._queue):
            if self._queue.on_disk:
                _log.info("%d events wait in the outbox for the next start", left)
            elif not self._queue.durable:  # else its own end tries once more, and says what it loses
                _log.warning("%d events could not be delivered before the end", left)

    def _run(self) -> None:
        pause = 0.0
        while not self._is_over():
            self._accepted_at = None
            try:
                self._converse()
            except BrokerError as error:
                self._tell_lost(error)
                # Of many that were sent at once nobody knows which one made a broker close it: then they go one by one.
                self._one_by_one = isinstance(error, ClosedError) and bool(self._sending) and not self._answered
                # Not at once after a connection: two clients of one name cut each other off again and again.
                if self._accepted_at is not None and time.monotonic() - self._accepted_at > min(pause, STEADY_S):
                    self._backoff.reset()
                pause = self._backoff.next()
                held = self._accepted_at is not None and not isinstance(error, RefusedError)
                self._pause(pause, Knock(self._config, absent=held or isinstance(error, UnreachableError)))

    def _is_over(self) -> bool:
        """Closing, and out of events that may go or of time."""
        if self._closing_by is None:
            return False
        done = len(self._queue) == 0 or (self._holds_back and not self._sending)
        return done or time.monotonic() > self._closing_by

    def _converse(self) -> None:
        """One connection, until it is lost (BrokerError) or closed because it is over."""
        will = self._availability(b"offline")
        requests = self._topics.requests if self._desk else None
        connection = Connection(self._config, self._password, self._tls, self._client_id, will, requests)
        self._answers.clear()
        try:
            while not self._is_over():
                if connection.accepted:
                    self._send(connection)
                self._acknowledge(connection.step(self._patience(), self._bell))
                self._take_refusals(connection)
                self._take_requests(connection)
                self._hush()
                self._tell_dropping()
            if self._connected and not self._crashed:
                self._say_farewell(connection)
        finally:
            self._connected = self._has_room = False
            connection.close()

    def _send(self, connection: Connection) -> None:
        """Hand over what the window has room for; on a new connection all that is unacknowledged, oldest first."""
        if not self._connected:
            self._accepted_at = time.monotonic()
            self._answered = False
            self._sending.clear()
            connection.publish(self._availability(b"online"))
            self._tell_connected()
            self._connected = True
        status, self._status = self._status, None
        if status is not None:
            connection.publish(Message(self._topics.status, status, qos=0, retain=True, content_type=JSON))
        while self._answers:
            connection.publish(self._answers.popleft())
        self._has_room = True  # before the queue is read: what is put from here on rings
        self._holds_back = False
        window = min(1 if self._one_by_one else WINDOW, connection.receive_maximum)
        while (room := window - len(connection.unacknowledged)) > 0:
            on_the_way = {ticket for ticket, _ in self._sending.values()}
            events = self._queue.oldest(room, on_the_way | self._refusals.tickets)
            if not self._hand_over(connection, events):
                return
            # With nothing else on the way: a refusal may end the connection, and what is behind it would be lost.
            if len(events) < room and (self._sending or not self._refusals.try_one()):
                self._holds_back = bool(self._refusals.tickets)
                return
        self._has_room = False

    def _hand_over(self, connection: Connection, events: Sequence[tuple[int, Event]]) -> bool:
        """Publish them; gives False where one has to wait, and those behind it with it."""
        for ticket, waiting in events:
            event = self._ready(waiting)
            if event is None:
                self._holds_back = True
                return False
            topic = self._topics.event(event.signal)
            if self._refusals.passes(topic, ticket):
                continue
            historical = event.historical or self._wall() - parse_time(event.time) > HISTORICAL_S
            payload = encode(dataclasses.replace(event, historical=historical))
            life_s = self._remaining_life(event)
            message = Message(topic, payload, expiry_s=life_s, schema=event.schema, content_type=JSON)
            self._sending[connection.publish(message)] = ticket, topic
        return True

    def _take_requests(self, connection: Connection) -> None:
        for received in connection.received():
            taken = self._desk.take(received) if self._desk else None
            if isinstance(taken, Request):
                self._requests.append(taken)
            elif taken is not None:
                self._answers.append(taken)

    def _remaining_life(self, event: Event) -> int:
        """Seconds for which the broker keeps it; the whole life where its time says nothing of its age."""
        age = self._wall() - parse_time(event.time)
        return math.ceil(self._life - age if 0 <= age < self._life else self._life)

    def _acknowledge(self, identifiers: list[int]) -> None:
        taken = [self._sending.pop(identifier) for identifier in identifiers if identifier in self._sending]
        if not taken:
            return
        self._sent += self._queue.remove([ticket for ticket, _ in taken])
        self._answered, self._one_by_one = True, False
        for topic in {topic for _, topic in taken}:
            if self._refusals.accept(topic):
                _log.info("the broker at %s takes %s again", self._address, topic)

    def _take_refusals(self, connection: Connection) -> None:
        for identifier, reason in connection.refused():
            if identifier not in self._sending:
                raise RefusedError(f"refuses what is published ({reason})")
            ticket, topic = self._sending.pop(identifier)
            self._answered = True
            if self._refusals.refuse(topic, ticket, reason):
                _log.error("%s It waits and is tried again, the others go.", self._refusal(topic, reason))

    def _refusal(self, topic: str, reason: str) -> str:
        return f"the broker at {self._address} refuses {topic} ({reason}); let it take that topic from this client."

    def _say_farewell(self, connection: Connection) -> None:
        identifier = connection.publish(self._availability(b"stopped"))
        end = time.monotonic() + FAREWELL_S
        while identifier in connection.unacknowledged and (left := end - time.monotonic()) > 0:
            self._acknowledge(connection.step(left, self._bell))
            self._hush()
        connection.say_goodbye()

    def _availability(self, word: bytes) -> Message:
        return Message(self._topics.availability, word, retain=True, session=self._session)

    def _tell_connected(self) -> None:
        self._told = None
        _log.info("connected to the broker at %s; %d events wait", self._address, len(self._queue))
        if self._dropping:
            dropped = self._queue.dropped
            _log.error("%d events were dropped since the last connection", dropped - self._dropped_told)
            self._dropped_told, self._dropping = dropped, False

    def _tell_lost(self, error: BrokerError) -> None:
        self._last_error = f"the broker at {self._address} {error}; {error.mend}."
        if self._told != self._last_error:
            self._told = self._last_error
            _log.log(
                logging.ERROR if isinstance(error, RefusedError) else logging.WARNING,
                "%s It is tried again.",
                self._last_error,
            )

    def _tell_dropping(self) -> None:
        if not self._dropping and self._queue.dropped > self._dropped_told:
            self._dropping = True
            _log.error("events are dropped, for want of room or by age; %d wait", len(self._queue))

    @property
    def _address(self) -> str:
        return f"{self._config.host}:{self._config.port}"

    def _patience(self) -> float:
        """Seconds that the thread may sleep without missing the end."""
        if self._closing_by is None:
            return IDLE_S
        if self._is_over():  # since the queue was read, perhaps
            return 0.0
        return min(IDLE_S, max(0.0, self._closing_by - time.monotonic()) + 0.01)

    def _pause(self, seconds: float, knock: Knock) -> None:
        """Wait, but not on for long when a broker that could not be reached is there again."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._is_over():
            select.select([self._bell], [], [], min(left, self._patience(), knock.seconds))
            self._hush()
            self._tell_dropping()
            if (soon := knock.returned_in()) is not None:
                end = min(end, time.monotonic() + soon)

    def _wake(self) -> None:
        if self._rung:  # one call is enough, and a system call is what costs time here
            return
        self._rung = True
        with contextlib.suppress(OSError):  # the buffer is full of calls already, or nobody listens any more
            self._alarm.send(b"\0")

    def _hush(self) -> None:
        self._rung = False  # before the queue is read: whoever puts from here on rings again
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)
