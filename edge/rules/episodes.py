"""Episodes: what the rules hold to be true becomes start, update and end, each said once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.records import CAUSES, LEVELS, Cause, Level, Phase, Signal, SignalName

Evidence = Callable[[], dict[str, float]]
"""Asked only where there is something to say: that is one frame in thousands."""

_RANK = {cause: rank for causes in CAUSES.values() for rank, cause in enumerate(causes)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule holds to be true now."""

    cause: Cause
    level: Level

    def above(self, other: Finding) -> bool:
        return (LEVELS.index(self.level), _RANK[self.cause]) > (LEVELS.index(other.level), _RANK[other.cause])


class Counter:
    """Numbers the episodes of all signals, from 1."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        self._last += 1
        return self._last


class Episodes:
    """The episodes of one signal, one after another: each starts once, rises or stays, and ends once."""

    def __init__(self, signal: SignalName, counter: Counter) -> None:
        self._signal = signal
        self._counter = counter
        self._number = 0
        self._open: Finding | None = None

    @property
    def open(self) -> Finding | None:
        """The highest finding of the episode in progress."""
        return self._open

    def step(self, time: float, finding: Finding | None, evidence: Evidence) -> tuple[Signal, ...]:
        """What has to be said at `time`, now that the rule holds `finding`; `evidence` gives the numbers behind it."""
        before = self._open
        if finding is None:
            return self.end(time, evidence)
        if before is None:
            self._number = self._counter.next()
        elif not finding.above(before):
            return ()
        self._open = finding
        return (self._say("start" if before is None else "update", finding, time, evidence),)

    def end(self, time: float, evidence: Evidence) -> tuple[Signal, ...]:
        if self._open is None:
            return ()
        finding, self._open = self._open, None
        return (self._say("end", finding, time, evidence),)

    def _say(self, phase: Phase, finding: Finding, time: float, evidence: Evidence) -> Signal:
        return Signal(self._signal, finding.cause, finding.level, phase, time, self._number, evidence())
