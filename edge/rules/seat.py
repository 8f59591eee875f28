"""Whether somebody else may sit at the wheel."""

from __future__ import annotations

from edge.records import Cause
from edge.rules.window import ROUNDING_S, Elapsed


class Seat:
    """Empty once no face was to be seen for `empty_s`, in light and with a camera that works."""

    def __init__(self, empty_s: float) -> None:
        self._empty_s = empty_s
        self._before: Cause | None = None
        self._away_s = 0.0

    def step(self, elapsed: Elapsed, obstacle: Cause | None) -> bool:
        """Take in a frame; True once for each time that the seat is found to have been empty for so long."""
        was_s = self._away_s
        if self._before == "face_not_visible":
            self._away_s += elapsed.frame_s
        elif self._before in (None, "eyes_not_visible"):
            self._away_s = 0.0
        self._before = obstacle
        return was_s < self._empty_s - ROUNDING_S <= self._away_s
