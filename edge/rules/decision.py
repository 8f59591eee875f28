"""What one frame came to."""

from __future__ import annotations

from dataclasses import dataclass

from edge.records import Signal
from edge.rules.baseline import Own
from edge.rules.closures import Closure, Thresholds


@dataclass(frozen=True, slots=True)
class Decision:
    """What one frame came to: the signals, and the numbers behind them.

    Seconds are of the observations' clock. `eyes_closed` is after hysteresis, None: not seen. `closed_for_s` is the
    time seen closed in the closure in progress (0: none), which began at `closure_start`. `closure` is a closure that
    this frame showed to be over. PERCLOS and `sad_share` are 0..1, None where less than half of the window is valid;
    `valid_*` are the valid shares of the windows. `reason` says which rule held, or why none did.

    `thresholds` are those that judged this frame's eyes, `own` is what was known of the driver. `alarm_*` is PERCLOS
    without the closures that were told or withheld, which is what raises its alarm; `sad_support` the share of the
    short window that was sad. `shows` names the guards' evidence in this frame, `withheld` the guard that speaks for
    the closure. `speed` is in metres a second, None where it was not known.
    """

    time: float
    signals: tuple[Signal, ...] = ()
    eyes_closed: bool | None = None
    closed_for_s: float = 0.0
    closure_start: float | None = None
    closure: Closure | None = None
    perclos_short: float | None = None
    perclos_long: float | None = None
    valid_short: float = 0.0
    valid_long: float = 0.0
    sad_share: float | None = None
    valid_sad: float = 0.0
    reason: str = "nothing seen yet"
    thresholds: Thresholds | None = None
    own: Own | None = None
    alarm_short: float | None = None
    alarm_long: float | None = None
    sad_support: float | None = None
    shows: tuple[str, ...] = ()
    withheld: str | None = None
    speed: float | None = None
