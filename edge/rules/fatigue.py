"""Fatigue: closures that are too long, as one finding that rises until the driver has his eyes open again."""

from __future__ import annotations

from edge.config import ClosuresConfig
from edge.records import Cause, Level
from edge.rules.closures import Closures
from edge.rules.episodes import Finding
from edge.rules.window import ROUNDING_S, Elapsed


class Fatigue:
    """Microsleep, sleep, unresponsive.

    A threshold is reached when a closed frame, for the time that it stands for, brings the closure there: time out of
    sight and an opening never do. It ends when the eyes have been open for `open_to_end_s`: a blink in
    between does not count and does not begin it anew, nor does time out of sight. It ends as well once time out of
    sight since the last closure outweighs time in sight by `lost_s`: nothing is known any more, as `degraded` says.
    """

    def __init__(self, config: ClosuresConfig, blink_s: float, lost_s: float) -> None:
        self._blink_s = blink_s
        self._open_to_end_s = config.open_to_end_s
        self._lost_s = lost_s
        self._thresholds: tuple[tuple[float, Cause, Level], ...] = (
            (config.unresponsive_s, "unresponsive", "critical"),
            (config.sleep_s, "sleep", "critical"),
            (config.microsleep_s, "microsleep", "warning"),
        )
        self._open_s = 0.0
        self._unseen_s = 0.0
        self._closure: float | None = None
        self.finding: Finding | None = None
        self.spoken_for = False
        """The closure of the last step, in progress or just ended, was told."""

    def step(self, elapsed: Elapsed, before: bool | None, closures: Closures, withheld: bool) -> None:
        """`before`: the eyes in the frame before; `closures` has the frame of now; `withheld`: no microsleep."""
        begun = closures.ended.start if closures.ended else closures.start
        if begun != self._closure:
            self._closure, self.spoken_for = begun, False
        if self.finding:
            self._recover(elapsed, before, closures)
        if elapsed.gap_s >= self._lost_s:
            return  # whatever was reached before the gap is news no more
        for threshold_s, cause, level in self._thresholds:
            if closures.reached_s >= threshold_s - ROUNDING_S and not (withheld and cause == "microsleep"):
                found = Finding(cause, level)
                self.spoken_for = True
                if self.finding is None or found.above(self.finding):
                    self.finding = found
                return

    def _recover(self, elapsed: Elapsed, before: bool | None, closures: Closures) -> None:
        if closures.reached_s >= self._blink_s - ROUNDING_S:
            self._open_s = self._unseen_s = 0.0
        if before is False:
            self._open_s += elapsed.frame_s
        unseen_s = elapsed.gap_s + (elapsed.frame_s if before is None else -elapsed.frame_s)
        self._unseen_s = max(0.0, self._unseen_s + unseen_s)
        if self._open_s >= self._open_to_end_s - ROUNDING_S or self._unseen_s >= self._lost_s - ROUNDING_S:
            self.finding = None
            self._open_s = self._unseen_s = 0.0
