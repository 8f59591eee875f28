"""Hard negatives: the moments of a recording in which a model is surely wrong, or contradicts itself within a second.

Nothing here looks at a picture or a file: answers over time come in, moments with their reason go out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Literal, TypeVar

from edge.records import Emotion

T = TypeVar("T")
Task = Literal["emotion", "eyes"]
Side = Literal["", "right", "left"]
Span = tuple[float, float]
"""[start, end) in seconds of the recording."""
Answer = tuple[str, float]
"""A label and its probability 0..1."""

WITHIN_S = 1.0
"""Seconds from the last frame of an answer until it comes back, with a contrary one between: nobody's face does so."""
FLICKER_S = 0.15
"""Seconds of open eyes amid a closure that are no opening; `rules.closures.flicker_s`. A short closure is a blink."""
EDGE_S = 0.15
"""Seconds around a labelled closure's begin and end that say nothing: so far the labels are off, and lids move."""
APART_S = 0.5
"""Of frames that are wrong one after the other, the surest is taken, then the next so far away: others look like it."""


@dataclass(frozen=True)
class Truth:
    """What is known of a recording, as far as anything is.

    `closed`: when the eyes are closed, None where nobody said; `unsure`: spans of which nothing is known; `shown`: an
    emotion's name and when it is seen; `forbidden`: emotions that are never to be seen.
    """

    closed: tuple[Span, ...] | None = None
    unsure: tuple[Span, ...] = ()
    shown: tuple[tuple[str, Span], ...] = ()
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """What a model said of one frame, of eyes of one eye: the likeliest label first; empty where it could not."""

    frame: int
    time: float
    answers: tuple[Answer, ...] = ()

    def surest(self, confidence: float) -> str | None:
        """The label of which it is at least so sure."""
        return self.answers[0][0] if self.answers and self.answers[0][1] >= confidence else None


@dataclass(frozen=True, order=True)
class Find:
    """A frame whose crop is to be labelled, and why."""

    frame: int
    side: Side
    why: str = field(compare=False)
    reading: Reading = field(compare=False)


def emotion_reading(frame: int, time: float, emotion: Emotion | None) -> Reading:
    """The four probabilities, the highest first."""
    if emotion is None:
        return Reading(frame, time)
    shares = [(name, float(getattr(emotion, name))) for name in ("happy", "neutral", "sad", "surprise")]
    return Reading(frame, time, tuple(sorted(shares, key=lambda one: -one[1])))


def eye_reading(frame: int, time: float, closed: float | None) -> Reading:
    """Open and closed of one eye, the likelier first."""
    if closed is None:
        return Reading(frame, time)
    both = [("closed", closed), ("open", 1 - closed)]
    return Reading(frame, time, tuple(sorted(both, key=lambda one: -one[1])))


def hard_emotions(readings: Sequence[Reading], truth: Truth, confidence: float) -> list[Find]:
    """Frames with a wrong emotion, and both sides of each contradiction."""

    def wrong(reading: Reading, label: str) -> str | None:
        if label in truth.forbidden:
            return f"wrong: {label}, which truth.yaml forbids"
        shown = {name for name, span in truth.shown if _inside(reading.time, span)}
        known = shown and label not in shown
        return f"wrong: {label}, but truth.yaml says {' or '.join(sorted(shown))}" if known else None

    found = [*_wrong(readings, confidence, "", wrong)]
    for before, between, after in _changes(readings, confidence):
        passed = after[0].time - before[-1].time
        if before[0].surest(0) == after[0].surest(0) and passed <= WITHIN_S:
            names = ", ".join(run[0].answers[0][0] for run in (before, between, after))
            why = f"contradicts itself: {names} within {passed:.2f} s"
            found += [Find(one.frame, "", why, one) for one in (_peak(between), before[-1])]
    return _once(found)


