"""The frame loop of the daemon: frame by frame, whatever the camera does, saying where it is as it goes."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from types import FrameType

from edge.cameras.camera import Camera, CameraEnded, CameraLost, CameraStalled
from edge.monitor import Monitor, Step
from edge.service.notify import Notifier
from edge.service.stages import SLOW_S, Stages, Watcher
from edge.service.watchdog import Watchdog

REOPEN_S = 1.0
"""A lost camera is opened anew so often; each try also lets the rules know that time passes without sight."""
POLL_S = 0.25
"""A camera that has stalled is waited for so long at a time, so that the rules hear of it as time passes."""
GRACE_S = 1.0
"""A read may take so much longer than its limit: a recording decodes, a capture process is killed."""
CLOSING_S = 5.0
LATE_S = 5.0
"""A frame taken so shortly before the rules last heard that none came is late; one before that has a new clock."""

_log = logging.getLogger(__name__)


class Stop:
    """Told by SIGTERM or SIGINT; asked between frames."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True


def watch(
    camera: Camera,
    monitor: Monitor,
    stall_s: float,
    stop: Stop,
    notifier: Notifier,
    take: Callable[[Step], None],
    stages: Stages | None = None,
) -> None:
    """Frame by frame, until asked to stop or the recording ends; a lost camera is opened again and again.

    `stages` is where `take` and the monitor's vision say what they do, too.
    """
    stages = stages or Stages()
    watchdog = Watchdog(notifier, stall_s)
    interval = notifier.watchdog_s
    if interval is not None and interval < 2 * (stall_s + GRACE_S):
        _log.warning(
            "WatchdogSec is %g s, too short for a camera that may be silent for %g s: make it %g s or more",
            interval, stall_s, 2 * (stall_s + GRACE_S),
        )  # fmt: skip
    slow_s = SLOW_S if interval is None else min(SLOW_S, interval / 2)
    with Watcher(stages, slow_s, notifier.status):
        _Loop(camera, monitor, stall_s, stop, take, stages, watchdog).run()
        watchdog.close()


class _Loop:
    def __init__(
        self,
        camera: Camera,
        monitor: Monitor,
        stall_s: float,
        stop: Stop,
        take: Callable[[Step], None],
        stages: Stages,
        watchdog: Watchdog,
    ) -> None:
        self._camera = camera
        self._monitor = monitor
        self._stall_s = stall_s
        self._stop = stop
        self._take = take
        self._stages = stages
        self._watchdog = watchdog
        self._news: str | None = None
        self._reported = False
        self._told = -math.inf
        """Until when the rules were last told that no frame came."""

    def run(self) -> None:
        while not self._stop.asked:
            try:
                self._stages.enter("opening the camera", CLOSING_S)
                with self._camera:
                    try:
                        while not self._stop.asked:
                            self._one()
                    finally:
                        self._stages.enter("closing the camera", CLOSING_S)
            except CameraEnded:
                return
            except CameraLost as lost:
                self._say(str(lost))
                self._fault(time.monotonic(), time.time())
                self._stages.enter("waiting for the camera", REOPEN_S)
                time.sleep(REOPEN_S)

    def _one(self) -> None:
        """One frame, or the waiting for it in vain."""
        limit = min(POLL_S, self._stall_s) if self._news else self._stall_s
        self._stages.enter("camera", limit + GRACE_S)
        try:
            frame = self._camera.read(limit)
        except CameraStalled as stall:
            if self._news is None:
                self._say(str(stall))
            self._fault(stall.time, stall.wall)
            return
        if 0 <= self._told - frame.time <= LATE_S:  # time does not go back: those that follow catch up
            self._watchdog.camera_down(reported=self._reported)
            return
        came = time.monotonic()
        if self._news is not None:
            _log.info("the camera gives frames again")
            self._news = None
        self._stages.enter("rules")
        self._tell(self._monitor.step(frame))
        self._watchdog.frame_decided(time.monotonic() - came)

    def _fault(self, moment: float, wall: float) -> None:
        self._stages.enter("rules")
        self._told = moment
        self._tell(self._monitor.camera_fault(moment, wall))
        self._watchdog.camera_down(reported=self._reported)

    def _tell(self, step: Step) -> None:
        self._take(step)
        for event in step.events:
            if event.signal == "degraded":
                self._reported = event.cause == "camera_fault" and event.phase != "end"

    def _say(self, news: str) -> None:
        if news != self._news:
            _log.warning("%s", news)
            self._news = news
