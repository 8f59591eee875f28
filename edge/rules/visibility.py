"""Visibility: can the rules see what they need; where not, that is told as `degraded`, never taken for sleep."""

from __future__ import annotations

from edge.config import VisibilityConfig
from edge.records import CAUSES, Cause, Observation
from edge.rules.episodes import Finding
from edge.rules.window import ROUNDING_S, Elapsed

OBSTACLES = CAUSES["degraded"]


def obstacle(observation: Observation) -> Cause | None:
    """Why the eyes can't be seen in this frame; None: they can."""
    if observation.eyes.closed is not None:
        return None
    if observation.dark:
        return "too_dark"
    return "face_not_visible" if observation.face is None else "eyes_not_visible"


class Visibility:
    """Lost once time out of sight outweighs time in sight by `lost_s`, back once it is outweighed by `back_s`.

    So a complete loss is told after `lost_s` exactly, its end after `back_s`, and eyes that are seen in less than
    half of the frames are told, too, if later. The cause is the highest that explains the loss for so long. Only the
    camera is told sooner, after `camera_s`: nobody looks away from it.
    """

    def __init__(self, config: VisibilityConfig) -> None:
        self._config = config
        self._before: Cause | None = None
        self._lost_s = [0.0] * len(OBSTACLES)
        self._back_s = 0.0
        self.finding: Finding | None = None

    def step(self, elapsed: Elapsed, obstacle: Cause | None) -> None:
        """Take in a frame at `elapsed.now`. Time without any frame is the camera's fault."""
        self._pass(elapsed.frame_s, self._before)
        self._settle()
        if elapsed.gap_s:
            self._pass(elapsed.gap_s, "camera_fault")
            self._settle()
        self._before = obstacle

    def _settle(self) -> None:
        if self.finding and self._back_s >= self._config.back_s - ROUNDING_S:
            self.finding = None
            self._lost_s = [0.0] * len(OBSTACLES)
            return
        if not any(self._lost_s):
            return
        for cause, lost_s in zip(reversed(OBSTACLES), reversed(self._lost_s), strict=True):
            if lost_s >= self._needed_s(cause) - ROUNDING_S:
                found = Finding(cause, "advisory")
                if self.finding is None:
                    self._back_s = 0.0
                if self.finding is None or found.above(self.finding):
                    self.finding = found
                return

    def _needed_s(self, cause: Cause) -> float:
        return min(self._config.camera_s, self._config.lost_s) if cause == "camera_fault" else self._config.lost_s

    def _pass(self, seconds: float, obstacle: Cause | None) -> None:
        if not seconds:
            return
        self._back_s = max(0.0, self._back_s + (seconds if obstacle is None else -seconds))
        if obstacle is None and not any(self._lost_s):
            return
        rank = -1 if obstacle is None else OBSTACLES.index(obstacle)
        for index, lost_s in enumerate(self._lost_s):
            change = seconds if rank >= index else -seconds
            self._lost_s[index] = min(self._config.lost_s, max(0.0, lost_s + change))
