"""Closures of the eyes: when they began, how long they have lasted, how they ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from edge.config import ClosuresConfig
from edge.rules.window import ROUNDING_S, Elapsed

MOST_FLICKER = 0.25
"""Flickers that are bridged make up at most this share of a closure: more is a model that can't decide, not sleep."""

MOST_PENDING = 256
"""Stretches that wait to be counted, at most: only a closure of many short glimpses has more than a few."""

Stretch = tuple[float, float]


class Thresholds(NamedTuple):
    """Probabilities of closed: above the first the eyes are closed, under the second open; between, what they were."""

    closed_above: float
    open_below: float


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure that is over: from the first closed frame to the end of the last, and the seconds of it unseen.

    `opened`: the eyes were seen open; `unknown`: they were out of sight for too long to say when they opened.
    """

    start: float
    end: float
    unseen_s: float
    ending: Literal["opened", "unknown"]


@dataclass(slots=True)
class _Running:
    """The closure in progress; `until` is the end of what is known to be closed."""

    start: float
    until: float
    unseen_s: float = 0.0
    flicker_s: float = 0.0
    # The first frame in which the lids surely covered the eye, the unseen seconds up to it, and what since waits to be
    # counted: perhaps it is only a blink, or only its lids on their way up.
    covered_from: float | None = None
    covered_unseen_s: float = 0.0
    pending: deque[Stretch] = field(default_factory=lambda: deque(maxlen=MOST_PENDING))
    # Since the eyes were last seen closed:
    gap_s: float = 0.0
    opening_s: float = 0.0
    openings: list[Stretch] = field(default_factory=list)
    opened: bool = False

    @property
    def length_s(self) -> float:
        return self.until - self.start - self.unseen_s


class Closures:
    """Follows the eyes through the frames.

    A closure begins with its first closed frame. Its length is the time seen closed: up to `unseen_s` out of sight
    neither ends nor lengthens it; beyond that it ends as unknown, where it was last seen. Eyes that are seen open for
    less than `flicker_s` in a long closure are the model's noise and count as closed; a longer opening ends it, where
    it began. Between the two thresholds, which come with each frame, the eyes stay what they were, and are open where
    nothing is known; amid a closure, after a glimpse of open eyes, such a frame says nothing: it counts as not seen,
    unless a guard knows that the eyes are only narrow.

    Where this driver's open eyes are known, an opening is weighed: a frame that scores like them was open for all of
    its time, one just under `open_below` for next to none. The rest of it says nothing, either. So a model that doubts
    shut eyes for a moment does not cut a closure in two by how many frames happen to fall under the threshold.

    What PERCLOS counts of a closure is less: from the first to the last frame whose probability is above
    `covered_above`, since lids on their way are closed for the model before and after they cover 80 % of the eye. A
    closure that lasted from a first to a last such frame is at least so long, and less than a frame longer on either
    side: it is no blink where it surely was as long as `blink_s`.
    """

    def __init__(self, config: ClosuresConfig, blink_s: float, covered_above: float) -> None:
        self._config = config
        self._blink_s = blink_s
        self._covered_above = covered_above
        self._covered = False
        self._openness = 1.0
        self._running: _Running | None = None
        self.closed: bool | None = None
        """The eyes in the last frame; None: not seen."""
        self.reached_s = 0.0
        """The length that a closure was found to have reached by the last step; 0 where none went on."""
        self.ended: Closure | None = None
        """The closure that the last step found to be over."""
        self.counted: list[Stretch] = []
        """Stretches, in order, that the last step found to be closed and no blink, from the closure's start on."""

    @property
    def length_s(self) -> float:
        """Seconds seen closed in the closure in progress; 0 where there is none."""
        return self._running.length_s if self._running else 0.0

    @property
    def start(self) -> float | None:
        """When the closure in progress began; None where there is none."""
        return self._running.start if self._running else None

    @property
    def is_blink(self) -> bool:
        """The closure in progress, if any, is still as short as a blink."""
        return self.length_s < self._blink_s - ROUNDING_S

    def step(
        self, elapsed: Elapsed, probability: float | None, thresholds: Thresholds, surely_open: float | None = None
    ) -> None:
        """Take in a frame at `elapsed.now` with the probability 0..1 that the eyes are closed (None: not visible).

        `surely_open` is what this driver's open eyes score at most; None: all under `open_below` is as surely open.
        """
        self.reached_s = 0.0
        self.ended = None
        self.counted = []
        self._pass(elapsed)
        self.closed = self._judge(probability, thresholds)
        self._covered = bool(self.closed) and probability is not None and probability > self._covered_above
        self._openness = _openness(probability, thresholds.open_below, surely_open)
        if self.closed:
            self._see_closed(elapsed.now)
        elif self.closed is False and self._running:
            self._running.opened = True

    def _judge(self, probability: float | None, thresholds: Thresholds) -> bool | None:
        if probability is None:
            return None
        if probability > thresholds.closed_above:
            return True
        if probability < thresholds.open_below:
            return False
        if self._running is None:
            return False
        if not self._running.opened:
            return True
        # Where a guard asks for surely covered lids, eyes between the thresholds are narrow, and open.
        return None if thresholds.closed_above < self._covered_above else False

    def _pass(self, elapsed: Elapsed) -> None:
        """What the frame before stood for, and the gap after it."""
        running = self._running
        if running is None:
            return
        frame = (elapsed.start, elapsed.seen)
        running.gap_s += elapsed.gap_s
        if self.closed:
            running.until = elapsed.seen
            self.reached_s = running.length_s
            self._count(running, frame, self._covered)
        elif self.closed is False:
            running.opening_s += elapsed.frame_s * self._openness
            running.gap_s += elapsed.frame_s * (1.0 - self._openness)
            running.openings.append(frame)
        else:
            running.gap_s += elapsed.frame_s
        opened = running.opening_s > self._config.flicker_s + ROUNDING_S
        lost = running.gap_s > self._config.unseen_s + ROUNDING_S
        if opened or lost:
            self._end(running)

    def _see_closed(self, now: float) -> None:
        running = self._running
        if running and running.opened:
            length_s = now - running.start - running.unseen_s - running.gap_s
            if running.flicker_s + running.opening_s > MOST_FLICKER * length_s + ROUNDING_S:
                self._end(running)
                running = None
        if running is None:
            self._running = _Running(start=now, until=now)
            return
        running.unseen_s += running.gap_s
        running.flicker_s += running.opening_s
        running.until = now
        self.reached_s = running.length_s
        for opening in running.openings:
            self._count(running, opening, covered=False)
        running.gap_s, running.opening_s, running.openings, running.opened = 0.0, 0.0, [], False

    def _count(self, running: _Running, stretch: Stretch, covered: bool) -> None:
        if running.covered_from is None:
            if not covered:
                return
            running.covered_from, running.covered_unseen_s = stretch[0], running.unseen_s
        began = stretch[0]
        if running.pending and running.pending[-1][1] == stretch[0]:
            stretch = (running.pending.pop()[0], stretch[1])
        running.pending.append(stretch)
        surely_s = began - running.covered_from - (running.unseen_s - running.covered_unseen_s)
        if covered and surely_s >= self._blink_s - ROUNDING_S:
            self.counted += running.pending
            running.pending.clear()

    def _end(self, running: _Running) -> None:
        ending: Literal["opened", "unknown"] = "opened" if running.opened else "unknown"
        self.ended = Closure(running.start, running.until, running.unseen_s, ending)
        self._running = None


def _openness(probability: float | None, open_below: float, surely_open: float | None) -> float:
    """Of a frame whose eyes are seen open: how surely they are, from 0 at `open_below` to 1 at `surely_open`."""
    if probability is None or surely_open is None or not surely_open < probability < open_below:
        return 1.0
    return (open_below - probability) / (open_below - surely_open)
