"""How a frame comes from the process that captures it to the one that looks at it: one place in shared memory, handed
over and back by messages.

The reader asks, the capturing process writes the frame into the place, then answers; until it is asked again it does
not touch the place. So the reader never sees a frame that is half written or that changes under its eyes, and the
messages order the two processors' memory. The memory is a memfd: it has no name that could be left behind, and it goes
with the last process that has it, however that ends. Its size is sealed: whoever shrank it would end the reader by
SIGBUS.
"""

from __future__ import annotations

import fcntl
import json
import math
import mmap
import os
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.cameras.camera import MIN_HEIGHT, MIN_WIDTH, CameraEnded, CameraError, CameraLost, CameraStalled
from edge.errors import ConfigError, InputError, UserError
from edge.records import Frame, GreyImage

LARGEST = 4096
"""Pixels of a side; the configuration allows no more. Memory is used only where it was written."""
_BYTES = LARGEST * LARGEST
MESSAGE_BYTES = 8192
_SENTENCE = 2000
"""Characters of an error's sentence at most."""

_ASK = struct.Struct("<cQd")
_FRAME = struct.Struct("<cQIIQdd")
_OPENED = b"O"
_ERRORS: dict[str, type[UserError]] = {
    kind.__name__: kind for kind in (CameraError, CameraLost, CameraEnded, InputError, ConfigError)
}


class Garbage(Exception):
    """A message that no sound capturing process sends."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The camera is open."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The camera, or the configuration, does not do what is asked of it."""

    error: UserError


@dataclass(frozen=True, slots=True)
class Written:
    """A frame stands in the place, in answer to `question`; its times and `sequence` are the capturing process's."""

    question: int
    width: int
    height: int
    sequence: int
    time: float
    wall: float


class Place:
    """The shared memory, seen from either side."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _BYTES)

    @staticmethod
    def create() -> int:
        """The descriptor of a new one, which the caller closes."""
        descriptor = os.memfd_create("driver-monitor-frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, _BYTES)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return descriptor

    def close(self) -> None:
        self._memory.close()

    def write(self, image: GreyImage) -> None:
        self._pixels(*image.shape)[:] = image

    def copy(self, height: int, width: int) -> GreyImage:
        return self._pixels(height, width).copy()

    def _pixels(self, height: int, width: int) -> GreyImage:
        return np.frombuffer(self._memory, np.uint8, count=height * width).reshape(height, width)


@dataclass(frozen=True, slots=True)
class Question:
    """The reader's only message: it wants a frame, and waits for it so many seconds. The answer names its number."""

    number: int
    timeout: float

    def encode(self) -> bytes:
        return _ASK.pack(b"?", self.number, self.timeout)

    @classmethod
    def decode(cls, message: bytes) -> Question:
        _, number, timeout = _ASK.unpack(message)
        return cls(number, timeout)


def opened() -> bytes:
    return _OPENED


def written(frame: Frame, question: int) -> bytes:
    height, width = frame.image.shape
    return _FRAME.pack(b"F", question, width, height, frame.sequence, frame.time, frame.wall)


def failure(error: UserError) -> bytes:
    content: dict[str, Any] = {"kind": "CameraError", "says": str(error)[:_SENTENCE]}
    if isinstance(error, CameraStalled):
        content |= {"kind": "CameraStalled", "time": error.time, "wall": error.wall}
    else:
        for kind in type(error).__mro__:
            if kind.__name__ in _ERRORS:
                content["kind"] = kind.__name__
                break
    return b"E" + json.dumps(content).encode()


def understand(message: bytes) -> Opened | Written | Failure:
    """What the capturing process says.

    Raises:
        Garbage: it is no message of this kind, or tells of a frame that cannot be.
    """
    try:
        if message == _OPENED:
            return Opened()
        if message[:1] == b"E":
            return Failure(_error(json.loads(message[1:])))
        if message[:1] != b"F":
            raise Garbage("it sent a message of no known kind")
        _, question, width, height, sequence, time, wall = _FRAME.unpack(message)
    except (struct.error, ValueError, TypeError, LookupError):
        raise Garbage("it sent a message that is damaged") from None
    if not (MIN_WIDTH <= width <= LARGEST and MIN_HEIGHT <= height <= LARGEST):
        raise Garbage(f"it gave a frame of {width}x{height} pixels")
    if not (math.isfinite(time) and math.isfinite(wall)):
        raise Garbage("it gave a frame without a time")
    return Written(question, width, height, sequence, time, wall)


def _error(content: dict[str, Any]) -> UserError:
    says = str(content["says"])
    if content["kind"] == "CameraStalled":
        return CameraStalled(says, float(content["time"]), float(content["wall"]))
    return _ERRORS[content["kind"]](says)
