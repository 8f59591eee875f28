"""Whether the broker would take events: what `driver-monitor check` asks."""

from __future__ import annotations

import socket

from edge.config import MqttConfig
from edge.delivery.connection import BrokerError, Connection
from edge.delivery.password import read_password
from edge.delivery.tls import tls_context
from edge.errors import CheckFailed

UNKNOWN_MEND = "set mqtt.tls if that port speaks TLS, and read the broker's log"


def try_broker(config: MqttConfig) -> None:
    """Connect once, as the daemon would but under a name of its own, and publish nothing.

    Raises:
        ConfigError: the password or a certificate cannot be used, or plain text is not allowed.
        CheckFailed: the broker cannot be reached, does not answer or refuses.
    """
    never, other = socket.socketpair()
    with never, other:
        try:
            connection = Connection(config, read_password(config), tls_context(config), client_id="")
            try:
                while not connection.accepted:
                    connection.step(1.0, never)
                connection.say_goodbye()
            finally:
                connection.close()
        except BrokerError as error:
            mend = error.mend if error.mend != BrokerError.mend else UNKNOWN_MEND
            raise CheckFailed(f"The broker at {config.host}:{config.port} {error}; {mend}.") from None
