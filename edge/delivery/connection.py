"""One MQTT 5 connection, from CONNECT to its end.

A connection is never taken up again: the next one has a new client, so nothing waits in the client library's memory.
Everything happens in the thread that calls `step`; the library's own thread is not used.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
import struct
import time
from typing import Any

from paho.mqtt import MQTTException
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.config import MqttConfig
from edge.delivery.message import MAX_PAYLOAD
from edge.delivery.wire import Message, Received

CONNECT_S = 5.0
"""Seconds in which the broker's host must accept the connection."""
CONNACK_S = 10.0
"""Seconds in which the broker must answer CONNECT."""
PUBACK_S = 20.0
"""Seconds in which it must acknowledge; slow mobile networks need some, a stalled link never does."""

SESSION_TAKEN_OVER = 0x8E
"""Reason code of MQTT 5."""
LARGEST_RECEIVED = 8192
"""Bytes of a packet that the broker may send; a request has 1,024 at most."""
RECEIVED = 16
"""Requests kept until the publisher takes them; what comes beyond is dropped."""
OVERHEAD = 300
"""Bytes of a packet beside its payload: topic with the longest name (103), properties and header."""

_log = logging.getLogger(__name__)

_MALFORMED = (MQTTException, LookupError, ValueError, TypeError, AssertionError, struct.error)
"""What the client library raises on packets that break the protocol."""


NOT_YET_VALID = 9
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID."""


class BrokerError(Exception):
    """Why there is no connection: the end of a sentence that begins with 'the broker at HOST:PORT'; `mend` follows."""

    mend = "what is unsent waits"


class UnreachableError(BrokerError):
    """Nothing accepts connections there."""

    mend = "start it, or correct mqtt.host and mqtt.port"


class ClosedError(BrokerError):
    """The broker closed it without a word."""


class RefusedError(BrokerError):
    """The broker answers, but does not accept this client or what it sends."""

    mend = "correct mqtt.username and mqtt.password_file, or let the broker allow this client"


class LimitError(RefusedError):
    """The broker's limits do not let an event through."""

    mend = "raise the broker's limits"


class DisplacedError(RefusedError):
    """Another client came with this one's name."""

    mend = "give each vehicle a name of its own"


class TlsError(BrokerError):
    """The encrypted connection does not come about: whose certificate is wrong, and why."""

    mend = "correct the certificate, or mqtt.host, mqtt.ca_file and mqtt.certificate_file"


class EarlyError(TlsError):
    """Its certificate begins later than now, by the system's clock, which a board without a battery may not know."""

    mend = "set the system's clock, by network time or by hand"


