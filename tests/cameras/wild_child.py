"""A capture process that misbehaves, for tests: a program with two arguments, how, and its orders as JSON.

`first:later` behaves like `first` for three frames and then as `later`; a child that was started anew knows by its
orders that frames were seen before, and is sound. `always-` before it makes every child misbehave.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import time

import numpy as np

from edge.cameras import child, handover
from edge.cameras.camera import CameraLost
from edge.errors import ConfigError
from edge.records import Frame

SIZE = (120, 160)
RESIZED = (240, 320)
SOUND_FRAMES = 3


class Sound:
    """Frames of one grey level each, the frame's number, as fast as they are read; `later` is what comes after some."""

    def __init__(self, later: str = "", size: tuple[int, int] = SIZE, pause_s: float = 0.002) -> None:
        self._later = later
        self._size = size
        self._pause_s = pause_s
        self._sequence = -1

    def __enter__(self) -> Sound:
        return self

    def __exit__(self, *_: object) -> None:
        if self._later == "hang-in-stop":
            hang()

    def read(self, timeout: float) -> Frame:
        time.sleep(self._pause_s)
        self._sequence += 1
        if self._sequence >= SOUND_FRAMES:
            misbehave(self._later)
        if self._later == "resize" and self._sequence >= SOUND_FRAMES:
            self._size = RESIZED
        image = np.full(self._size, self._sequence % 251, np.uint8)
        if self._later == "frozen":
            image[:] = np.arange(self._size[1])  # one picture, and times that go on
        if self._later == "black":
            image[:] = 0
        return Frame(image, stamp(self._later, self._sequence), time.time(), self._sequence)


def stamp(how: str, sequence: int) -> float:
    now = time.monotonic()
    if sequence < SOUND_FRAMES:
        return now
    return {"future": now + 1e6, "past": now - 1e6, "standing": 1.0, "nan": float("nan")}.get(how, now)


def misbehave(how: str) -> None:
    if how == "hang":
        hang()
    if how == "hang-with-interpreter":
        ctypes.PyDLL(None).sleep(1_000_000)  # keeps the interpreter's lock: no thread of the child runs any more
    if how == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if how == "die":
        os._exit(3)
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "raise":
        raise RuntimeError("a fault of the library")
    if how == "lost":
        raise CameraLost("/dev/video0: the camera gives no more frames; check its cable and its power.")


def hang() -> None:
    while True:
        time.sleep(1_000)


def speak(how: str, orders: dict[str, object]) -> None:
    """A child that does not keep to the protocol, after frames that do."""
    link = socket.socket(fileno=orders["socket"])
    place = handover.Place(orders["memory"])
    link.send(handover.opened())
    for sequence in range(SOUND_FRAMES):
        asked = handover.Question.decode(link.recv(100)).number
        place.write(np.full(SIZE, sequence, np.uint8))
        link.send(told(sequence, *SIZE, asked))
    asked = handover.Question.decode(link.recv(100)).number
    number = SOUND_FRAMES
    if how == "half-written":
        place.write(np.full((SIZE[0] // 2, SIZE[1]), number, np.uint8))
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "unasked":
        for unasked in range(number, 10_000_000):
            link.send(told(unasked, *SIZE, asked))
    link.send(
        {
            "noise": os.urandom(50),
            "too-large": told(number, 100_000, 100_000, asked),
            "tiny": told(number, 1, 1, asked),
            "cut": told(number, *SIZE, asked)[:20],
            "error-of-no-kind": b'E{"kind": "SystemExit", "says": "end"}',
            "no-json": b"E{",
            "opened-twice": handover.opened(),
        }[how]
    )
    hang()


def told(sequence: int, height: int, width: int, asked: int) -> bytes:
    image = np.broadcast_to(np.uint8(0), (height, width))
    return handover.written(Frame(image, time.monotonic(), time.time(), sequence), asked)


def open_wild(how: str) -> object:
    if how == "hang-in-open":
        hang()
    if how == "no-consent":
        raise ConfigError("The camera is not opened: consent is missing.")
    if how == "resized":
        return Sound(size=RESIZED)
    if how == "flood":
        return Sound(size=(480, 640), pause_s=0)
    return Sound(how)


def main(how: str, argument: str) -> None:
    orders = json.loads(argument)
    if how.startswith("always-"):
        how = how.removeprefix("always-")
        if how == "resize" and orders["after"] >= 0:
            how = "resized"
        if how == "hang-then-no-consent":  # or a library that is being updated when it is opened anew
            how = "hang" if orders["after"] < 0 else "no-consent"
    elif orders["after"] >= 0:
        how = "sound"
    if how.startswith("speak-"):
        speak(how.removeprefix("speak-"), orders)
    child.main(argument, lambda _kind, _settings: open_wild(how))


if __name__ == "__main__":
    main(*sys.argv[1:])
