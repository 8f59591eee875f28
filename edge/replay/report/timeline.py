"""A replay as columns of numbers, small enough to stand in a page: 18 bytes a frame, 1 MB an hour at 15 a second."""

from __future__ import annotations

import base64
from array import array
from dataclasses import dataclass, field
from typing import Any

from edge.config import Config
from edge.monitor import Step
from edge.records import Level, Observation, Signal

NOTHING = 255
"""In place of a number that was not to be had; 65535 in columns of two bytes."""
SIGHTS = ("eyes seen", "eyes not visible", "face not visible", "too dark", "no frame")
"""What was to be seen of the driver, by number."""
KMH = 3.6


@dataclass(slots=True)
class Episode:
    """An alarm: when it began or rose, to what, and when it ended; seconds of the recording."""

    signal: str
    rises: list[tuple[float, Level, str]]
    end: float | None = None


@dataclass(slots=True)
class Timeline:
    """What one recording's frames came to. Probabilities and shares are kept in 250 steps, PERCLOS in 10,000."""

    time_ms: array[int] = field(default_factory=lambda: array("I"))
    closed: array[int] = field(default_factory=lambda: array("B"))
    shut: array[int] = field(default_factory=lambda: array("B"))
    perclos_short: array[int] = field(default_factory=lambda: array("H"))
    perclos_long: array[int] = field(default_factory=lambda: array("H"))
    happy: array[int] = field(default_factory=lambda: array("B"))
    neutral: array[int] = field(default_factory=lambda: array("B"))
    sad: array[int] = field(default_factory=lambda: array("B"))
    surprise: array[int] = field(default_factory=lambda: array("B"))
    sad_share: array[int] = field(default_factory=lambda: array("B"))
    sight: array[int] = field(default_factory=lambda: array("B"))
    speed: array[int] = field(default_factory=lambda: array("H"))
    episodes: list[Episode] = field(default_factory=list)
    seconds: float = 0.0
    _open: dict[tuple[str, int], Episode] = field(default_factory=dict)

    def frame(self, step: Step, speed: float | None) -> None:
        """Take in a frame, or that there was none; `speed` in metres per second, where it is known."""
        seen, decision = step.observation, step.decision
        emotion = seen.emotion if seen else None
        self.time_ms.append(round(max(0.0, step.time) * 1000))
        self.closed.append(_part(seen.eyes.closed if seen else None))
        self.shut.append(NOTHING if decision.eyes_closed is None or seen is None else int(decision.eyes_closed))
        self.perclos_short.append(_fine(decision.perclos_short))
        self.perclos_long.append(_fine(decision.perclos_long))
        self.happy.append(_part(emotion.happy if emotion else None))
        self.neutral.append(_part(emotion.neutral if emotion else None))
        self.sad.append(_part(emotion.sad if emotion else None))
        self.surprise.append(_part(emotion.surprise if emotion else None))
        self.sad_share.append(_part(decision.sad_share))
        self.sight.append(_sight(seen))
        self.speed.append(0xFFFF if speed is None else min(0xFFFE, round(speed * KMH * 10)))
        self.seconds = max(self.seconds, step.time)

    def signal(self, signal: Signal) -> None:
        key = signal.signal, signal.episode
        if signal.phase == "end":
            self._open.pop(key).end = signal.time
            return
        if signal.phase == "start":
            self._open[key] = Episode(signal.signal, [])
            self.episodes.append(self._open[key])
        self._open[key].rises.append((signal.time, signal.level, signal.cause))

    @property
    def frames(self) -> int:
        return len(self.sight) - self.sight.count(SIGHTS.index("no frame"))

    def share_seen(self) -> float:
        """Share of the frames in which the eyes were seen, 0 to 1."""
        return self.sight.count(0) / self.frames if self.frames else 0.0

    def for_page(self, config: Config) -> dict[str, Any]:
        """Everything that the page's own script draws, as JSON takes it."""
        columns = ("time_ms", "closed", "shut", "perclos_short", "perclos_long", "happy", "neutral", "sad", "surprise")
        rules = config.rules
        return {
            "seconds": round(self.seconds, 3),
            "longest_step_s": rules.longest_step_s,
            "columns": {name: _text(getattr(self, name)) for name in (*columns, "sad_share", "sight")},
            "speed": _text(self.speed) if any(value != 0xFFFF for value in self.speed) else None,
            "sights": SIGHTS,
            "windows_s": [rules.perclos.short_s, rules.perclos.long_s, rules.sad.window_s],
            "thresholds": {
                "closed": _closed_thresholds(config),
                "perclos": _perclos_thresholds(config),
                "sad": [["sad from", rules.sad.share], ["over below", rules.sad.end_share]],
            },
            "episodes": [
                {
                    "signal": episode.signal,
                    "rises": [[round(time, 3), level, cause] for time, level, cause in episode.rises],
                    "end": round(self.seconds if episode.end is None else episode.end, 3),
                }
                for episode in self.episodes
            ],
        }


def _closed_thresholds(config: Config) -> list[list[Any]]:
    closures = config.rules.closures
    least = ", at least" if config.rules.baseline.learn else ""  # this driver's own may be higher
    return [[f"closed above{least}", closures.closed_above], [f"open below{least}", closures.open_below]]


def _perclos_thresholds(config: Config) -> list[list[Any]]:
    perclos = config.rules.perclos
    return [
        ["advisory", perclos.advisory],
        [f"warning {perclos.short_s:g} s", perclos.warning_short],
        [f"warning {perclos.long_s:g} s", perclos.warning_long],
    ]


def _sight(seen: Observation | None) -> int:
    if seen is None:
        return 4
    if seen.eyes.closed is not None:
        return 0
    return 3 if seen.dark else 2 if seen.face is None else 1


def _part(share: float | None) -> int:
    return NOTHING if share is None else round(share * 250)


def _fine(share: float | None) -> int:
    return 0xFFFF if share is None else round(share * 10_000)


def _text(column: array[int]) -> str:
    """Little-endian, as every browser's typed arrays are on the machines that there are."""
    return base64.b64encode(column.tobytes()).decode("ascii")
