"""How long something held within the last seconds, exact at any and at a changing frame rate."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

ROUNDING_S = 1e-6
"""Times are floats: a threshold that is missed by less than a microsecond has been reached."""


class Elapsed(NamedTuple):
    """The time since the frame before, seconds: it stands for [start, seen); in [seen, now) nothing was seen."""

    start: float
    seen: float
    now: float

    @classmethod
    def between(cls, start: float, now: float, longest_step_s: float) -> Elapsed:
        """A frame stands for the time until the next one, at most `longest_step_s`: it is never carried further."""
        return cls(start, min(now, start + longest_step_s), now)

    @property
    def frame_s(self) -> float:
        return self.seen - self.start

    @property
    def gap_s(self) -> float:
        return self.now - self.seen


class Window:
    """The seconds in which something held, of the last `length_s` seconds.

    What is added are stretches of time, in rising order; a stretch that follows on the one before is joined to it.
    The work a frame is constant (amortised: what is dropped was added once), and the memory is one stretch a change.
    """

    __slots__ = ("_stretches", "length_s", "seconds")

    def __init__(self, length_s: float) -> None:
        self.length_s = length_s
        self.seconds = 0.0
        self._stretches: deque[tuple[float, float]] = deque()

    def __len__(self) -> int:
        """How many stretches are kept."""
        return len(self._stretches)

    def add(self, start: float, end: float) -> None:
        if end <= start:
            return
        self.seconds += end - start
        if self._stretches and self._stretches[-1][1] == start:
            start = self._stretches.pop()[0]
        self._stretches.append((start, end))

    def advance(self, now: float) -> None:
        """Forget what was before `now - length_s`; a stretch across that edge is cut there."""
        stretches, edge = self._stretches, now - self.length_s
        while stretches and stretches[0][0] < edge:
            start, end = stretches.popleft()
            self.seconds -= min(end, edge) - start
            if end > edge:
                stretches.appendleft((edge, end))
        if not stretches:
            self.seconds = 0.0  # what rounding left behind


class Share:
    """The share of the valid time of a window in which something held."""

    __slots__ = ("_held", "_needed_s", "_valid")

    def __init__(self, length_s: float, valid_share: float) -> None:
        self._valid = Window(length_s)
        self._held = Window(length_s)
        self._needed_s = valid_share * length_s

    def __len__(self) -> int:
        """How many stretches of time are kept."""
        return len(self._valid) + len(self._held)

    def add_valid(self, start: float, end: float) -> None:
        self._valid.add(start, end)

    def add_held(self, start: float, end: float) -> None:
        """`[start, end)` must have been added as valid, too, now or before."""
        self._held.add(start, end)

    def advance(self, now: float) -> None:
        self._valid.advance(now)
        self._held.advance(now)

    @property
    def valid(self) -> float:
        """Valid time as a share of the whole window, 0..1; while the window fills, what is to come is not valid."""
        return min(1.0, max(0.0, self._valid.seconds / self._valid.length_s))

    @property
    def share(self) -> float | None:
        """0..1, or None where there is too little valid time to say anything."""
        valid = self._valid.seconds
        if valid <= 0 or valid < self._needed_s - ROUNDING_S:
            return None
        return min(1.0, max(0.0, self._held.seconds / valid))

    def share_without(self, left_out: Window) -> float | None:
        """`share` of the time that is not in `left_out`, which must hold only stretches added as held."""
        valid = self._valid.seconds - left_out.seconds
        if valid <= 0 or valid < self._needed_s - ROUNDING_S:
            return None
        return min(1.0, max(0.0, (self._held.seconds - left_out.seconds) / valid))
