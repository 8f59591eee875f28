"""What makes alarms silent for a while: the fleet's command and a button at the driver's place."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge.config.alerts import MuteConfig


class Silence:
    """Whether alarms make a sound now; every silence ends by itself. `clock` gives monotonic seconds.

    `by_fleet` is asked whether the fleet made alarms silent, which never holds for critical ones.
    """

    def __init__(
        self,
        config: MuteConfig,
        by_fleet: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._by_fleet = by_fleet
        self._clock = clock
        self._until = float("-inf")

    def press(self) -> None:
        """The button was pressed: silent from now on, or no longer where it made them so.

        The log does not tell: who pressed it when is the driver's own.
        """
        if self._by_button:
            self._until = float("-inf")
        else:
            self._until = self._clock() + 60 * self._config.minutes

    @property
    def muted(self) -> bool:
        """Alarms below critical are silent."""
        return self._by_button or self._by_fleet()

    @property
    def critical_too(self) -> bool:
        """Critical alarms are silent."""
        return self._config.critical and self._by_button

    @property
    def _by_button(self) -> bool:
        return self._clock() < self._until
