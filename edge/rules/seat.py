"""Whether somebody else may sit at the wheel."""

from __future__ import annotations

from edge.records import Cause
from edge.rules.window import ROUNDING_S, Elapsed

RELIEVED_S = 300.0
"""Seconds in which nobody was seen, for whatever reason, after which another driver may have come. Own choice: longer
than a tunnel or a lens that is wiped, shorter than a change of drivers with the lamp off."""


class Seat:
    """Empty once no face was to be seen for `empty_s`, in light and with a camera that works.

    In the dark, or without a camera, nobody can tell; after `RELIEVED_S` it is taken for empty all the same.
    """

    def __init__(self, empty_s: float) -> None:
        self._empty_s = empty_s
        self._before: Cause | None = None
        self._away_s = 0.0
        self._unseen_s = 0.0

    def step(self, elapsed: Elapsed, obstacle: Cause | None) -> bool:
        """Take in a frame; True once for each time that the seat is found to have been empty for so long."""
        was_away_s, was_unseen_s = self._away_s, self._unseen_s
        if self._before in (None, "eyes_not_visible"):
            self._away_s, self._unseen_s = 0.0, elapsed.gap_s
        else:
            self._unseen_s += elapsed.frame_s + elapsed.gap_s
            if self._before == "face_not_visible":
                self._away_s += elapsed.frame_s
        self._before = obstacle
        left = was_away_s < self._empty_s - ROUNDING_S <= self._away_s
        return left or was_unseen_s < RELIEVED_S - ROUNDING_S <= self._unseen_s
