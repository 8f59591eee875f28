"""One MQTT 5 connection, from CONNECT to its end.

A connection is never taken up again: the next one has a new client, so nothing waits in the client library's memory.
Everything happens in the thread that calls `step`; the library's own thread is not used.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from paho.mqtt import MQTTException
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import MqttConfig

CONNECT_S = 5.0
"""Seconds in which the broker's host must accept the connection."""
CONNACK_S = 10.0
"""Seconds in which the broker must answer CONNECT."""
PUBACK_S = 20.0
"""Seconds in which it must acknowledge; slow mobile networks need some, a stalled link never does."""

_MALFORMED = (MQTTException, LookupError, ValueError, TypeError, AssertionError, struct.error)
"""What the client library raises on packets that break the protocol."""


class BrokerError(Exception):
    """Why there is no connection: the end of a sentence that begins with 'the broker at HOST:PORT'; `mend` follows."""

    mend = "what is unsent waits"


class UnreachableError(BrokerError):
    """Nothing accepts connections there."""

    mend = "start it, or correct mqtt.host and mqtt.port"


class RefusedError(BrokerError):
    """The broker answers, but does not accept this client or what it sends."""

    mend = "correct mqtt.username and mqtt.password_file, or let the broker allow this client"


@dataclass(frozen=True, slots=True)
class Message:
    """What is published; `session` travels as the MQTT 5 user property of that name."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    session: int | None = None


class Connection:
    """Connects on construction; `accepted` becomes true in a later `step`.

    `unacknowledged` maps the packet identifier of each message of QoS 1 to the time it was sent (monotonic seconds).

    Raises:
        UnreachableError: the host does not accept it.
    """

    def __init__(self, config: MqttConfig, password: str | None, client_id: str, will: Message | None = None) -> None:
        self.accepted = False
        self.receive_maximum = 65535
        self.unacknowledged: dict[int, float] = {}
        self._acknowledged: list[int] = []
        self._error: BrokerError | None = None
        self._began = time.monotonic()
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(0)  # the window is the publisher's; the library must never hold back
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        if config.username is not None:
            client.username_pw_set(config.username, password)
        if will is not None:
            properties = _properties(PacketTypes.WILLMESSAGE, will)
            client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
        self._client = client
        try:
            client.connect(config.host, config.port, config.keepalive_s, clean_start=True)
        except TimeoutError:
            raise UnreachableError(f"cannot be reached (no answer in {CONNECT_S:g} s)") from None
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreachableError(f"cannot be reached ({reason})") from None

    def publish(self, message: Message) -> int:
        """Hand a message to the connection; gives its packet identifier."""
        properties = _properties(PacketTypes.PUBLISH, message)
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        if message.qos > 0:
            self.unacknowledged[info.mid] = time.monotonic()
        return info.mid

    def step(self, timeout: float, wake: socket.socket) -> list[int]:
        """Send and receive what can be, waiting up to `timeout` seconds for it or until `wake` can be read.

        Gives the packet identifiers that were acknowledged, in the broker's order.

        Raises:
            BrokerError: the connection is refused, lost or stalled.
        """
        sock = self._client.socket()
        if sock is not None:
            writes = [sock] if self._client.want_write() else []
            readable, writable, _ = select.select([sock, wake], writes, [], timeout)
            self._exchange(read=sock in readable, write=bool(writable))
        # What was acknowledged before the end counts: the end is told by the next call.
        if not self._acknowledged:
            self._raise_if_over()
        acknowledged, self._acknowledged = self._acknowledged, []
        return acknowledged

    def say_goodbye(self) -> None:
        """End it in peace: the broker forgets the last will."""
        self._client.disconnect()

    def close(self) -> None:
        """End it, whatever its state; without a goodbye the broker publishes the last will."""
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _exchange(self, *, read: bool, write: bool) -> None:
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            if write:
                code = self._client.loop_write()
            if read:
                code = self._client.loop_read()
        except _MALFORMED as error:
            self._error = self._error or BrokerError(f"breaks the protocol ({error or type(error).__name__})")
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            self._error = self._error or BrokerError("breaks the protocol")

    def _raise_if_over(self) -> None:
        if self._error:
            raise self._error
        if self._client.socket() is None:
            raise BrokerError("closed the connection")
        now = time.monotonic()
        if not self.accepted and now - self._began > CONNACK_S:
            raise BrokerError(f"accepts connections but does not answer (for {CONNACK_S:g} s)")
        oldest = next(iter(self.unacknowledged.values()), now)
        if now - oldest > PUBACK_S:
            raise BrokerError(f"does not acknowledge what is sent (for {PUBACK_S:g} s)")
        self._client.loop_misc()  # the keep-alive
        if self._client.socket() is None:
            raise BrokerError("does not answer any more")

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._error = RefusedError(f"refuses this client ({reason})")
            return
        self.accepted = True
        self.receive_maximum = getattr(properties, "ReceiveMaximum", self.receive_maximum)

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if self.unacknowledged.pop(mid, None) is None:
            return
        if reason.is_failure:
            self._error = RefusedError(f"refuses what is published ({reason})")
        else:
            self._acknowledged.append(mid)

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server and self._error is None:
            self._error = BrokerError(f"closed the connection ({reason})")


def _properties(kind: int, message: Message) -> Properties:
    properties = Properties(kind)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    if message.session is not None:
        properties.UserProperty = ("session", str(message.session))
    return properties
