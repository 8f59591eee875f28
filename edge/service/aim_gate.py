"""Who may see the driver while the camera is aimed: one person, from this machine, with the page's own address, for a
quarter of an hour. Pure but for its clock.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

MINUTES = 15
"""At most; who needs more begins again, and knows that he does."""
GONE_S = 10.0
"""Who has asked nothing for so long has gone, and another may look: a page asks several times a second."""
COOKIE = "viewer"
OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""What this machine is called in a browser, at either end of a tunnel. Any other name may be one that was made to lead
here (DNS rebinding); the port is the tunnel's own affair."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is judged of a request: the peer's address, Host and Origin (None: not sent), path, the cookie's value."""

    peer: str
    host: str | None
    path: str
    origin: str | None = None
    viewer: str | None = None


class Refused(Exception):
    """The HTTP status and a sentence for the person."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Gate:
    """Lets one viewer in, from now on for `minutes`; `clock` gives monotonic seconds."""

    def __init__(self, minutes: float = MINUTES, clock: Callable[[], float] = time.monotonic) -> None:
        self.token = secrets.token_urlsafe(18)
        self._clock = clock
        self._until = clock() + 60 * min(minutes, MINUTES)
        self._lock = threading.Lock()
        self._viewer: str | None = None
        self._seen = float("-inf")

    @property
    def left_s(self) -> float:
        """Seconds until nobody is let in any more."""
        return max(0.0, self._until - self._clock())

    def admit(self, asked: Asked) -> tuple[str, str]:
        """What of the path follows the token, and the viewer's own secret, to be kept as a cookie.

        Raises:
            Refused: who asks may not see the driver.
        """
        if not _is_here(asked.peer):
            raise Refused(403, "This page is for this machine alone; reach it through an SSH tunnel.")
        if _name(asked.host) not in OWN_NAMES:
            raise Refused(421, "This page answers to 127.0.0.1 and localhost alone; open the address that was printed.")
        if asked.origin is not None and _name(urlsplit(asked.origin).netloc) not in OWN_NAMES:
            raise Refused(403, "Another page may not ask this one.")
        token, _, rest = asked.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise Refused(404, "There is nothing here; open the whole address that was printed.")
        if not self.left_s:
            raise Refused(410, "The time is over; run driver-monitor aim again.")
        return rest, self._admit_viewer(asked.viewer, begins=rest == "")

    def _admit_viewer(self, viewer: str | None, *, begins: bool) -> str:
        """Who loads the page while nobody looks is the viewer from then on."""
        now = self._clock()
        with self._lock:
            known = self._viewer is not None and hmac.compare_digest((viewer or "").encode(), self._viewer.encode())
            if not known:
                if self._viewer is not None and now - self._seen < GONE_S:
                    raise Refused(409, "Somebody else is looking; this page is for one person at a time.")
                if not begins:
                    raise Refused(403, "Load the page anew.")
                self._viewer = secrets.token_urlsafe(18)
            self._seen = now
            return self._viewer or ""


def _is_here(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _name(host: str | None) -> str:
    """Without the port."""
    name, colon, port = (host or "").lower().rpartition(":")
    return name if colon and port.isdecimal() else (host or "").lower()
