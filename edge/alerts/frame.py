"""What the CAN frame holds, bit by bit, as docs/driver-monitor.dbc describes it. Pure."""

from __future__ import annotations

from edge.alerts.standing import Alert
from edge.config.alerts import WIDTHS, CanConfig
from edge.records import LEVELS, Cause

FATIGUE: tuple[Cause, ...] = ("perclos", "microsleep", "sleep", "unresponsive")
DEGRADED: tuple[Cause, ...] = ("eyes_not_visible", "face_not_visible", "too_dark", "camera_fault")


def frame(alert: Alert, count: int, config: CanConfig) -> bytes:
    """The content of the frame number `count` (from 0), as many bytes as `config.length`; what is not used is 0."""
    values = {
        "level": 0 if alert.level is None else 1 + LEVELS.index(alert.level),
        "cause": 0 if alert.cause is None else 1 + FATIGUE.index(alert.cause),
        "sad": int(alert.sad),
        "muted": int(alert.silent),
        "degraded": 0 if alert.degraded is None else 1 + DEGRADED.index(alert.degraded),
        "alive": count % 2,
        "counter": count % 2 ** WIDTHS["counter"],
    }
    content = 0
    for name, first in config.bits:
        if first is not None:
            content |= values[name] << first
    return content.to_bytes(config.length, "little")
