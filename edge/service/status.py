"""What the daemon says of itself every minute; nothing of the driver is in it."""

from __future__ import annotations

import statistics
import time
from collections import deque
from importlib.metadata import version
from typing import Any

from edge.config import Config
from edge.delivery.publisher import DeliveryStats
from edge.gps.gpsd import GpsState
from edge.monitor import Step
from edge.records import TimeSource
from edge.vision.card import read_card

RECENT = 900
"""Frames over which rates are told: one minute at 15 frames a second."""

HASH_DIGITS = 16
"""Of a model's hash: enough to tell models apart, and a day of status costs a quarter of a megabyte less."""


class Status:
    """Counts steps and reports them; `clock` gives monotonic seconds."""

    def __init__(self, config: Config, session: int) -> None:
        self.frames = 0
        self._faults = 0
        self._session = session
        self._interval = config.mqtt.status_interval_s if config.mqtt else 60.0
        self._due = 0.0
        self._moments: deque[float] = deque(maxlen=RECENT)
        vision = config.vision
        models = [vision.landmarks_model, vision.eyes_model, vision.emotion_model]
        if vision.face.detector == "native":
            models.append(vision.face.native_model)
        self._models = {
            card.task: {"version": card.version, "sha256": card.sha256[:HASH_DIGITS]} for card in map(read_card, models)
        }

    def count(self, step: Step) -> None:
        """Take in what the monitor did."""
        if step.observation is None:
            self._faults += 1
            return
        self.frames += 1
        self._moments.append(time.monotonic())

    def is_due(self, now: float) -> bool:
        """Whether the next report is due at `now`, monotonic seconds; asked once, it is due an interval later."""
        if now < self._due:
            return False
        self._due = now + self._interval
        return True

    def report(
        self, delivery: DeliveryStats, time_source: TimeSource | None = None, gps: GpsState | None = None
    ) -> dict[str, Any]:
        """The content of the status topic; `time_source` is who tells the time now."""
        gaps = [later - earlier for earlier, later in zip(self._moments, list(self._moments)[1:], strict=False)]
        return {
            "version": version("driver-monitor"),
            "session": self._session,
            "frames": self.frames,
            "frames_per_second": round(1 / statistics.fmean(gaps), 2) if gaps else None,
            "camera_faults": self._faults,
            "outbox": _outbox(delivery),
            "time_source": time_source,
            "gps": _gps(gps) if gps else None,
            "models": self._models,
        }


def _outbox(delivery: DeliveryStats) -> dict[str, Any]:
    outbox: dict[str, Any] = {"waiting": delivery.waiting, "sent": delivery.sent, "dropped": delivery.dropped}
    if delivery.gaps:
        outbox["gaps"] = [{"session": session, "first": first, "last": last} for session, first, last in delivery.gaps]
    return outbox


def _gps(gps: GpsState) -> dict[str, Any]:
    """How the receiver is; where the vehicle is stands in events alone."""
    age = None if gps.age is None else round(gps.age, 1)
    return {"connected": gps.connected, "fix": gps.fix, "age": age, "satellites": gps.satellites}