class Connection:
    """Connects on construction; `accepted` becomes true in a later `step`.

    `unacknowledged` maps the packet identifier of each message of QoS 1 to the time it was sent (monotonic seconds).
    `requests` is the topic filter to subscribe to, if any.

    Raises:
        UnreachableError: the host does not accept it.
        TlsError: it cannot be encrypted, or the broker is not the one that it should be.
    """

    def __init__(
        self,
        config: MqttConfig,
        password: str | None,
        tls: ssl.SSLContext | None,
        client_id: str,
        will: Message | None = None,
        requests: str | None = None,
    ) -> None:
        self.accepted = False
        self.receive_maximum = 65535
        self._largest_packet = 2**32
        self.unacknowledged: dict[int, float] = {}
        self._acknowledged: list[int] = []
        self._refused: list[tuple[int, str]] = []
        self._requests = requests
        self._received: list[Received] = []
        self._error: BrokerError | None = None
        self._began = time.monotonic()
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(0)  # the window is the publisher's; the library must never hold back
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_log = self._on_log
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        if tls is not None:
            client.tls_set_context(tls)
        if config.username is not None:
            client.username_pw_set(config.username, password)
        if will is not None:
            properties = _properties(PacketTypes.WILLMESSAGE, will)
            client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
        self._client = client
        try:
            limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # the library leaves it untyped
            limits.MaximumPacketSize = LARGEST_RECEIVED
            client.connect(config.host, config.port, config.keepalive_s, clean_start=True, properties=limits)
        except TimeoutError:
            raise UnreachableError(f"cannot be reached (no answer in {CONNECT_S:g} s)") from None
        except ssl.SSLCertVerificationError as error:
            kind = EarlyError if error.verify_code == NOT_YET_VALID else TlsError
            raise kind(f"shows a certificate that is not accepted ({error.verify_message.rstrip('.')})") from None
        except ssl.SSLError as error:
            raise TlsError(f"cannot be spoken to with TLS ({_reason(str(error))})") from None
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreachableError(f"cannot be reached ({reason})") from None

    def publish(self, message: Message) -> int:
        """Hand a message to the connection; gives its packet identifier.

        One of QoS 0 that is larger than the broker takes is left out, and 0 is given.
        """
        if message.qos == 0 and len(message.payload) + len(message.topic) + OVERHEAD > self._largest_packet:
            return 0
        properties = _properties(PacketTypes.PUBLISH, message)
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        if message.qos > 0:
            self.unacknowledged[info.mid] = time.monotonic()
        return info.mid

    def received(self) -> list[Received]:
        """What arrived since the last call."""
        received, self._received = self._received, []
        return received

    def refused(self) -> list[tuple[int, str]]:
        """Packet identifiers of what the broker did not take since the last call, with its reasons."""
        refused, self._refused = self._refused, []
        return refused

    def step(self, timeout: float, wake: socket.socket) -> list[int]:
        """Send and receive what can be, waiting up to `timeout` seconds for it or until `wake` can be read.

        Gives the packet identifiers that were acknowledged, in the broker's order.

        Raises:
            BrokerError: the connection is refused, lost or stalled.
        """
        sock = self._client.socket()
        if sock is not None:
            writes = [sock] if self._client.want_write() else []
            decrypted = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0  # select does not see it
            readable, writable, _ = select.select([sock, wake], writes, [], 0 if decrypted else timeout)
            self._exchange(read=decrypted or sock in readable, write=bool(writable))
        # What was answered before the end counts: the end is told by the next call.
        if not self._acknowledged and not self._refused:
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
            raise ClosedError("closed the connection")
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
        self._largest_packet = getattr(properties, "MaximumPacketSize", self._largest_packet)
        if self._largest_packet < MAX_PAYLOAD + OVERHEAD:
            self._error = LimitError(
                f"takes packets of {self._largest_packet} bytes at most, and an event may need {MAX_PAYLOAD + OVERHEAD}"
            )
            return
        if getattr(properties, "MaximumQoS", 1) < 1:
            self._error = LimitError("takes no messages of QoS 1, which it would acknowledge")
            return
        self.accepted = True
        self.receive_maximum = getattr(properties, "ReceiveMaximum", self.receive_maximum)
        if self._requests is not None:
            # What was asked before this connection is not asked of it: a retained request would come again and again.
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
            self._client.subscribe(self._requests, options=options)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            _log.error(
                "the broker does not let this vehicle hear requests (%s); let it subscribe to %s, or set "
                "mqtt.commands: false.",
                reasons[0],
                self._requests,
            )

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if self._requests is None or len(self._received) >= RECEIVED:
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        properties = message.properties
        answer_to, correlation = (getattr(properties, name, None) for name in ("ResponseTopic", "CorrelationData"))
        self._received.append(Received(topic, bytes(message.payload), bool(message.retain), answer_to, correlation))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if self.unacknowledged.pop(mid, None) is None:
            return
        if reason.is_failure:
            self._refused.append((mid, str(reason)))
        else:
            self._acknowledged.append(mid)

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server and self._error is None:
            kind = DisplacedError if reason.value == SESSION_TAKEN_OVER else BrokerError
            self._error = kind(f"closed the connection ({reason})")

    def _on_log(self, _client: Client, _data: Any, level: int, text: str) -> None:
        # With TLS 1.3 a broker refuses a certificate only after the handshake, and the library only logs its alert.
        if level == LogLevel.MQTT_LOG_ERR and "[SSL" in text and self._error is None:
            self._error = TlsError(f"does not accept this vehicle's certificate ({_reason(text)})")


def _reason(text: str) -> str:
    """What OpenSSL means: of '[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)' the middle."""
    return text.rpartition("] ")[2].partition(" (_ssl")[0]


def _properties(kind: int, message: Message) -> Properties:
    properties = Properties(kind)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    if message.session is not None:
        properties.UserProperty = ("session", str(message.session))
    if message.schema is not None:
        properties.UserProperty = ("schema", str(message.schema))
    if message.content_type is not None:
        properties.ContentType = message.content_type
        properties.PayloadFormatIndicator = 1  # UTF-8
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = min(message.expiry_s, 2**32 - 1)
    return properties
