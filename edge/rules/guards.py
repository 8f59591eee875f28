"""Guards: what narrows the eyes without sleep. They withhold a microsleep, and never what lasts longer."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config import ClosuresConfig, GuardsConfig
from edge.records import Observation
from edge.rules.closures import Closures
from edge.rules.window import Elapsed

MOST_OF_IT = 0.5
"""A guard speaks for a closure where its evidence held for more than this share of it: emotions flicker, too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a frame shows of the guards' evidence; a guard that is switched off sees nothing."""

    laughing: bool = False
    one_eye: bool = False


class Guards:
    """Laughing: lifted cheeks narrow the eyes. One eye: the other one is seen open, as in a wink.

    `withheld` names the guard that speaks for the closure in progress, or for the one that the last step ended.
    """

    def __init__(self, config: GuardsConfig, closures: ClosuresConfig) -> None:
        self._config = config
        self._open_below = closures.open_below
        self._before = Seen()
        self._closure: float | None = None
        self._seconds = {"laughing": 0.0, "one eye": 0.0}
        self._closed_s = 0.0
        self.withheld: str | None = None

    def see(self, observation: Observation) -> Seen:
        emotion, right, left = observation.emotion, observation.eyes.right, observation.eyes.left
        one_open = right is not None and left is not None and (right < self._open_below) != (left < self._open_below)
        return Seen(
            laughing=self._config.laughing and emotion is not None and emotion.happy > self._config.happy,
            one_eye=self._config.one_eye and one_open,
        )

    def step(self, elapsed: Elapsed, before: bool | None, closures: Closures, seen: Seen) -> None:
        """`before`: the eyes in the frame before; `closures` has taken in the frame of now, which shows `seen`."""
        begun = closures.ended.start if closures.ended else closures.start
        if begun != self._closure:
            self._closure, self._closed_s = begun, 0.0
            self._seconds = dict.fromkeys(self._seconds, 0.0)
        elif before and begun is not None:
            self._closed_s += elapsed.frame_s
            self._seconds["laughing"] += elapsed.frame_s * self._before.laughing
            self._seconds["one eye"] += elapsed.frame_s * self._before.one_eye
        self._before = seen
        most_s = MOST_OF_IT * self._closed_s
        self.withheld = next((name for name, seconds in self._seconds.items() if seconds > most_s), None)
