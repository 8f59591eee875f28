"""What the frame loop is doing and since when, so that being stuck can be told, and where."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from edge.monitor import Vision
from edge.records import Frame, Observation

SLOW_S = 5.0
"""A stage of the loop takes milliseconds; one that takes so long is stuck or starved."""
LOOKS = 5
"""How often it is looked within that time."""

_log = logging.getLogger(__name__)


class Stage(NamedTuple):
    """`within_s` is how long it may take by right, seconds; `since` is monotonic."""

    name: str
    since: float
    within_s: float


class Stages:
    """Where the loop is: one thread enters stages, any other may look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.current = Stage("start", clock(), 60.0)

    def enter(self, name: str, within_s: float = 0.0) -> None:
        """The stage before is over, this one begins."""
        self.current = Stage(name, self._clock(), within_s)  # one assignment: no reader sees half of it


class StagedVision:
    """Vision that says when it looks at a frame; what follows on it are the rules."""

    def __init__(self, vision: Vision, stages: Stages) -> None:
        self._vision = vision
        self._stages = stages

    def see(self, frame: Frame) -> Observation:
        self._stages.enter("inference")
        observation = self._vision.see(frame)
        self._stages.enter("rules")
        return observation


class Watcher:
    """A thread that says once that a stage takes too long, and how long it took when it is over.

    `say` is given one line each time, such as for `systemctl status`.
    """

    def __init__(
        self,
        stages: Stages,
        slow_s: float = SLOW_S,
        say: Callable[[str], None] = lambda _line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stages = stages
        self._slow_s = slow_s
        self._say = say
        self._clock = clock
        self._told: Stage | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """See where the loop is now."""
        now, stage = self._clock(), self._stages.current
        if self._told is not None and stage != self._told:
            _log.warning("%s is over after %.1f s at most: it goes on", self._told.name, now - self._told.since)
            self._told = None
        if self._told is None and now - stage.since - stage.within_s >= self._slow_s:
            _log.error("stuck: %s has taken %.1f s; nobody is watched meanwhile", stage.name, now - stage.since)
            self._say(f"stuck: {stage.name} has taken {now - stage.since:.1f} s")
            self._told = stage

    def _watch(self) -> None:
        while not self._stopping.wait(self._slow_s / LOOKS):
            self.look()
