"""A camera in a process of its own, which can be killed: a loose cable lets picamera2 block for ever, and a camera that
hangs stays acquired until its process ends.

The child (`edge.cameras.child`) owns the camera. It is killed and started anew, with growing waits, when it gives no
frame in time, ends, or says what cannot be; nothing that it does reaches further than that.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from edge.backoff import Backoff
from edge.cameras.camera import CameraEnded, CameraError, CameraLost, CameraStalled
from edge.cameras.capture import LEAVING_S, Broken, Capture
from edge.cameras.handover import Failure, Garbage, Written
from edge.errors import UserError
from edge.records import Frame, GreyImage

OPENING_S = 10.0
"""How long opening may take: picamera2's own import takes two or three seconds."""
FIRST_FRAME_S = 5.0
"""How long an open camera may take to its first frame: exposure and gain settle."""
SHORTEST_WAIT_S = 0.25
LONGEST_WAIT_S = 1.0
"""Waits before it is started anew; a camera that is mended is back within 5 s of that."""
SOUND_S = 10.0
"""A child that gave frames for so long was sound: the next wait is a short one again."""
OLDEST_S = 5.0
"""A frame that was captured earlier than this, or in the future, is none."""
AHEAD_S = 0.05
RESIZED_S = 30.0
"""A device that changes the size of its frames is at fault; after so long the new one is how it is."""
STILL_S = 5.0
"""A sensor's noise makes no two pictures alike: one that stands for so long is no longer what is before the lens ..."""
STILL_CONTRAST = 2.0
"""... unless it is flat, as that of a covered lens: its standard deviation in grey levels."""
LONGEST_READ_S = 86_400.0
"""What a socket's limit holds."""
GRACE_S = 2.0
"""A recording answers by itself within the reader's limit; so much later it hangs."""

CHILD = (sys.executable, "-P", "-m", "edge.cameras.child")
"""-P: what lies in the folder that somebody happens to stand in is no code of ours."""

_log = logging.getLogger(__name__)


