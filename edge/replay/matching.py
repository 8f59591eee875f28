"""Which signal answers which expectation of the truth, and which signals nothing in the truth explains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from edge.config import RulesConfig
from edge.records import Cause, Signal
from edge.replay.truth import NEAR_S, Expected, Interval, Truth

ROUNDING_S = 1e-6
EARLY_S = 0.2 + ROUNDING_S
LATE_S = 0.5 + ROUNDING_S
"""A signal counts for a closure from this much before to this much after the closure reached its threshold."""


def answers(
    signals: Sequence[Signal], seconds: float, truth: Truth, rules: RulesConfig
) -> list[tuple[Expected, Signal | None]]:
    """Each expectation, and the signal that answers it and no other one (None: missed), of signals in order of time.

    The expectation that runs out first takes the earliest signal that will do: no other choice answers more of them.
    """
    # what is still open at the last frame is ended there by the end of the recording, not by a rule
    ended = {s.episode for s in signals if s.phase == "end" and s.time < seconds}
    free = list(signals)
    answered: list[Signal | None] = [None] * len(truth.expect)
    for number in sorted(range(len(answered)), key=lambda one: when(truth.expect[one], rules)[2]):
        expected = truth.expect[number]
        fits = (index for index, signal in enumerate(free) if _answers(signal, expected, rules, ended))
        if (index := next(fits, None)) is not None:
            answered[number] = free.pop(index)
    return list(zip(truth.expect, answered, strict=True))


def false_signals(
    signals: Sequence[Signal], answered: Sequence[tuple[Expected, Signal | None]], truth: Truth, rules: RulesConfig
) -> list[Signal]:
    """The first of each episode of fatigue or sad that is false: its start, or a rise to another cause.

    A start is right in an episode that answers an expectation. A rise is right where it answers one, lies on the way
    from the closure's start to one that does, or comes in a closure of the labels that has lasted long enough for it.
    """
    episodes: dict[int, list[Signal]] = {}
    for signal in signals:
        if signal.signal in ("fatigue", "sad") and signal.signal not in truth.allow and signal.phase != "end":
            episodes.setdefault(signal.episode, []).append(signal)
    closures = _labelled(truth, rules)
    ways = {
        number: [(one.closure_start_s or 0.0, by.time) for one, by in answered if by and by.episode == number]
        for number in episodes
    }
    found = (_first_false(told, ways[number], closures, rules) for number, told in episodes.items())
    return sorted((signal for signal in found if signal), key=lambda signal: signal.time)


def when(expected: Expected, rules: RulesConfig) -> tuple[float, float, float]:
    """Earliest, due and latest time of an expected signal."""
    if expected.between_s is not None:
        return expected.between_s[0], expected.between_s[0], expected.between_s[1]
    due = (expected.closure_start_s or 0.0) + _thresholds(rules).get(expected.cause, 0.0)
    return due - EARLY_S, due, due + LATE_S


def _answers(signal: Signal, expected: Expected, rules: RulesConfig, ended: set[int]) -> bool:
    first, _, last = when(expected, rules)
    return (
        (signal.signal, signal.cause) == (expected.signal, expected.cause)
        and (signal.phase == "start" or (signal.phase == "update" and expected.between_s is None))
        and first <= signal.time <= last
        and (expected.between_s is None or signal.episode in ended)
    )


def _first_false(
    told: Sequence[Signal], ways: Sequence[Interval], closures: Sequence[Interval], rules: RulesConfig
) -> Signal | None:
    """Of one episode; `ways` lead from the start of an expected closure to the signal that was expected."""
    if not any(told[0].time >= start for start, _ in ways):  # one from before the closure was false when it began
        return told[0]
    for before, after in pairwise(told):
        on_the_way = any(start <= after.time <= end for start, end in ways)
        if after.cause != before.cause and not on_the_way and not _long_enough(after, closures, rules):
            return after
    return None


def _labelled(truth: Truth, rules: RulesConfig) -> list[Interval]:
    """The closures of the labels; those that the rules take for one are one, and what is not scored may be closed."""
    joined: list[Interval] = []
    for start, end in sorted([*(truth.eyes_closed_s or ()), *truth.not_scored_s]):
        if joined and start <= joined[-1][1] + rules.closures.flicker_s + ROUNDING_S:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _long_enough(rise: Signal, closures: Sequence[Interval], rules: RulesConfig) -> bool:
    threshold_s = _thresholds(rules).get(rise.cause)
    return threshold_s is not None and any(
        start + threshold_s - EARLY_S <= rise.time <= end + NEAR_S for start, end in closures
    )


def _thresholds(rules: RulesConfig) -> dict[Cause, float]:
    return {
        "microsleep": rules.closures.microsleep_s,
        "sleep": rules.closures.sleep_s,
        "unresponsive": rules.closures.unresponsive_s,
    }
