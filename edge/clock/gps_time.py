"""UTC from a GPS receiver's fixes: pure."""

from __future__ import annotations

from collections import deque
from statistics import median_low

EARLIEST = 1_735_689_600.0
"""2025-01-01: no true time lies before it, as this program did not exist."""
ROLLOVER_S = 1024 * 7 * 86_400.0
"""GPS counts weeks with 10 bits: a receiver with old firmware is wrong by a multiple of 1024 weeks (19.6 years)."""
WINDOW = 9
"""Fixes of which the middle one counts, so that four wrong ones do not matter."""
ENOUGH = 3
"""Fixes until the time is believed."""
AGREE_S = 1.0
"""A receiver tells its time up to a second late, and not always equally late."""
FRESH_S = 600.0
"""Without a fix for so long it is no longer GPS that knows the time: a crystal drifts by some 30 ms in it."""


class GpsTime:
    """UTC less the monotonic clock, from pairs of both that may be late, wrong or of another epoch."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=WINDOW)
        self._last = float("-inf")

    def take(self, utc: float, moment: float) -> None:
        """The time of a fix, seconds since 1970 UTC, and the monotonic second at which it was told."""
        self._offsets.append(unfold(utc) - moment)
        self._last = moment

    def offset(self, moment: float) -> float | None:
        """UTC less monotonic time; None while too few fixes agree, or where the last one is too old."""
        if len(self._offsets) < ENOUGH or moment - self._last > FRESH_S:
            return None
        middle = median_low(self._offsets)
        agreeing = sum(abs(offset - middle) <= AGREE_S for offset in self._offsets)
        return middle if agreeing >= ENOUGH and 2 * agreeing > len(self._offsets) else None


def unfold(utc: float) -> float:
    """The time that is meant, of those that lie whole rollovers apart: the one in the 19.6 years from `EARLIEST`."""
    return EARLIEST + (utc - EARLIEST) % ROLLOVER_S
