"""How the frames fare: how many come, how long each takes to a decision, in how many the eyes are seen."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge.monitor import Step, Vision
from edge.records import Frame, Observation

RECENT = 900
"""Frames over which is told: one minute at 15 frames a second ..."""
RECENT_S = 60.0
"""... and no older ones: a camera that gives none has no rate."""

CameraState = Literal["starting", "ok", "dark", "fault"]


@dataclass(frozen=True, slots=True)
class FrameState:
    """`latency_ms` is from capture to decision, median and 95th percentile; `seen` the share of frames, 0..1, in which
    an eye was seen; `missed` counts the frames that the camera gave and nobody looked at; `last_s` is seconds since
    the last decision. None: nothing is known yet.
    """

    frames: int
    faults: int
    missed: int
    per_second: float | None
    latency_ms: tuple[float, float] | None
    seen: float | None
    camera: CameraState
    last_s: float | None


class Frames:
    """Counts frames; the frames' thread tells, any other may ask.

    `live`: the frames' times are of `clock` (monotonic seconds). A recording's begin with it, so the least that a frame
    took to arrive counts as none.
    """

    def __init__(self, *, live: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._clock = clock
        self._lock = threading.Lock()
        self._offset = 0.0 if live else math.inf
        self._sequence: int | None = None
        self._frames = self._faults = self._missed = 0
        self._camera: CameraState = "starting"
        self._decided = -math.inf
        self._recent: deque[tuple[float, float, bool]] = deque(maxlen=RECENT)
        """When decided, seconds since capture, whether an eye was seen."""

    def arrived(self, frame: Frame) -> None:
        """The frame is about to be looked at."""
        with self._lock:
            if not self._live:
                self._offset = min(self._offset, self._clock() - frame.time)
            if self._sequence is not None and frame.sequence > self._sequence:  # a camera opened anew counts anew
                self._missed += frame.sequence - self._sequence - 1
            self._sequence = frame.sequence

    def decided(self, step: Step) -> None:
        """Take in what the monitor made of it, or of there being none."""
        now = self._clock()
        with self._lock:
            self._decided = now
            observation = step.observation
            if observation is None:
                self._faults += 1
                self._camera = "fault"
                return
            self._frames += 1
            self._camera = "dark" if observation.dark else "ok"
            took = now - step.time - self._offset if math.isfinite(self._offset) else 0.0
            self._recent.append((now, max(0.0, took), observation.eyes.closed is not None))

    @property
    def number(self) -> int:
        """Frames decided on since the start."""
        return self._frames

    def state(self) -> FrameState:
        now = self._clock()
        with self._lock:
            recent = [one for one in self._recent if now - one[0] <= RECENT_S]
            last_s = now - self._decided if math.isfinite(self._decided) else None
            counted = self._frames, self._faults, self._missed
            camera = self._camera
        span = recent[-1][0] - recent[0][0] if recent else 0.0
        took = sorted(took for _, took, _ in recent)
        return FrameState(
            *counted,
            per_second=(len(recent) - 1) / span if span > 0 else None,
            latency_ms=(1000 * _share(took, 0.5), 1000 * _share(took, 0.95)) if took else None,
            seen=sum(seen for _, _, seen in recent) / len(recent) if recent else None,
            camera=camera,
            last_s=last_s,
        )


class Counted:
    """Vision whose frames are counted as they arrive."""

    def __init__(self, vision: Vision, frames: Frames) -> None:
        self._vision = vision
        self._frames = frames

    def see(self, frame: Frame) -> Observation:
        self._frames.arrived(frame)
        return self._vision.see(frame)


def _share(ordered: list[float], share: float) -> float:
    """The smallest value that is not below so much of them."""
    return ordered[math.ceil(share * len(ordered)) - 1]
