"""The camera of a kind, opened where it is read: in the daemon itself, or in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.cameras.camera import Camera
from edge.records import Frame


def open_source(kind: str, settings: Mapping[str, Any]) -> Camera:
    """The camera of that kind (picamera, v4l2, recording), to be entered by `with`, which opens it.

    `settings` are the arguments of its class, which is imported only here: a process that captures is small. They are
    what JSON can tell: a path is a string, and a fault the list of its arguments. `live` makes of a recording a
    stand-in for a device.
    """
    if kind == "recording":
        from edge.cameras.faults import Fault
        from edge.cameras.recording import RecordingCamera

        rest = {key: value for key, value in settings.items() if key not in ("path", "faults", "live")}
        faults = [Fault(*fault) for fault in settings.get("faults", ())]
        recording = RecordingCamera(Path(settings["path"]), faults=faults, **rest)
        return Stamped(recording) if settings.get("live") else recording
    if kind == "v4l2":
        from edge.cameras.v4l2 import V4l2Camera

        return V4l2Camera(**settings)
    from edge.cameras.picamera import PiCamera

    return PiCamera(**settings)


class Stamped:
    """A recording whose frames are stamped with the moment at which they come, as a device's are."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def __enter__(self) -> Self:
        self._camera.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._camera.__exit__(kind, error, trace)

    def read(self, timeout: float) -> Frame:
        frame = self._camera.read(timeout)
        return replace(frame, time=time.monotonic(), wall=time.time())
