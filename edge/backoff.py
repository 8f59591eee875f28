"""How long to wait before the next try."""

from __future__ import annotations

import random


class Backoff:
    """Waits that double from `shortest` to `longest` seconds, each with a random part.

    The random part keeps a fleet that lost its broker at one moment from coming back at one moment.
    """

    def __init__(self, shortest: float, longest: float, chance: random.Random | None = None) -> None:
        self._shortest = shortest
        self._longest = longest
        self._chance = chance or random.Random()  # noqa: S311  spreads load, guards nothing
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait now: from 1 to 2 times `shortest`, then 2 to 4 times, at last half to all of `longest`."""
        self._tries = min(self._tries + 1, 32)
        ceiling = min(self._longest, self._shortest * 2.0**self._tries)
        return self._chance.uniform(ceiling / 2, ceiling)

    def reset(self) -> None:
        """The next wait is a short one again."""
        self._tries = 0
