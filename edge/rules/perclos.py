"""PERCLOS: the share of time in which the eyes are closed, blinks left out (Wierwille 1994, quoted second-hand).

"Closed" is what the eye model is very sure to be closed, not a lid measured to cover 80 % of this driver's own opening
(P80): the model knows closed and open eyes, and has seen no aperture in between.
"""

from __future__ import annotations

from edge.config import PerclosConfig
from edge.rules.closures import Closures, Stretch
from edge.rules.window import Elapsed, Share, Window


class Perclos:
    """PERCLOS over the short and the long window, of the time in which the eyes were seen.

    A closure counts from its start, from the moment on when it is no blink any more. `alarm_short` and `alarm_long`
    are the same without the closures that are spoken for: told as microsleep or longer, or withheld by a guard.
    These neither raise nor lower what the rest of the time says: the driver is not warned twice of one closure.
    """

    def __init__(self, config: PerclosConfig, valid_share: float) -> None:
        self.short = Share(config.short_s, valid_share)
        self.long = Share(config.long_s, valid_share)
        self._spoken_short = Window(config.short_s)
        self._spoken_long = Window(config.long_s)
        self._closure: float | None = None
        self._waiting: list[Stretch] = []

    @property
    def alarm_short(self) -> float | None:
        return self.short.share_without(self._spoken_short)

    @property
    def alarm_long(self) -> float | None:
        return self.long.share_without(self._spoken_long)

    def step(
        self, elapsed: Elapsed, visible: bool, closures: Closures, spoken_for: bool, *, standing: bool = False
    ) -> None:
        """`visible`: were the eyes seen in the frame before; `closures` has taken in the frame of now.

        `spoken_for`: the closure in progress, or the one that this frame ended, is told or withheld. `standing`: nobody
        drives; such time counts as little as time out of sight.
        """
        begun = closures.ended.start if closures.ended else closures.start
        if begun != self._closure:
            self._closure, self._waiting = begun, []
        counted = [] if standing else closures.counted
        for stretch in counted:
            self._wait(stretch)
        if spoken_for:
            for start, end in self._waiting:
                self._spoken_short.add(start, end)
                self._spoken_long.add(start, end)
            self._waiting = []
        for window in (self.short, self.long):
            if visible and not standing:
                window.add_valid(elapsed.start, elapsed.seen)
            for start, end in counted:
                window.add_held(start, end)
            window.advance(elapsed.now)
        self._spoken_short.advance(elapsed.now)
        self._spoken_long.advance(elapsed.now)

    def _wait(self, stretch: Stretch) -> None:
        """Keep what is counted of the closure in progress: it may yet be spoken for."""
        if self._waiting and self._waiting[-1][1] == stretch[0]:
            stretch = (self._waiting.pop()[0], stretch[1])
        self._waiting.append(stretch)
