"""The policy: observations in, signals out. It has no clock: time comes with each observation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edge.config import RulesConfig
from edge.records import Cause, Observation, Signal
from edge.rules.alarm import Alarm
from edge.rules.closures import Closure, Closures
from edge.rules.drowsiness import Drowsiness
from edge.rules.episodes import Counter, Episodes
from edge.rules.fatigue import Fatigue
from edge.rules.guards import Guards, Seen
from edge.rules.perclos import Perclos
from edge.rules.sad import Sad
from edge.rules.visibility import Visibility, obstacle
from edge.rules.window import Elapsed

SHORTEST_STEP_S = 0.001
"""Frames nearer than this are one frame; it bounds the memory however fast they come."""
OUT_OF_ORDER_S = 1.0
"""A frame older than the one before by up to this came out of order; one that is older still has a new clock."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one frame came to: the signals, and the numbers behind them.

    Seconds are of the observations' clock. `eyes_closed` is after hysteresis, None: not seen. `closed_for_s` is the
    time seen closed in the closure in progress (0: none), which began at `closure_start`. `closure` is a closure that
    this frame showed to be over. PERCLOS and `sad_share` are 0..1, None where less than half of the window is valid;
    `valid_*` are the valid shares of the windows. `reason` says which rule held, or why none did.
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


class Policy:
    """All rules together, for one driver and one camera.

    Frames whose time did not rise, or is no number, are left out. A time that falls by more than a second is a new
    clock: every open episode ends, at the new clock's time like every signal of that frame, and all windows begin anew.
    """

    def __init__(self, rules: RulesConfig) -> None:
        self._rules = rules
        counter = Counter()
        self._fatigue_episodes = Episodes("fatigue", counter)
        self._sad_episodes = Episodes("sad", counter)
        self._degraded_episodes = Episodes("degraded", counter)
        self._forget()

    def _forget(self) -> None:
        rules = self._rules
        self._closures = Closures(rules.closures, rules.perclos.blink_s, rules.perclos.covered_above)
        self._guards = Guards(rules.guards, rules.closures)
        self._fatigue = Fatigue(rules.closures, rules.perclos.blink_s, rules.visibility.lost_s)
        self._perclos = Perclos(rules.perclos, rules.visibility.valid_share)
        self._drowsiness = Drowsiness(rules.perclos)
        self._alarm = Alarm(rules.perclos.repeat_s)
        self._sad = Sad(rules.sad, rules.visibility.valid_share, rules.perclos.short_s)
        self._visibility = Visibility(rules.visibility)
        self._last: Decision | None = None

    def step(self, observation: Observation) -> Decision:
        """Take in one frame's observation."""
        sad = observation.emotion.sad if observation.emotion else None
        seen = self._guards.see(observation)
        return self._step(observation.time, observation.eyes.closed, sad, obstacle(observation), seen)

    def camera_fault(self, time: float) -> Decision:
        """The camera gave nothing usable up to `time`, on the observations' clock.

        To be called again and again while that lasts, at least once a second: only the calls let time pass.
        """
        return self._step(time, None, None, "camera_fault", Seen())

    def close(self, time: float) -> tuple[Signal, ...]:
        """End every open episode, at `time`, and forget all windows: the recording or the daemon ends."""
        last = self._last.time if self._last else time
        return self._end_all(max(time, last) if math.isfinite(time) else last)

    def _end_all(self, time: float) -> tuple[Signal, ...]:
        ends = (
            *self._fatigue_episodes.end(time, self._fatigue_numbers()),
            *self._sad_episodes.end(time, self._sad_numbers()),
            *self._degraded_episodes.end(time, self._degraded_numbers()),
        )
        self._forget()
        return ends

    def _step(self, time: float, eyes: float | None, sad: float | None, obstacle: Cause | None, seen: Seen) -> Decision:
        ends: tuple[Signal, ...] = ()
        if not math.isfinite(time):
            return self._left_out(time, "left out: the time is no number")
        if self._last and time < self._last.time - OUT_OF_ORDER_S:
            ends = self._end_all(time)
        elif self._last and (time - self._last.time < SHORTEST_STEP_S or time <= self._last.time):
            return self._left_out(time, "left out: the time did not rise")
        elapsed = Elapsed.between(self._last.time if self._last else time, time, self._rules.longest_step_s)
        before = self._closures.closed
        self._closures.step(elapsed, eyes, narrowed=seen.laughing)
        self._guards.step(elapsed, before, self._closures, seen)
        withheld = self._guards.withheld is not None
        self._fatigue.step(elapsed, before, self._closures, withheld)
        self._perclos.step(elapsed, before is not None, self._closures, withheld or self._fatigue.spoken_for)
        self._sad.step(elapsed, sad)
        perclos = self._perclos
        self._drowsiness.step(time, perclos.alarm_short, perclos.alarm_long, self._sad.support.share)
        self._alarm.step(time, self._fatigue.finding, self._drowsiness.finding)
        self._visibility.step(elapsed, obstacle)
        signals = (
            *ends,
            *self._fatigue_episodes.step(time, self._alarm.finding, self._fatigue_numbers()),
            *self._sad_episodes.step(time, self._sad.finding, self._sad_numbers()),
            *self._degraded_episodes.step(time, self._visibility.finding, self._degraded_numbers()),
        )
        self._last = self._decide(time, signals, obstacle)
        return self._last

    def _decide(self, time: float, signals: tuple[Signal, ...], obstacle: Cause | None) -> Decision:
        perclos, closures = self._perclos, self._closures
        return Decision(
            time=time,
            signals=signals,
            eyes_closed=closures.closed,
            closed_for_s=closures.length_s,
            closure_start=closures.start,
            closure=closures.ended,
            perclos_short=perclos.short.share,
            perclos_long=perclos.long.share,
            valid_short=perclos.short.valid,
            valid_long=perclos.long.valid,
            sad_share=self._sad.window.share,
            valid_sad=self._sad.window.valid,
            reason=self._reason(obstacle) + ("; sad" if self._sad.finding else ""),
        )

    def _reason(self, obstacle: Cause | None) -> str:
        if self._fatigue.finding:
            held = self._fatigue.finding.cause
            return held if self._closures.closed else f"{held} until the eyes stay open"
        if self._alarm.finding:
            return f"perclos {self._alarm.finding.level}"
        if self._drowsiness.finding:
            return "perclos withheld: an alarm has just ended"
        if obstacle:
            return obstacle
        if self._closures.closed and self._closures.length_s >= self._rules.closures.microsleep_s:
            return f"microsleep withheld: {self._guards.withheld}"
        if self._closures.closed:
            return "blink or closure too short" if self._closures.is_blink else "closure too short"
        return "eyes open"

    def _fatigue_numbers(self) -> dict[str, float]:
        return _known(
            closed_s=self._closures.length_s,
            perclos_short=self._perclos.short.share,
            valid_short=self._perclos.short.valid,
            perclos_long=self._perclos.long.share,
            valid_long=self._perclos.long.valid,
        )

    def _sad_numbers(self) -> dict[str, float]:
        return _known(share=self._sad.window.share, valid=self._sad.window.valid)

    def _degraded_numbers(self) -> dict[str, float]:
        return _known(valid_short=self._perclos.short.valid)

    def _left_out(self, time: float, reason: str) -> Decision:
        if self._last is None:
            return Decision(time, reason=reason)
        return replace(self._last, time=time, signals=(), closure=None, reason=reason)


def _known(**numbers: float | None) -> dict[str, float]:
    """Evidence: the numbers that there are, to a thousandth."""
    return {name: round(number, 3) for name, number in numbers.items() if number is not None}
