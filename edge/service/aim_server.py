"""Serves the aiming page on 127.0.0.1: the page itself, and one frame after the other, from memory alone."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
from dataclasses import dataclass
from functools import cache
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from edge.errors import UserError
from edge.records import GreyImage
from edge.service.aim_gate import COOKIE, Asked, Gate, Refused

ADDRESS = "127.0.0.1"
PATIENCE_S = 2.0
"""A page that asks for the next frame waits so long for it."""
SOCKET_S = 10.0
"""Who sends or takes nothing for so long is cut off."""
MOST_CONNECTIONS = 8
"""One browser opens six at most."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What the page shows of one frame: its number from 1, a small picture and what was judged, as JSON can tell it."""

    number: int
    picture: GreyImage
    told: dict[str, Any]

    def encoded(self, left_s: float) -> bytes:
        """Length of the JSON text (uint32, big endian), the text, the pixels row by row."""
        height, width = self.picture.shape
        content = {**self.told, "number": self.number, "width": width, "height": height, "left_s": round(left_s)}
        text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
        return struct.pack(">I", len(text)) + text + self.picture.tobytes()


class Latest:
    """The newest shot: one thread shows, any may wait for the next; those before it are gone."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._shot: Shot | None = None

    def show(self, shot: Shot) -> None:
        with self._news:
            self._shot = shot
            self._news.notify_all()

    def after(self, number: int, timeout: float) -> Shot | None:
        """A shot that is newer; None where none came in time."""
        with self._news:
            self._news.wait_for(lambda: self._shot is not None and self._shot.number > number, timeout)
            return self._shot if self._shot is not None and self._shot.number > number else None


class AimServer(ThreadingHTTPServer):
    """Listens at once; `start` answers in threads of its own, `close` ends it.

    Raises:
        UserError: another program has the port.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int, gate: Gate, latest: Latest) -> None:
        self.gate = gate
        self.latest = latest
        self._places = threading.Semaphore(MOST_CONNECTIONS)
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise UserError(
                f"Port {port} of {ADDRESS} cannot be used ({error.strerror}); name another with --port."
            ) from None

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.server_port}/{self.gate.token}/"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="aim", daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes in the middle of an answer is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: AimServer
    timeout = SOCKET_S
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        origin = self.headers.get("Origin")
        asked = Asked(self.client_address[0], self.headers.get("Host"), url.path, origin, self._cookie())
        try:
            rest, viewer = self.server.gate.admit(asked)
        except Refused as refused:
            self._refuse(refused)
            return
        if rest == "":
            cookie = f"{COOKIE}={viewer}; Path=/{self.server.gate.token}/; HttpOnly; SameSite=Strict"
            self._answer(200, "text/html; charset=utf-8", page(), cookie)
        elif rest == "frame":
            self._frame(parse_qs(url.query).get("after", ["0"])[0])
        else:
            self._refuse(Refused(404, "There is nothing here; open the whole address that was printed."))

    def _refuse(self, refused: Refused) -> None:
        self._answer(refused.code, "text/plain; charset=utf-8", (refused.sentence + "\n").encode())

    def _frame(self, after: str) -> None:
        shot = self.server.latest.after(int(after) if after.isdecimal() and len(after) < 10 else 0, PATIENCE_S)
        left_s = self.server.gate.left_s
        if shot is None or not left_s:
            self._answer(204, "application/octet-stream", b"")
        else:
            self._answer(200, "application/octet-stream", shot.encoded(left_s))

    def _cookie(self) -> str | None:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return found.value if found else None

    def _answer(self, code: int, kind: str, content: bytes, cookie: str | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        if code != 204:
            self.send_header("Content-Length", str(len(content)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", policy())
        if cookie:
            self.send_header("Set-Cookie", cookie)
        if code >= 400:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        return "driver-monitor"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's own name
        """Nothing: an address with its token has no place in a log."""


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@cache
def page() -> bytes:
    """The whole page; style and script stand in it."""
    return _file("page.html").replace("{style}", _file("page.css")).replace("{script}", _file("page.js")).encode()


@cache
def policy() -> str:
    """What the page may do: run its own script and style, and ask this server."""
    return (
        f"default-src 'none'; style-src {_hash('page.css')}; script-src {_hash('page.js')}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _file(name: str) -> str:
    return resources.files("edge.service").joinpath("aim_page", name).read_text(encoding="utf-8")


def _hash(name: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(_file(name).encode()).digest()).decode()}'"
