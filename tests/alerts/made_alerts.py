"""What the tests of alarms share: configurations, signals, waiting for what happens in another thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from edge.config import AlertsConfig
from edge.records import Cause, Level, Phase, Signal, SignalName

CAUSES: dict[Level, Cause] = {"advisory": "perclos", "warning": "microsleep", "critical": "sleep"}


def config(**sections: Any) -> AlertsConfig:
    return AlertsConfig.model_validate(sections)


def signal(
    level: Level,
    phase: Phase = "start",
    episode: int = 1,
    cause: Cause | None = None,
    name: SignalName = "fatigue",
) -> Signal:
    return Signal(name, cause or CAUSES[level], level, phase, 0.0, episode)


def sad(phase: Phase = "start", episode: int = 8) -> Signal:
    return signal("advisory", phase, episode, "sustained", "sad")


def degraded(phase: Phase = "start", episode: int = 9, cause: Cause = "camera_fault") -> Signal:
    return signal("advisory", phase, episode, cause, "degraded")


def eventually(holds: Callable[[], object], what: str, patience_s: float = 20.0) -> None:
    """Wait until it holds; the patience is for a busy machine, and is used up only where it never does."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.001)
