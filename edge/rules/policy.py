"""The policy: observations in, signals out. It has no clock: time comes with each observation."""

from __future__ import annotations

import math
from dataclasses import replace

from edge.config import RulesConfig
from edge.records import Cause, Observation, Signal
from edge.rules.alarm import Alarm
from edge.rules.baseline import NOTHING, Baseline, Own, Sample
from edge.rules.closures import Closures, Thresholds
from edge.rules.decision import Decision
from edge.rules.drowsiness import Drowsiness
from edge.rules.episodes import Counter, Episodes
from edge.rules.fatigue import Fatigue
from edge.rules.gate import SpeedGate
from edge.rules.guards import Guards, Seen
from edge.rules.perclos import Perclos
from edge.rules.sad import Sad
from edge.rules.seat import Seat
from edge.rules.visibility import Visibility, obstacle
from edge.rules.window import Elapsed

__all__ = ["Decision", "Policy"]

SHORTEST_STEP_S = 0.001
"""Frames nearer than this are one frame; it bounds the memory however fast they come."""
OUT_OF_ORDER_S = 1.0
"""A frame older than the one before by up to this came out of order; one that is older still has a new clock."""


class Policy:
    """All rules together, for one camera and the drivers before it.

    Frames whose time did not rise, or is no number, are left out. A time that falls by more than a second is a new
    clock: every open episode ends, at the new clock's time like every signal of that frame, and all windows begin anew.
    So they do, and with them what was learned of the driver, where the seat was empty for `baseline.empty_s`.
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
        self._gate = SpeedGate(rules.speed_gate)
        self._seat = Seat(rules.baseline.empty_s)
        self._visibility = Visibility(rules.visibility)
        self._last: Decision | None = None
        self._meet()

    def _meet(self) -> None:
        """Nothing is known of the driver, and nothing is counted of him."""
        rules = self._rules
        self._baseline = Baseline(rules.baseline, rules.closures)
        self._closures = Closures(rules.closures, rules.perclos.blink_s, rules.perclos.covered_above)
        self._guards = Guards(rules.guards, rules.closures, rules.perclos.covered_above)
        self._fatigue = Fatigue(rules.closures, rules.perclos.blink_s, rules.visibility.lost_s)
        self._perclos = Perclos(rules.perclos, rules.visibility.valid_share)
        self._drowsiness = Drowsiness(rules.perclos)
        self._alarm = Alarm(rules.perclos.repeat_s)
        self._sad = Sad(rules.sad, rules.visibility.valid_share, rules.perclos.short_s)

    def step(self, observation: Observation, speed: float | None = None) -> Decision:
        """Take in one frame's observation, and the vehicle's speed in metres a second (None: not known)."""
        return self._step(observation.time, observation, obstacle(observation), speed)

    def camera_fault(self, time: float, speed: float | None = None) -> Decision:
        """The camera gave nothing usable up to `time`, on the observations' clock.

        To be called again and again while that lasts, at least once a second: only the calls let time pass.
        """
        return self._step(time, None, "camera_fault", speed)

    def close(self, time: float) -> tuple[Signal, ...]:
        """End every open episode, at `time`, and forget all windows: the recording or the daemon ends."""
        last = self._last.time if self._last else time
        return self._end_all(max(time, last) if math.isfinite(time) else last)

    def _end_all(self, time: float) -> tuple[Signal, ...]:
        ends = (
            *self._fatigue_episodes.end(time, self._fatigue_numbers),
            *self._sad_episodes.end(time, self._sad_numbers),
            *self._degraded_episodes.end(time, self._degraded_numbers),
        )
        self._forget()
        return ends

    def _step(
        self, time: float, observation: Observation | None, obstacle: Cause | None, speed: float | None
    ) -> Decision:
        ends: tuple[Signal, ...] = ()
        if not math.isfinite(time):
            return self._left_out(time, "left out: the time is no number")
        if self._last and time < self._last.time - OUT_OF_ORDER_S:
            ends = self._end_all(time)
        elif self._last and (time - self._last.time < SHORTEST_STEP_S or time <= self._last.time):
            return self._left_out(time, "left out: the time did not rise")
        elapsed = Elapsed.between(self._last.time if self._last else time, time, self._rules.longest_step_s)
        self._gate.step(speed)
        if self._seat.step(elapsed, obstacle):
            self._meet()
        own = self._baseline.own
        seen = self._guards.see(observation, own) if observation else Seen()
        thresholds = self._guards.narrow(time, seen, self._closures.start, own.thresholds)
        before = self._closures.closed
        eyes = None if observation is None or seen.turning else observation.eyes.closed
        surely_open = own.open_eyes if thresholds is own.thresholds else None  # a guard knows what narrows the eyes
        self._closures.step(elapsed, eyes, thresholds, surely_open)
        self._guards.step(elapsed, before, self._closures, seen)
        self._decide(elapsed, before, observation)
        self._visibility.step(elapsed, obstacle)
        self._learn(elapsed, observation, seen)
        signals = (
            *ends,
            *self._fatigue_episodes.step(time, self._alarm.finding, self._fatigue_numbers),
            *self._sad_episodes.step(time, self._sad.finding, self._sad_numbers),
            *self._degraded_episodes.step(time, self._visibility.finding, self._degraded_numbers),
        )
        self._last = self._tell(time, signals, self._reason(obstacle, seen), seen.names, thresholds, own, speed)
        return self._last

    def _decide(self, elapsed: Elapsed, before: bool | None, observation: Observation | None) -> None:
        """Fatigue and sad, of eyes that were `before` in the frame before and are in `closures` now.

        The speed gate keeps an alarm from beginning; one that is open goes on and rises, however slow the vehicle gets.
        """
        gate, perclos, emotion = self._gate, self._perclos, observation.emotion if observation else None
        withheld = self._guards.withheld is not None
        self._fatigue.step(elapsed, before, self._closures, withheld)
        begun = self._alarm.finding is not None
        # a closure that is over is told no more, not by a blink either, where the vehicle was too slow for it until now
        telling = begun or (gate.closures and self._closures.reached_s > 0 and self._fatigue.spoken_for)
        closure = self._fatigue.finding if telling else None
        spoken_for = withheld or (self._fatigue.spoken_for and telling)
        perclos.step(elapsed, before is not None, self._closures, spoken_for, standing=gate.standing)
        self._sad.step(elapsed, emotion.sad if emotion else None)
        self._drowsiness.step(elapsed.now, perclos.alarm_short, perclos.alarm_long, self._sad.support.share)
        drowsiness = self._drowsiness.finding if gate.drowsiness or begun else None
        self._alarm.step(elapsed.now, closure, drowsiness)

    def _learn(self, elapsed: Elapsed, observation: Observation | None, seen: Seen) -> None:
        perclos = self._perclos.short.share
        awake = perclos is None or perclos <= self._rules.baseline.alert_below
        sample = NOTHING
        if observation is not None:
            pose, emotion = observation.pose, observation.emotion
            calm = not (seen.laughing or seen.turning)
            sample = Sample(
                eyes=observation.eyes.closed if calm and not seen.looking_down else None,
                pitch=pose.pitch if pose and calm else None,
                happy=emotion.happy if emotion else None,
            )
        self._baseline.step(
            elapsed,
            alert=self._closures.closed is False and awake and not self._gate.standing,
            alarmed=self._alarm.finding is not None or self._fatigue.finding is not None,
            sample=sample,
        )

    def _tell(
        self,
        time: float,
        signals: tuple[Signal, ...],
        reason: str,
        shows: tuple[str, ...],
        thresholds: Thresholds,
        own: Own,
        speed: float | None,
    ) -> Decision:
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
            reason=reason + ("; sad" if self._sad.finding else ""),
            thresholds=thresholds,
            own=own,
            alarm_short=perclos.alarm_short,
            alarm_long=perclos.alarm_long,
            sad_support=self._sad.support.share,
            shows=shows,
            withheld=self._guards.withheld,
            speed=speed,
        )

    def _reason(self, obstacle: Cause | None, seen: Seen) -> str:
        closed, alarm, held = self._closures.closed, self._alarm.finding, self._fatigue.finding
        if held and alarm is None:
            return f"{held.cause} withheld: the vehicle is slow"
        if held:
            return held.cause if closed else f"{held.cause} until the eyes stay open"
        if alarm:
            return f"perclos {alarm.level}"
        if self._drowsiness.finding:
            slow = not self._gate.drowsiness
            return f"perclos withheld: {'the vehicle is slow' if slow else 'an alarm has just ended'}"
        if obstacle:
            return obstacle
        if closed is None and seen.turning:
            return "eyes blurred: the head turns"
        if closed and self._guards.withheld and self._closures.length_s >= self._rules.closures.microsleep_s:
            return f"microsleep withheld: {self._guards.withheld}"
        if closed:
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
