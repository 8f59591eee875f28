"""The process that captures: it owns the camera, hands over frames when it is asked, and goes with its parent.

Started by `edge.cameras.process` with one argument, its orders as JSON. It imports little, because it is started anew
whenever the camera hangs.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.cameras import handover
from edge.cameras.camera import Camera, CameraLost, CameraStalled
from edge.cameras.source import open_source
from edge.errors import UserError
from edge.records import Frame

_PR_SET_PDEATHSIG = 1
_WAIT_S = 0.5
"""A live camera is read with this limit, so that the end of the reader is noticed amid a stall."""
_LEAVING_S = 0.8
"""How long closing the camera may take once the reader is gone."""

OpenSource = Callable[[str, Mapping[str, Any]], Camera]


def main(orders: str, open_camera: OpenSource = open_source) -> None:
    """Serve frames until the reader hangs up or the camera ends."""
    told = json.loads(orders)
    _die_with(told["parent"])
    _die_first()
    link = _Link(told["socket"], told["memory"])
    try:
        camera = open_camera(told["kind"], told["settings"])
        if told["lossless"]:
            serve_each(camera, link, told["after"])
        else:
            serve_latest(camera, link)
    except UserError as error:
        link.send(handover.failure(error))


def serve_each(camera: Camera, link: _Link, after: int) -> None:
    """Every frame behind the one numbered `after`, one a question: none is lost."""
    with camera:
        link.send(handover.opened())
        while question := link.question():
            try:
                frame = camera.read(question.timeout)
                while frame.sequence <= after:
                    frame = camera.read(question.timeout)
            except CameraStalled as stall:
                link.send(handover.failure(stall))
            else:
                link.answer(question, frame)


def serve_latest(camera: Camera, link: _Link) -> None:
    """The latest frame that was not handed over yet; a thread captures whether anybody asks or not."""
    latest = _Latest()
    capturing = threading.Thread(target=_capture, args=(camera, link, latest), name="capture", daemon=True)
    capturing.start()
    while question := link.question():
        frame = latest.take(link, capturing)
        if frame is None:
            break
        if isinstance(frame, UserError):
            link.send(handover.failure(frame))
            break
        link.answer(question, frame)
    latest.stopping = True
    crashed = not (capturing.is_alive() or latest.over)
    capturing.join(_LEAVING_S)
    sys.stderr.flush()
    os._exit(1 if crashed else 0)  # a thread that hangs in the camera does not keep the process


def _capture(camera: Camera, link: _Link, latest: _Latest) -> None:
    try:
        with camera:
            link.send(handover.opened())
            while not latest.stopping:
                try:
                    latest.put(camera.read(_WAIT_S))
                except CameraStalled:
                    continue  # the reader has a limit of its own
    except UserError as error:
        latest.put(error)
        latest.over = True


class _Latest:
    """The frame that waits to be asked for, or why there will be none."""

    def __init__(self) -> None:
        self.stopping = False
        self.over = False
        self._changed = threading.Condition()
        self._waiting: Frame | UserError | None = None

    def put(self, frame: Frame | UserError) -> None:
        with self._changed:
            self._waiting = frame
            self._changed.notify()

    def take(self, link: _Link, capturing: threading.Thread) -> Frame | UserError | None:
        """None: the reader has hung up, or the capturing thread has crashed."""
        with self._changed:
            while self._waiting is None:
                if link.is_cut() or not capturing.is_alive():
                    return None
                self._changed.wait(_WAIT_S)
            frame, self._waiting = self._waiting, None
            return frame


class _Link:
    """The way to the reader."""

    def __init__(self, descriptor: int, memory: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._place = handover.Place(memory)
        os.close(memory)  # it is mapped
        self._hang_up = select.poll()
        self._hang_up.register(self._socket, 0)  # only that the other side is gone

    def question(self) -> handover.Question | None:
        """Waits for the reader to ask; None once it has hung up."""
        try:
            message = self._socket.recv(handover.MESSAGE_BYTES)
        except OSError:
            return None
        return handover.Question.decode(message) if message else None

    def answer(self, question: handover.Question, frame: Frame) -> None:
        height, width = frame.image.shape
        if max(height, width) > handover.LARGEST:
            error = f"The camera gives frames of {width}x{height} pixels; choose {handover.LARGEST} a side at most."
            self.send(handover.failure(CameraLost(error)))
            return
        self._place.write(frame.image)
        self.send(handover.written(frame, question.number))

    def send(self, message: bytes) -> None:
        try:
            self._socket.send(message)
        except OSError:  # the reader is gone
            os._exit(0)

    def is_cut(self) -> bool:
        return bool(self._hang_up.poll(0))


def _die_with(parent: int) -> None:
    """Killed by the system as soon as the reader ends, even where a call to the camera never returns.

    The reader says when to stop: a SIGTERM or SIGINT to the whole service or terminal is for it.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that was said
        os._exit(0)


def _die_first() -> None:
    """Where memory is short it is this process that goes, and comes back, and not the one that watches."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1])
