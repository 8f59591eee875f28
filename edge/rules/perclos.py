"""PERCLOS: the share of time in which the eyes are closed, blinks left out (Wierwille 1994, quoted second-hand).

"Closed" is what the eye model calls closed, not a lid measured to cover 80 % of this driver's own opening (P80).
"""

from __future__ import annotations

from edge.config import PerclosConfig
from edge.rules.closures import Closures
from edge.rules.window import Elapsed, Share


class Perclos:
    """PERCLOS over the short and the long window, of the time in which the eyes were seen.

    A closure counts from its start, from the moment on when it is no blink any more.
    """

    def __init__(self, config: PerclosConfig, valid_share: float) -> None:
        self.short = Share(config.short_s, valid_share)
        self.long = Share(config.long_s, valid_share)

    def step(self, elapsed: Elapsed, visible: bool, closures: Closures) -> None:
        """`visible`: were the eyes seen in the frame before; `closures` has taken in the frame of now."""
        for window in (self.short, self.long):
            if visible:
                window.add_valid(elapsed.start, elapsed.seen)
            for start, end in closures.counted:
                window.add_held(start, end)
            window.advance(elapsed.now)
