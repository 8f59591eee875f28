"""The capture process of a camera that fails when it is told to: a program with two arguments before its orders, the
file of the order of the day (`Order` as JSON) and the file of the frames (uint8[count, height, width] by numpy.save).
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from edge.cameras import child
from edge.cameras.camera import CameraLost, CameraStalled
from edge.records import Frame

RATE = 15.0


@dataclass(frozen=True)
class Order:
    """The fault of the hour, if any, until that moment (monotonic seconds)."""

    kind: str = ""
    until: float = 0.0

    def give(self, file: Path) -> None:
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps({"kind": self.kind, "until": self.until}))
        fresh.replace(file)

    @classmethod
    def read(cls, file: Path) -> Order:
        return cls(**json.loads(file.read_text()))

    @property
    def holds(self) -> str:
        return self.kind if time.monotonic() < self.until else ""


class FaultyCamera:
    def __init__(self, order: Path, frames: Path, link: int) -> None:
        self._order = order
        self._frames = np.load(frames, mmap_mode="r")
        self._link = socket.socket(fileno=os.dup(link))
        self._due = time.monotonic()
        self._numbers = count()

    def __enter__(self) -> FaultyCamera:
        self._fail()
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, timeout: float) -> Frame:
        self._due = max(self._due + 1 / RATE, time.monotonic() - 1 / RATE)
        wait = self._due - time.monotonic()
        if wait > timeout:
            raise CameraStalled("no frame is due", time.monotonic(), time.time())
        time.sleep(max(0.0, wait))
        number = next(self._numbers)
        image = np.array(self._frames[int(time.monotonic() * RATE) % len(self._frames)])
        return Frame(self._damage(image, self._fail()), time.monotonic(), time.time(), number)

    def _fail(self) -> str:
        """The fault that holds; those that end or hold up the capture are made here."""
        order = Order.read(self._order)
        if order.holds == "end":
            raise CameraLost("The camera gives no more frames; check its cable and its power.")
        if order.holds == "stall":
            time.sleep(max(0.0, order.until - time.monotonic()))
        if order.holds == "garbage":
            self._link.send(os.urandom(np.random.default_rng().integers(1, 200)))
        return order.holds

    @staticmethod
    def _damage(image: np.ndarray, how: str) -> np.ndarray:
        height, width = image.shape
        if how == "wrong size":
            return image[: height // 2, : width // 2]
        if how in ("black", "white"):
            return np.full_like(image, 0 if how == "black" else 255)
        return image


def main(order: str, frames: str, orders: str) -> None:
    link = json.loads(orders)["socket"]
    child.main(orders, lambda _kind, _settings: FaultyCamera(Path(order), Path(frames), link))


if __name__ == "__main__":
    main(*sys.argv[1:])
