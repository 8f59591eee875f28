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
        """The upper edge of the bin under which `share` of the time lies; `low` where nothing was learned."""
        left = share * self.seconds - ROUNDING_S
        for index, seconds in enumerate(self._bins):
            left -= seconds
            if left <= 0 and self.seconds > 0:
                return self._low + (index + 1) * self._width
        return self._low
