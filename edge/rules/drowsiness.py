"""Drowsiness: PERCLOS that stays high, told as fatigue of cause `perclos`."""

from __future__ import annotations

from edge.config import PerclosConfig
from edge.rules.episodes import Finding
from edge.rules.window import ROUNDING_S


class Drowsiness:
    """Advisory and warning from PERCLOS, over until it fell below `end_share` of the threshold that was passed.

    A warning needs the long window, too, once that long has passed: one minute alone is the least reliable. Sadness
    over more than half of the minute supports it: a lower threshold for the advisory. Without a share (too little
    valid time) nothing is held.
    """

    def __init__(self, config: PerclosConfig) -> None:
        self._config = config
        self._began: float | None = None
        self._passed = 0.0
        self.finding: Finding | None = None

    def step(self, now: float, short: float | None, long: float | None, sad: float | None) -> None:
        """PERCLOS 0..1 over both windows, and the share of the short one that was sad; None: unknown."""
        if self._began is None:
            self._began = now
        if short is None:
            self.finding = None
            return
        if self.finding and short < self._passed * self._config.end_share - ROUNDING_S:
            self.finding = None
        found = self._find(short, long if now - self._began >= self._config.long_s else None, sad)
        if found and (self.finding is None or found.above(self.finding)):
            self.finding = found

    def _find(self, short: float, long: float | None, sad: float | None) -> Finding | None:
        config = self._config
        if short >= config.warning_short - ROUNDING_S and (long is None or long >= config.warning_long - ROUNDING_S):
            self._passed = config.advisory
            return Finding("perclos", "warning")
        if short >= config.advisory - ROUNDING_S:
            self._passed = config.advisory
            return Finding("perclos", "advisory")
        if sad is not None and sad > config.sad_share and short >= config.advisory_sad - ROUNDING_S:
            if self.finding is None:
                self._passed = config.advisory_sad
            return Finding("perclos", "advisory")
        return None
