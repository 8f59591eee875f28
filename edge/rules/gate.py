"""The operator's speed gate: at which speed an alarm may begin."""

from __future__ import annotations

import math

from edge.config import SpeedGateConfig

KMH = 3.6
"""Kilometres an hour in a metre a second."""


class SpeedGate:
    """What the speed of now lets through. An unknown speed, and a gate that is switched off, let everything through."""

    def __init__(self, config: SpeedGateConfig) -> None:
        self._config = config
        self._kmh: float | None = None

    def step(self, speed: float | None) -> None:
        """Take in the vehicle's speed, metres a second; None: not known."""
        known = self._config.enabled and speed is not None and math.isfinite(speed)
        self._kmh = speed * KMH if known and speed is not None else None

    @property
    def closures(self) -> bool:
        """An alarm of a closure may begin."""
        return self._kmh is None or self._kmh >= self._config.closures_kmh

    @property
    def drowsiness(self) -> bool:
        """An alarm of drowsiness may begin."""
        return self._kmh is None or self._kmh >= self._config.drowsiness_kmh

    @property
    def standing(self) -> bool:
        """The vehicle stands: whoever rests in it is not drowsy at the wheel."""
        return self._kmh is not None and self._kmh < self._config.standing_kmh