class ProcessCamera:
    """The camera of `kind` with `settings` (of `edge.cameras.source.open_source`), in a child process.

    A live camera gives the latest frame, its times on this machine's clocks. With `lossless`, for a recording on its
    own clock, each frame comes, whatever happens to the child. `stall_s` is how long a live camera may give no frame
    before the child is killed. One thread enters, reads and leaves: the child ends with it.

    Entering does not wait for the device: what keeps it from opening is raised by `read`.
    """

    def __init__(
        self,
        kind: str,
        settings: Mapping[str, Any],
        *,
        lossless: bool = False,
        stall_s: float = 2.0,
        command: Sequence[str] = CHILD,
    ) -> None:
        self._orders = {"kind": kind, "settings": dict(settings), "lossless": lossless}
        self._lossless = lossless
        self._has_sensor = kind != "recording"  # what was drawn or recorded may well repeat itself
        self._stall_s = stall_s
        self._command = tuple(command)
        self._backoff = Backoff(SHORTEST_WAIT_S, LONGEST_WAIT_S)
        self._inside = False
        self._child: Capture | None = None
        self._start_at = 0.0
        self._last: Frame | None = None
        self._size: tuple[int, int] | None = None
        self._other: tuple[tuple[int, int], float] | None = None  # another size, and since when it comes
        self._first_sequence = 0  # of the child's frame 0
        self._picture: tuple[GreyImage, float] | None = None  # the last one, and since when it has come
        self._ended: CameraEnded | None = None
        self._trouble: str | None = None

    @property
    def pid(self) -> int | None:
        """The child's process, None while there is none."""
        return self._child.process.pid if self._child else None

    def __enter__(self) -> Self:
        self._inside = True
        self._ended = None
        if self._lossless:  # a recording begins anew; a device goes on
            self._last = None
        if self._child is None and time.monotonic() >= self._start_at:
            self._start()
        return self

    def prepare(self) -> None:
        """Begin to open it, while whoever will enter it prepares something else."""
        if self._child is None:
            self._start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._inside = False
        child, self._child = self._child, None
        if child is not None:
            child.end(LEAVING_S if child.opened else 0.0)

    def read(self, timeout: float) -> Frame:
        """The next frame, as `edge.cameras.camera.Camera` has it; also raises what entering a camera does."""
        if not self._inside:
            raise RuntimeError("a camera is read inside its with block")
        if self._ended:
            raise self._ended
        deadline = time.monotonic() + min(timeout, LONGEST_READ_S)
        if self._lossless:  # of a gap the recording tells itself, by its own clock; a child is waited for
            deadline += OPENING_S + GRACE_S
        while True:
            now = time.monotonic()
            if self._child is None and now >= self._start_at:
                self._start()
            if self._child is None:
                if self._start_at >= deadline:
                    time.sleep(max(0.0, deadline - now))
                    raise self._stalled(timeout)
                time.sleep(self._start_at - now)
                continue
            frame = self._ask(self._child, timeout, deadline)
            if frame is not None:
                return frame
            if time.monotonic() >= deadline:
                raise self._stalled(timeout)

    def _ask(self, child: Capture, timeout: float, deadline: float) -> Frame | None:
        """A frame, or None where the child said something else, broke or let the time pass."""
        try:
            message = child.answer(timeout, deadline, self._patience(child, timeout))
            if message is None:
                return None
            if isinstance(message, Failure):
                self._take_failure(message.error)
            return self._take_frame(child, message) if isinstance(message, Written) else None
        except (Broken, Garbage) as broken:
            self._drop(str(broken))
            return None

    def _patience(self, child: Capture, timeout: float) -> float:
        if not child.opened:
            return OPENING_S
        if self._lossless:
            return timeout + GRACE_S
        return self._stall_s if child.gave_frames else max(FIRST_FRAME_S, self._stall_s)

    def _take_frame(self, child: Capture, message: Written) -> Frame | None:
        moment, wall, sequence = message.time, message.wall, message.sequence
        if not self._lossless:
            now = time.monotonic()
            if moment > now + AHEAD_S:
                raise Garbage("it gave a frame of the future")
            if moment < now - OLDEST_S:  # it may have waited for us; a child that gives no others stalls
                self._leave_out("an old frame")
                return None
            if not self._is_sized((message.width, message.height), now):
                return None
            sequence += self._first_sequence
            wall = time.time() - (now - moment)
        if self._last and not (moment > self._last.time and sequence > self._last.sequence):
            self._leave_out("a frame that is not newer than the one before")
            return None
        frame = Frame(child.place.copy(message.height, message.width), moment, wall, sequence)
        child.take_note()
        if self._has_sensor and self._stands_still(frame):
            raise Garbage(f"its picture has not changed for {STILL_S:g} s")
        if time.monotonic() - child.started > SOUND_S:
            self._backoff.reset()
            self._trouble = None
        self._last = frame
        return frame

    def _stands_still(self, frame: Frame) -> bool:
        image, (last, since) = frame.image, self._picture or (None, 0.0)
        # the first row alone tells nearly always
        if last is None or not (np.array_equal(image[0], last[0]) and np.array_equal(image, last)):
            self._picture = image, frame.time
            return False
        return frame.time - since > STILL_S and float(image[::8, ::8].std()) > STILL_CONTRAST

    def _is_sized(self, size: tuple[int, int], now: float) -> bool:
        """Whether the frame is as large as those before."""
        if self._size in (None, size):
            self._size, self._other = size, None
            return True
        if self._other is None or self._other[0] != size:
            self._other = size, now
        if now - self._other[1] >= RESIZED_S:
            self._size, self._other = size, None
            return True
        self._leave_out("a frame of another size than those before")
        return False

    def _leave_out(self, what: str) -> None:
        self._mention(f"it gave {what}, which is left out")

    def _take_failure(self, error: UserError) -> None:
        """Raise it; where the child ends with it, another one is started later."""
        if isinstance(error, CameraStalled):
            raise error
        self._drop(None)
        if isinstance(error, CameraEnded):
            self._ended = error
        if not self._lossless and self._last is not None and not isinstance(error, CameraError):
            # It gave frames: what keeps it from opening now may pass, as a library that is being updated.
            raise CameraLost(str(error)) from None
        raise error

    def _stalled(self, timeout: float) -> CameraStalled:
        time_, wall = time.monotonic(), time.time()
        if self._lossless and self._last:
            time_, wall = self._last.time + timeout, self._last.wall + timeout
        return CameraStalled(f"No frame came from the capture process for {timeout:g} s.", time_, wall)

    def _start(self) -> None:
        after = self._last.sequence if self._last else -1
        self._first_sequence = after + 1
        try:
            self._child = Capture(self._command, {**self._orders, "after": after})
        except OSError as error:  # no memory, no process, no descriptor is left, now
            self._drop(f"it cannot be started ({error.strerror})")

    def _drop(self, trouble: str | None) -> None:
        """Kill the child; another one is started after a while. `trouble` is told where it was not told before."""
        child, self._child = self._child, None
        if child is not None:
            child.end(0.0 if trouble else LEAVING_S)
        self._start_at = time.monotonic() + self._backoff.next()
        if trouble:
            self._mention(f"{trouble}; it is started anew")

    def _mention(self, trouble: str) -> None:
        if trouble != self._trouble:
            _log.warning("the capture process is in trouble: %s", trouble)
            self._trouble = trouble
