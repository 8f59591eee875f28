"""The fatigue alarm: closures and drowsiness as one, and no alarm about the same thing again and again."""

from __future__ import annotations

from edge.rules.episodes import Finding
from edge.rules.window import ROUNDING_S


class Alarm:
    """One finding at a time: the higher of closure and drowsiness.

    A closure that raised the alarm ends it when it is over: the next one must be told anew. Drowsiness is a state that
    lasts; within `repeat_s` after an alarm it is told only where it is higher than that alarm. Long closures are
    never held back: each of them is a danger of its own.
    """

    def __init__(self, repeat_s: float) -> None:
        self._repeat_s = repeat_s
        self._last: tuple[float, Finding] | None = None
        self.finding: Finding | None = None

    def step(self, now: float, closure: Finding | None, drowsiness: Finding | None) -> None:
        before = self.finding
        self.finding = self._choose(now, closure, drowsiness)
        if before and self.finding is None:
            self._last = (now, before)

    def _choose(self, now: float, closure: Finding | None, drowsiness: Finding | None) -> Finding | None:
        open_one = self.finding
        if closure:
            return closure if open_one is None or closure.above(open_one) else open_one
        if open_one and open_one.cause != "perclos":
            return None
        if open_one or drowsiness is None or self._last is None:
            return drowsiness
        ended, told = self._last
        return drowsiness if now - ended >= self._repeat_s - ROUNDING_S or drowsiness.above(told) else None
