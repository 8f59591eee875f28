"""One capture process, seen from the reader's side: started, asked, and ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from edge.cameras import handover
from edge.cameras.handover import Failure, Garbage, Opened, Place, Written

LEAVING_S = 1.0
"""How long the child may take to close the camera before it is killed."""
SEND_S = 1.0
"""A question is sent at once; a child that reads none has room for hundreds."""


class Broken(Exception):
    """The child ended or gives no answer."""


class Capture:
    """One capture process, its shared memory and the way to it."""

    def __init__(self, command: Sequence[str], orders: Mapping[str, Any]) -> None:
        self.started = time.monotonic()
        self.opened = False
        self.gave_frames = False
        self._asked: int | None = None
        self._questions = 0
        self._wanted: float | None = None
        """Since when a sound frame has been wanted of it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        memory = Place.create()
        try:
            self.place = Place(memory)
            ends = {"socket": theirs.fileno(), "memory": memory, "parent": os.getpid()}
            self.process = subprocess.Popen(
                [*command, json.dumps({**orders, **ends})],
                pass_fds=(theirs.fileno(), memory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # ours is for events
                process_group=0,  # Ctrl-C is for us, who then end it
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(memory)
        self._socket = ours

    def take_note(self) -> None:
        """A sound frame came."""
        self.gave_frames = True
        self._wanted = None

    def answer(self, timeout: float, deadline: float, patience: float) -> Opened | Written | Failure | None:
        """Ask, unless that is done, and wait; None where `deadline` passed before it answered.

        Raises:
            Broken: it has ended, or given no sound frame for `patience` seconds of asking.
            Garbage: it said what no sound child says.
        """
        now = time.monotonic()
        if self._wanted is None:
            self._wanted = now
        if self._asked is None:
            self._questions += 1
            with suppress(OSError):  # one that has ended may have said why
                self._socket.settimeout(SEND_S)
                self._socket.send(handover.Question(self._questions, timeout).encode())
                self._asked = self._questions
        gives_up = self._wanted + patience
        self._socket.settimeout(max(0.001, min(deadline, gives_up) - now))
        try:
            told = handover.understand(self._hear())
        except TimeoutError:
            if time.monotonic() >= gives_up:
                what = "it gave no frame" if self.opened else "it did not open the camera"
                raise Broken(f"{what} for {patience:g} s") from None
            return None
        except OSError:
            raise Broken(self._how_it_ended()) from None
        if isinstance(told, Opened):
            if self.opened:
                raise Garbage("it opened the camera twice")
            self.opened = True
            self._wanted = time.monotonic()
            return told
        if isinstance(told, Written) and told.question != self._asked:
            raise Garbage("it speaks unasked")  # and might never end
        self._asked = None
        if isinstance(told, Failure):
            self._wanted = None
        return told

    def _hear(self) -> bytes:
        """The next message.

        Raises:
            TimeoutError: none came in time.
            OSError: the child has hung up, and nothing that it said before is left.
        """
        try:
            message = self._socket.recv(handover.MESSAGE_BYTES)
        except ConnectionResetError:  # it left a question unread; what it said before can still be heard
            message = self._socket.recv(handover.MESSAGE_BYTES)
        if not message:
            raise ConnectionResetError
        return message

    def _how_it_ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            code = self.process.wait(LEAVING_S)
            return f"it was ended by signal {-code}" if code < 0 else f"it ended with code {code}"
        return "it hung up"

    def end(self, patience: float) -> None:
        """Hang up, wait for its end, kill it; one that not even that ends is left to the system."""
        self._socket.close()
        self.place.close()
        for wait_s in (patience, LEAVING_S):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(wait_s)
                return
            self.process.kill()
