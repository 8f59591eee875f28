"""What stands open of fatigue, sad and degraded, as the driver is to be told of it. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge.config.alerts import AlertsConfig
from edge.records import LEVELS, Cause, Level, Signal


@dataclass(frozen=True, slots=True)
class Alert:
    """What every output shows: the driver's state, since when, and whether it makes a sound.

    `since` is in monotonic seconds: when the level rose or a higher cause was told, which begins the alarm anew; a
    critical alarm goes on as it is. `level` and `cause` are None where the driver shows no fatigue; `since` is then
    when `degraded` last changed. `silent` is set where this alarm is muted.
    """

    level: Level | None = None
    cause: Cause | None = None
    since: float = 0.0
    sad: bool = False
    degraded: Cause | None = None
    silent: bool = False


class Standing:
    """Keeps the episodes that are open, by the signals' starts, updates and ends."""

    def __init__(self, config: AlertsConfig) -> None:
        self._tells_sad = config.sad != "none"
        self._tells_degraded = config.degraded != "none"
        self._open: dict[int, Signal] = {}
        self._alert = Alert()

    def take(self, signals: Iterable[Signal], now: float) -> None:
        """Take in what was decided just now, at `now` monotonic seconds (the signals' own time is the camera's)."""
        before = self._top()
        for signal in signals:
            if signal.phase == "end":
                self._open.pop(signal.episode, None)
            else:
                self._open[signal.episode] = signal
        top = self._top()
        degraded = next((one.cause for one in self._open.values() if one.signal == "degraded"), None)
        degraded = degraded if self._tells_degraded else None
        since = self._alert.since
        if self._begins(before, top) or (top is None and degraded != self._alert.degraded):
            since = now
        sad = self._tells_sad and any(one.signal == "sad" for one in self._open.values())
        level, cause = (top.level, top.cause) if top else (None, None)
        self._alert = Alert(level, cause, since, sad, degraded)

    def alert(self, *, muted: bool, critical_too: bool) -> Alert:
        """What is to be shown while alarms are `muted`, and `critical_too` those of that level."""
        silent = critical_too if self._alert.level == "critical" else muted
        return replace(self._alert, silent=silent)

    def _top(self) -> Signal | None:
        """The fatigue that counts: of the highest level, the one told last among equals."""
        fatigue = [one for one in self._open.values() if one.signal == "fatigue"]
        return max(reversed(fatigue), key=lambda one: LEVELS.index(one.level), default=None)

    @staticmethod
    def _begins(before: Signal | None, top: Signal | None) -> bool:
        """Whether `top` is news; that a sleeper has become unresponsive begins no critical alarm anew."""
        if top is before or top is None:
            return False
        return before is None or before.episode != top.episode or not before.level == top.level == "critical"