def hard_eyes(eyes: Mapping[Side, Sequence[Reading]], truth: Truth, confidence: float) -> list[Find]:
    """Eyes that are wrong, that seem open for a moment amid a closure, or of which one is closed and one is open.

    Args:
        eyes: of the right and of the left eye a reading a frame.
        truth: of the recording.
        confidence: probability from which on an answer is sure.
    """

    def wrong(reading: Reading, label: str) -> str | None:
        true = _state(reading.time, truth)
        return f"wrong: {label}, but truth.yaml says {true}" if true and true != label else None

    found = []
    for side, readings in eyes.items():
        found += [*_wrong(readings, confidence, side, wrong)]
        for before, between, after in _changes(readings, confidence):
            passed = after[0].time - before[-1].time
            if between[0].surest(0) == "open" and passed <= FLICKER_S:
                why = f"contradicts itself: closed, open, closed within {passed:.2f} s"
                found += [Find(one.frame, side, why, one) for one in (_peak(between), before[-1])]
    found += _disagreeing(eyes, confidence)
    return _once(found)


def _inside(time: float, span: Span) -> bool:
    return span[0] <= time < span[1]


def _state(time: float, truth: Truth) -> str | None:
    """Open or closed where that is known, away from the edges of closures."""
    if truth.closed is None or any(_inside(time, span) for span in truth.unsure):
        return None
    if any(abs(time - edge) < EDGE_S for span in truth.closed for edge in span):
        return None
    return "closed" if any(_inside(time, span) for span in truth.closed) else "open"


def _wrong(
    readings: Sequence[Reading], confidence: float, side: Side, why: Callable[[Reading, str], str | None]
) -> Iterator[Find]:
    """The surest of the readings in which something is wrong, for each reason."""
    wrong: dict[str, list[Reading]] = {}
    for reading in readings:
        label = reading.surest(confidence)
        reason = why(reading, label) if label else None
        if reason:
            wrong.setdefault(reason, []).append(reading)
    for reason, those in wrong.items():
        yield from (Find(one.frame, side, reason, one) for one in _apart(those, lambda one: (one.time, _sure(one))))


def _changes(
    readings: Sequence[Reading], confidence: float
) -> Iterator[tuple[list[Reading], list[Reading], list[Reading]]]:
    """Three runs of sure answers, each another than the one before; frames without a sure answer are passed over."""
    sure = [reading for reading in readings if reading.surest(confidence)]
    runs = [list(run) for _, run in groupby(sure, key=lambda one: one.answers[0][0])]
    yield from ((first, second, third) for (first, second), (_, third) in pairwise(pairwise(runs)))


def _disagreeing(eyes: Mapping[Side, Sequence[Reading]], confidence: float) -> Iterator[Find]:
    """Both eyes where one is surely closed and the other surely open, when that is surest."""
    pairs = []
    for right, left in zip(eyes.get("right", ()), eyes.get("left", ()), strict=True):
        states = right.surest(confidence), left.surest(confidence)
        if None not in states and states[0] != states[1]:
            pairs.append((right, left))
    for right, left in _apart(pairs, lambda pair: (pair[0].time, min(map(_sure, pair)))):
        why = f"contradicts itself: right {right.answers[0][0]}, left {left.answers[0][0]}"
        yield from (Find(right.frame, "right", why, right), Find(left.frame, "left", why, left))


def _apart(those: Sequence[T], when: Callable[[T], tuple[float, float]]) -> list[T]:
    """The surest of them, then the surest that is `APART_S` away from it, and so on; `when` gives time and sureness."""
    kept: list[T] = []
    for one in sorted(those, key=lambda one: -when(one)[1]):
        if all(abs(when(one)[0] - when(other)[0]) >= APART_S for other in kept):
            kept.append(one)
    return kept


def _sure(reading: Reading) -> float:
    return reading.answers[0][1]


def _peak(readings: Sequence[Reading]) -> Reading:
    """The reading with the surest answer; the first of equals."""
    return max(readings, key=_sure)


def _once(found: Sequence[Find]) -> list[Find]:
    """Each frame and side once, in order; of several reasons the first."""
    return sorted({(one.frame, one.side): one for one in reversed(found)}.values())
