"""The times of one session's events: from the monotonic clock to UTC, pure.

The monotonic clock never jumps and never goes back, so what happened is noted in it. What is learned of UTC is an
offset to it, which may be learned late, and corrected. Within a session a later moment always gets a later time:

- Before anything is known, times follow the offset of the system's clock at the start and are `unsynchronised`.
- The first offset that is known holds for the past, too, except for what was already sent.
- A correction forward is a jump. A correction backward (a leap second, a receiver that learns of leap seconds, a clock
  that was an hour ahead) is made up by time that runs at half speed from there on; while more than a second of it is
  left, times are called `adjusting`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from edge.records import TimeSource

STEADY_S = 0.25
"""A correction smaller than this is jitter of the source, not worth a change."""
ADJUSTED_S = 1.0
"""What is left of a correction below this no longer counts."""
KEPT = 64
"""Stretches: each is a correction, or a change of the source."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of UTC: it is the monotonic clock plus `offset`, seconds, says the source."""

    offset: float
    source: Literal["gps", "system"]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From the moment `begin`, when the time was `reached`, until the next stretch."""

    begin: float
    reached: float
    offset: float
    source: TimeSource

    def at(self, moment: float) -> tuple[float, TimeSource]:
        true = moment + self.offset
        slow = self.reached + (moment - self.begin) / 2
        return max(true, slow), "adjusting" if slow - true > ADJUSTED_S else self.source


class Timeline:
    """Maps moments (monotonic seconds) to seconds since 1970 UTC; `provisional` is the offset until one is known."""

    def __init__(self, provisional: float) -> None:
        self._stretches = [_Stretch(0.0, -math.inf, provisional, "unsynchronised")]
        self._known: Known | None = None
        self._first: Known | None = None
        self._sent: float | None = None
        self._latest = 0.0

    @property
    def provisional(self) -> float:
        return self._stretches[0].offset

    @property
    def first(self) -> Known | None:
        """What was known first: it holds for the past."""
        return self._first

    @property
    def let_go_until(self) -> float | None:
        """The time, provisional, up to which events were sent as they are."""
        return None if self._sent is None else self._sent + self.provisional

    def learn(self, known: Known, moment: float) -> None:
        """Follow what is known from `moment` on."""
        begin = max(moment, self._latest)
        if self._known is None:
            self._first = known
            if self._sent is None:
                begin, reached = 0.0, -math.inf
            elif known.offset >= self.provisional:
                begin, reached = math.nextafter(self._sent, math.inf), self._sent + self.provisional
            else:  # before what was sent nothing can be moved, and between it and now there would be two orders
                reached = begin + self.provisional
        elif known.source == self._known.source and abs(known.offset - self._known.offset) < STEADY_S:
            return
        else:
            reached = self.at(begin)[0]
        self._known = known
        self._stretches.append(_Stretch(begin, reached, known.offset, known.source))
        if len(self._stretches) > KEPT:
            del self._stretches[2]  # the first two are of the past that may still have to be sent

    def stamp(self, moment: float) -> tuple[float, TimeSource]:
        """Time and source of what happens at `moment`; one before the last that was stamped counts as that."""
        self._latest = max(self._latest, moment)
        return self.at(self._latest)

    def at(self, moment: float) -> tuple[float, TimeSource]:
        """Time and source of a moment."""
        index = bisect_right(self._stretches, moment, key=lambda stretch: stretch.begin) - 1
        return self._stretches[max(0, index)].at(moment)

    def correct(self, provisional: float) -> tuple[float, TimeSource]:
        """Time and source, as known by now, of what was stamped `provisional` while nothing was known."""
        return self.at(provisional - self.provisional)

    def let_go(self, moment: float) -> None:
        """What was stamped up to this moment, while nothing is known, is sent as it is, and stays as it is."""
        self._sent = moment if self._sent is None else max(self._sent, moment)
