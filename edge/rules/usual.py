"""What is usual of one number: how it was spread over the time that it was learned from, in constant memory."""

from __future__ import annotations

import math

from edge.rules.window import ROUNDING_S


class Usual:
    """A histogram of seconds, learned for `learn_s` seconds and then frozen: what comes later changes nothing.

    `low` to `high` are cut into `bins`; what lies beyond counts as the outermost one.
    """

    __slots__ = ("_bins", "_learn_s", "_low", "_width", "seconds")

    def __init__(self, low: float, high: float, bins: int, learn_s: float) -> None:
        self._low = low
        self._width = (high - low) / bins
        self._bins = [0.0] * bins
        self._learn_s = learn_s
        self.seconds = 0.0
        """Seconds learned from."""

    @property
    def frozen(self) -> bool:
        return self.seconds >= self._learn_s - ROUNDING_S

    def learn(self, value: float, seconds: float) -> None:
        if self.frozen or not math.isfinite(value):
            return
        index = math.floor((value - self._low) / self._width)
        self._bins[min(len(self._bins) - 1, max(0, index))] += seconds
        self.seconds += seconds

    def quantile(self, share: float) -> float:
        """The value under which `share` of the time lies, to within a bin; `low` where nothing was learned."""
        wanted = share * self.seconds
        below = 0.0
        for index, seconds in enumerate(self._bins):
            if seconds > 0 and below + seconds >= wanted - ROUNDING_S:
                return self._low + (index + min(1.0, (wanted - below) / seconds)) * self._width
            below += seconds
        return self._low
