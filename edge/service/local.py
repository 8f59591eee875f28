"""How the daemon tells who is beside it how it is: a Unix socket that answers each connection with one JSON object.

The daemon listens on no network port. Who may use the socket is decided by the rights on it: its owner and group.
"""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edge.errors import CheckFailed

NAME = "status.sock"
MODE = 0o660
SYSTEM_RUN = Path("/run/driver-monitor")
"""The unit's RuntimeDirectory, where who asks does not know it from the environment."""
SEND_S = 1.0
"""Who does not take an answer of some kilobytes in this time is left."""
PAUSE_S = 0.02
"""Between two answers: whoever asks again and again takes no more of the processor than that lets him."""
FRESH_S = 0.5
"""An answer serves for so long."""
ANSWER_S = 5.0
"""Waited for an answer; a daemon that is asked answers at once."""
LONGEST = 1 << 20

_log = logging.getLogger(__name__)


def run_directory(state_directory: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where the daemon's socket is: systemd's RUNTIME_DIRECTORY, else the state directory, else nowhere."""
    given = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(given) if given else state_directory


class NoDaemon(CheckFailed):
    """Nobody answers anywhere."""


class LocalStatus:
    """Answers from `start` to `close` in a thread of its own: no frame waits for who asks.

    `content` is called in that thread.
    """

    def __init__(self, folder: Path, content: Callable[[], Mapping[str, Any]]) -> None:
        self._folder = folder
        self._content = content
        self._server: socket.socket | None = None
        self._answer = b""
        self._answered = float("-inf")
        self._alarm, self._bell = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def start(self) -> None:
        """Begin to answer; where that is not possible it is said once, and the daemon does without."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._server = _listen(self._folder)
        except OSError as error:
            _log.warning(
                "%s: the status socket cannot be made (%s); driver-monitor status will find no daemon here.",
                self._folder / NAME,
                error.strerror or error,
            )
            return
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more; the socket's file goes."""
        self._alarm.send(b"\0")
        if self._thread.ident is not None:
            self._thread.join(2 * SEND_S)
        if not self._thread.is_alive():
            self._alarm.close()
            self._bell.close()
        if self._server is not None:
            self._server.close()
            with suppress(OSError):
                (self._folder / NAME).unlink()

    def _run(self) -> None:
        server = self._server
        while server is not None:
            readable, _, _ = select.select([server, self._bell], [], [])
            if self._bell in readable:
                return
            with suppress(OSError):  # who asked has gone, or is too slow
                client, _ = server.accept()
                with client:
                    client.settimeout(SEND_S)
                    client.sendall(self._now())
            if select.select([self._bell], [], [], PAUSE_S)[0]:
                return

    def _now(self) -> bytes:
        now = time.monotonic()
        if now - self._answered >= FRESH_S:
            self._answer = json.dumps(self._content()).encode() + b"\n"
            self._answered = now
        return self._answer


@contextmanager
def answering(folder: Path | None, content: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """Answer for so long, where there is a folder for the socket."""
    if folder is None:
        yield
        return
    local = LocalStatus(folder, content)
    local.start()
    try:
        yield
    finally:
        local.close()


def ask(folders: Sequence[Path]) -> dict[str, Any]:
    """What the daemon says whose socket is in one of the folders; the first that answers is taken.

    Raises:
        NoDaemon: none runs.
        CheckFailed: it does not answer, or this user may not ask it.
    """
    refused: Path | None = None
    for folder in dict.fromkeys(folders):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon, _short(folder) as path:
                _connect(daemon, path / NAME)
                return _read(daemon, folder / NAME)
        except PermissionError:
            refused = refused or folder / NAME
        except (TimeoutError, BlockingIOError):
            raise CheckFailed(
                f"{folder / NAME}: the daemon does not answer, it may be stuck; see its log, or restart it with "
                "systemctl restart driver-monitor."
            ) from None
        except OSError:
            continue
    if refused is not None:
        raise CheckFailed(f"{refused}: you may not ask the daemon; use sudo, or join the group that owns that file.")
    places = ", ".join(str(folder / NAME) for folder in dict.fromkeys(folders))
    raise NoDaemon(
        f"No daemon answers at {places}; start it with systemctl start driver-monitor, or name its configuration with "
        "--config."
    )


def _connect(daemon: socket.socket, path: Path) -> None:
    """Wait for a place in the daemon's queue, too, which a timeout of Python's does not: it would end at once."""
    seconds, part = divmod(ANSWER_S, 1)
    daemon.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(seconds), int(part * 1_000_000)))
    daemon.connect(str(path))
    daemon.settimeout(ANSWER_S)


def _read(daemon: socket.socket, path: Path) -> dict[str, Any]:
    content = b""
    while len(content) < LONGEST and (part := daemon.recv(65536)):
        content += part
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise CheckFailed(f"{path}: what answers is not the daemon of this version; restart the daemon.")
    return told


def _listen(folder: Path) -> socket.socket:
    """A socket in the folder; one that a killed daemon left is replaced, one that answers is not.

    Raises:
        OSError: it cannot be made.
    """
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        os.fchmod(server.fileno(), MODE)  # before the bind: at no moment may others use it
        with _short(folder) as short:
            path = short / NAME
            if _is_stale(path):
                path.unlink()
            server.bind(str(path))
            path.chmod(MODE)  # the umask has taken from it
        server.listen(8)
        server.setblocking(False)
    except OSError:
        server.close()
        raise
    return server


def _is_stale(path: Path) -> bool:
    """Whether there is a socket that nobody listens at."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


@contextmanager
def _short(folder: Path) -> Iterator[Path]:
    """Another name of the folder: a socket's path has room for 107 bytes."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
