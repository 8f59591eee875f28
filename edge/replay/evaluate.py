"""A replay held against what is known of the recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from edge.config import RulesConfig
from edge.records import Signal
from edge.replay.matching import ROUNDING_S, answers, false_signals, when
from edge.replay.truth import NEAR_S, Interval, Truth

SHORTEST_TIMED_S = 0.25 - ROUNDING_S
"""Closures from this length on are timed; shorter ones are blinks."""


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
    answered = answers(signals, seconds, truth, rules)
    missed = [f"{one.signal} {one.cause} at {when(one, rules)[1]:.2f} s" for one, by in answered if by is None]
    delays = [round(by.time - when(one, rules)[1], 3) for one, by in answered if by and one.between_s is None]
    false = [
        FalseSignal(signal.signal, signal.cause, round(signal.time, 3))
        for signal in false_signals(signals, answered, truth, rules)
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
