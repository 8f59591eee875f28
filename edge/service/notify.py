"""Telling systemd how the daemon is: the protocol of sd_notify(3), one datagram a message."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

_log = logging.getLogger(__name__)


class Notifier:
    """Talks to the service manager that started this process; without one every call does nothing.

    A status is sent when it changes. A message that cannot be sent is no reason to stop watching the driver: it is
    logged and forgotten.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """`environment` holds NOTIFY_SOCKET (a path, or @ and an abstract name), WATCHDOG_USEC and WATCHDOG_PID."""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._status: str | None = None
        self._deaf = False
        self.watchdog_s = _watchdog(environment)
        """Seconds within which `watchdog` must be called again and again; None: nobody waits for it."""

    def ready(self) -> None:
        """The daemon does its work now."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The daemon is ending."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        if text != self._status:
            self._status = text
            self._send("STATUS=" + " ".join(text.split()))

    def watchdog(self) -> None:
        """The daemon is alive; to be called at least twice in `watchdog_s`."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)  # called between two frames
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            if not self._deaf:
                _log.warning("systemd cannot be told %s (%s)", message, error.strerror or error)
            self._deaf = True
        else:
            self._deaf = False


def _watchdog(environment: Mapping[str, str]) -> float | None:
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1e6
