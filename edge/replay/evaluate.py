"""A replay held against what is known of the recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from edge.config import RulesConfig
from edge.records import Cause, Signal
from edge.replay.truth import Expected, Interval, Truth

ROUNDING_S = 1e-6
EARLY_S = 0.2 + ROUNDING_S
LATE_S = 0.5 + ROUNDING_S
"""A signal counts for a closure from this much before to this much after the closure reached its threshold."""
SHORTEST_TIMED_S = 0.25 - ROUNDING_S
"""Closures from this length on are timed; shorter ones are blinks."""
NEAR_S = 0.15
"""A found closure that comes this near to a labelled one is the same: labels are good to about two frames."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What one frame of the replay leaves for judging it; `closed` is None where the eyes were not seen."""

    time: float
    face: bool
    closed: bool | None
    perclos: float | None


@dataclass(frozen=True, slots=True)
class ClosureScore:
    truth: int
    found: int
    spurious: int
    start_error_s: float | None
    end_error_s: float | None


@dataclass(frozen=True, slots=True)
class FalseSignal:
    signal: str
    cause: str
    time: float


@dataclass(frozen=True, slots=True)
class Score:
    """One recording's result; `precision` and `recall` of several are in `summary`."""

    name: str
    seconds: float
    frames: int
    face_visible: float
    eyes_visible: float
    expected: int
    reported: int
    missed: list[str] = field(default_factory=list)
    false: list[FalseSignal] = field(default_factory=list)
    delay_s: list[float] = field(default_factory=list)
    closures: ClosureScore | None = None
    perclos_error: float | None = None


def score(
    name: str, seconds: float, moments: Sequence[Moment], signals: Sequence[Signal], truth: Truth, rules: RulesConfig
) -> Score:
    """Hold what was seen and said, in order of time, against the truth."""
    frames = max(len(moments), 1)
    missed, delays, rightful = _match(signals, seconds, truth, rules)
    false = [
        FalseSignal(signal.signal, signal.cause, round(signal.time, 3))
        for signal in signals
        if signal.phase == "start"
        and signal.signal in ("fatigue", "sad")
        and signal.signal not in truth.allow
        and signal.episode not in rightful
    ]
    return Score(
        name=name,
        seconds=round(seconds, 3),
        frames=len(moments),
        face_visible=round(sum(m.face for m in moments) / frames, 4),
        eyes_visible=round(sum(m.closed is not None for m in moments) / frames, 4),
        expected=len(truth.expect),
        reported=len(truth.expect) - len(missed),
        missed=missed,
        false=false,
        delay_s=delays,
        closures=None if truth.eyes_closed_s is None else _closures(moments, truth.eyes_closed_s, truth.not_scored_s),
        perclos_error=None if truth.eyes_closed_s is None else _perclos_error(moments, truth.eyes_closed_s, rules),
    )


def summary(scores: Sequence[Score]) -> dict[str, object]:
    """All recordings together, as `evaluate --json` gives it; a share of nothing is None."""
    reported, expected = sum(s.reported for s in scores), sum(s.expected for s in scores)
    false = sum(len(s.false) for s in scores)
    hours = sum(s.seconds for s in scores) / 3600
    return {
        "recordings": [asdict(s) for s in scores],
        "false_alarms": false,
        "hours": round(hours, 4),
        "false_alarms_per_hour": round(false / hours, 3) if hours else None,
        "precision": round(reported / (reported + false), 4) if reported + false else None,
        "recall": round(reported / expected, 4) if expected else None,
    }


def _match(
    signals: Sequence[Signal], seconds: float, truth: Truth, rules: RulesConfig
) -> tuple[list[str], list[float], set[int]]:
    """What was missed, the delays of what was reported, and the episodes that were rightly begun."""
    missed, delays, rightful = [], [], set()
    # what is still open at the last frame is ended there by the end of the recording, not by a rule
    ended = {s.episode for s in signals if s.phase == "end" and s.time < seconds}
    for expected in truth.expect:
        first, due, last = _when(expected, rules)
        hit = next(
            (
                s
                for s in signals
                if (s.signal, s.cause) == (expected.signal, expected.cause)
                and (s.phase == "start" or (s.phase == "update" and expected.between_s is None))
                and first <= s.time <= last
                and (expected.between_s is None or s.episode in ended)
            ),
            None,
        )
        if hit is None:
            missed.append(f"{expected.signal} {expected.cause} at {due:.2f} s")
            continue
        begun = min(s.time for s in signals if s.episode == hit.episode)
        if begun >= (expected.closure_start_s or 0.0):  # an alarm from before the closure was false when it began
            rightful.add(hit.episode)
        if expected.between_s is None:
            delays.append(round(hit.time - due, 3))
    return missed, delays, rightful


def _when(expected: Expected, rules: RulesConfig) -> tuple[float, float, float]:
    """Earliest, due and latest time of an expected signal."""
    if expected.between_s is not None:
        return expected.between_s[0], expected.between_s[0], expected.between_s[1]
    thresholds: dict[Cause, float] = {
        "microsleep": rules.closures.microsleep_s,
        "sleep": rules.closures.sleep_s,
        "unresponsive": rules.closures.unresponsive_s,
    }
    due = (expected.closure_start_s or 0.0) + thresholds.get(expected.cause, 0.0)
    return due - EARLY_S, due, due + LATE_S


def _found_closures(moments: Iterable[Moment]) -> list[Interval]:
    found: list[Interval] = []
    start: float | None = None
    last = 0.0
    for moment in moments:
        if moment.closed and start is None:
            start = moment.time
        elif not moment.closed and start is not None:
            found.append((start, moment.time))
            start = None
        last = moment.time
    return found if start is None else [*found, (start, last)]


def _overlap(one: Interval, other: Interval, margin: float = 0.0) -> bool:
    return one[0] < other[1] + margin and other[0] - margin < one[1]


def _closures(moments: Sequence[Moment], truth: Sequence[Interval], not_scored: Sequence[Interval]) -> ClosureScore:
    found = _found_closures(moments)
    scored = [t for t in truth if not any(_overlap(t, n) for n in not_scored)]
    hits = [(t, [f for f in found if _overlap(f, t, NEAR_S)]) for t in scored]
    timed = [(t, match) for t, match in hits if match and t[1] - t[0] >= SHORTEST_TIMED_S]
    starts = [abs(min(f[0] for f in match) - t[0]) for t, match in timed]
    ends = [abs(max(f[1] for f in match) - t[1]) for t, match in timed]
    spurious = [
        f
        for f in found
        if not any(_overlap(f, t, NEAR_S) for t in truth) and not any(_overlap(f, n) for n in not_scored)
    ]
    return ClosureScore(
        truth=len(scored),
        found=sum(bool(match) for _, match in hits),
        spurious=len(spurious),
        start_error_s=round(median(starts), 3) if starts else None,
        end_error_s=round(median(ends), 3) if ends else None,
    )


def _perclos_error(moments: Sequence[Moment], truth: Sequence[Interval], rules: RulesConfig) -> float | None:
    """The largest difference from the PERCLOS of the labels, once a whole window has passed."""
    window = rules.perclos.short_s
    closures = [c for c in truth if c[1] - c[0] >= rules.perclos.blink_s - ROUNDING_S]
    begin = moments[0].time if moments else 0.0
    errors = [
        abs(m.perclos - sum(max(0.0, min(c[1], m.time) - max(c[0], m.time - window)) for c in closures) / window)
        for m in moments
        if m.perclos is not None and m.time - begin >= window
    ]
    return round(max(errors), 4) if errors else None
