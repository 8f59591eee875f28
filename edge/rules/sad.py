"""Sad: P(sad) above a low threshold for most of a window. For information, never an alarm in the vehicle."""

from __future__ import annotations

from edge.config import SadConfig
from edge.rules.episodes import Finding
from edge.rules.window import ROUNDING_S, Elapsed, Share


class Sad:
    """Sustained sadness: holds from `share` of the window's valid time on, until it was under `end_share` for `end_s`.

    Frames whose emotion is unknown are not valid time. Too little valid time to say anything starts nothing, and
    counts as not sad on the way out. `support` is the share over `support_s`, which supports a high PERCLOS.
    """

    def __init__(self, config: SadConfig, valid_share: float, support_s: float) -> None:
        self._config = config
        self._before: float | None = None
        self._below_since: float | None = None
        self.window = Share(config.window_s, valid_share)
        self.support = Share(support_s, valid_share)
        self.finding: Finding | None = None

    def step(self, elapsed: Elapsed, probability: float | None) -> None:
        """Take in a frame at `elapsed.now` with P(sad) 0..1 (None: the emotion is unknown)."""
        if self._before is not None:
            for window in (self.window, self.support):
                window.add_valid(elapsed.start, elapsed.seen)
                if self._before > self._config.probability:
                    window.add_held(elapsed.start, elapsed.seen)
        self.window.advance(elapsed.now)
        self.support.advance(elapsed.now)
        self._before = probability
        share = self.window.share
        if self.finding is None:
            if share is not None and share >= self._config.share - ROUNDING_S:
                self.finding = Finding("sustained", "advisory")
                self._below_since = None
        elif share is not None and share >= self._config.end_share:
            self._below_since = None
        else:
            if self._below_since is None:
                self._below_since = elapsed.now
            if elapsed.now - self._below_since >= self._config.end_s - ROUNDING_S:
                self.finding = None
