"""What every camera is: a context manager that is read frame by frame, each read within a time limit."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from edge.errors import UserError
from edge.records import Frame

MIN_WIDTH = 64
MIN_HEIGHT = 48
"""Pixels. A frame below this size has no room for a face whose eyes could be told open from closed."""


class CameraError(UserError):
    """A camera does not do what is asked of it; one sentence that a person can act on.

    Exit code 1 and not 78: a cable may be put back, so systemd is to start the service again.
    """

    exit_code = 1


class CameraStalled(CameraError):
    """No frame came in time; the camera may still come back, so reading on is allowed.

    `time` and `wall` are the moment at which the wait was given up, in the clocks of this camera's frames.
    """

    def __init__(self, message: str, time: float, wall: float) -> None:
        super().__init__(message)
        self.time = time
        self.wall = wall


class CameraLost(CameraError):
    """The device is missing, not permitted, busy or gone; only opening it anew can bring it back."""


class CameraEnded(CameraError):
    """The recording is at its end: not a fault. Every later read raises it again."""


class Camera(Protocol):
    """A source of frames, opened by `with`; inside it, one thread reads.

    Entering raises `CameraLost` where a device cannot be opened and `edge.errors.InputError` where a recording
    cannot be used.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def read(self, timeout: float) -> Frame:
        """The next frame, waited for `timeout` seconds at most; its image belongs to the caller.

        Times rise strictly. A frame may be of another size than the one before where the device is faulty.

        Raises:
            CameraStalled: no frame came within `timeout`.
            CameraLost: the device is gone.
            CameraEnded: the recording is at its end.
            InputError: a recording is damaged at this place.
        """
        ...
