"""What the daemon says of itself: to the broker every minute, to who asks beside it at once. Nothing of the driver."""

from __future__ import annotations

import dataclasses
import time
from importlib.metadata import version
from typing import Any

from edge.config import Config
from edge.delivery.publisher import DeliveryStats
from edge.gps.gpsd import GpsState
from edge.monitor import Step
from edge.service.frames import Frames, FrameState
from edge.service.problems import Facts, problems
from edge.service.update import last_update
from edge.vision.card import read_card

HASH_DIGITS = 8
"""Of a model's hash: enough to tell models apart, and a day of status costs a tenth of a megabyte less than with 16."""


class Status:
    """Counts steps in `frames` and reports what is known. The frames' thread counts, any thread may ask."""

    def __init__(self, config: Config, session: int) -> None:
        self.frames = Frames(live=config.camera.live)
        self._config = config
        self._session = session
        self._began = time.monotonic()
        self._interval = config.mqtt.status_interval_s if config.mqtt else 60.0
        self._due = 0.0
        vision = config.vision
        models = [vision.landmarks_model, vision.eyes_model, vision.emotion_model]
        if vision.face.detector == "native":
            models.append(vision.face.native_model)
        self._models = {
            card.task: {"version": card.version, "sha256": card.sha256[:HASH_DIGITS]} for card in map(read_card, models)
        }

    def count(self, step: Step) -> None:
        """Take in what the monitor did."""
        self.frames.decided(step)

    def is_due(self, now: float) -> bool:
        """Whether the next report is due at `now`, monotonic seconds; asked once, it is due an interval later."""
        if now < self._due:
            return False
        self._due = now + self._interval
        return True

    def facts(self, **known: Any) -> Facts:
        """What is known now: of the frames, and what the caller adds."""
        share = self._config.rules.visibility.valid_share
        return Facts(self.frames.state(), valid_share=share, **known)

    def report(self, facts: Facts) -> dict[str, Any]:
        """The content of the status topic. A day of it is paid for by the byte: here stands what a fleet looks at."""
        frames, board = facts.frames, facts.board
        return {
            "version": version("driver-monitor"),
            "session": self._session,
            "frames": frames.frames,
            "frames_per_second": _rounded(frames.per_second, 2),
            "missed": frames.missed,
            "camera_faults": frames.faults,
            "latency_ms": [round(one) for one in frames.latency_ms] if frames.latency_ms else None,
            "seen": _rounded(frames.seen, 2),
            "problems": list(dict.fromkeys(one.name for one in problems(facts))),
            "temperature": None if board.temperature is None else round(board.temperature),
            "memory_mb": board.memory_mb,
            "outbox": _outbox(facts.delivery) if facts.delivery else None,
            "time_source": facts.time_source,
            "gps": _gps(facts.gps) if facts.gps else None,
            "models": self._models,
        }

    def local_report(self, facts: Facts) -> dict[str, Any]:
        """The same, and more, for who sits beside the vehicle: the problems in sentences, the whole board."""
        frames = facts.frames
        return self.report(facts) | {
            "vehicle": self._config.vehicle,
            "uptime_s": round(time.monotonic() - self._began),
            "camera": {"kind": self._config.camera.kind, "state": frames.camera},
            "last_decision_s": _rounded(frames.last_s, 1),
            "latency_ms": _latency(frames),
            "problems": [dataclasses.asdict(one) for one in problems(facts)],
            "board": dataclasses.asdict(facts.board),
            "alarms": dict(facts.alarms),
            "broker": _broker(facts.delivery) if facts.delivery else None,
            "last_update": last_update(),
        }


def _latency(frames: FrameState) -> dict[str, float] | None:
    if frames.latency_ms is None:
        return None
    median, p95 = (round(one, 1) for one in frames.latency_ms)
    return {"median": median, "p95": p95}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _broker(delivery: DeliveryStats) -> dict[str, Any]:
    return {"connected": delivery.connected, "last_error": delivery.last_error}


def _outbox(delivery: DeliveryStats) -> dict[str, Any]:
    outbox: dict[str, Any] = {"waiting": delivery.waiting, "sent": delivery.sent, "dropped": delivery.dropped}
    if delivery.gaps:
        outbox["gaps"] = [{"session": session, "first": first, "last": last} for session, first, last in delivery.gaps]
    return outbox


def _gps(gps: GpsState) -> dict[str, Any]:
    """How the receiver is; where the vehicle is stands in events alone."""
    age = None if gps.age is None else round(gps.age, 1)
    return {"connected": gps.connected, "fix": gps.fix, "age": age, "satellites": gps.satellites}
