"""What is wrong with the machine, said in the log when it begins and when it is over, not each time that it is seen."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from edge.service.problems import Name, Problem

TOLD: frozenset[Name] = frozenset({"dark", "slow", "late", "board", "disk", "memory"})
"""Camera, broker, gpsd and alarms say their own changes; whether a driver is seen is nothing for a log."""
OVER_S = 60.0
"""Gone for so long it is over; what comes and goes faster is one trouble."""

_log = logging.getLogger(__name__)


class Journal:
    """Takes what is wrong again and again; `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Name, float] = {}

    def take(self, problems: Iterable[Problem]) -> None:
        now = self._clock()
        for problem in problems:
            if problem.name in TOLD:
                if problem.name not in self._seen:
                    _log.warning("%s", problem.text)
                self._seen[problem.name] = now
        for name in [name for name, seen in self._seen.items() if now - seen >= OVER_S]:
            _log.info("no longer: %s", name)
            del self._seen[name]
