"""When a sound and a light are on: functions of the alert and of the time since it began. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from edge.alerts.standing import Alert
from edge.config.alerts import AlertsConfig, BurstConfig

GLIMPSE_S = (0.1, 1.9)
"""On and off of a lamp that says "you are not watched": a short flash, unlike every warning (own choice)."""


@dataclass(frozen=True, slots=True)
class Beat:
    """On or off now, and for how many seconds from now; None: until the alert changes."""

    on: bool
    for_s: float | None = None


SILENCE = Beat(on=False)


def sound(alert: Alert | None, config: AlertsConfig, now: float) -> Beat:
    """Whether a buzzer or a tone sounds at `now` (monotonic seconds); None: nothing is known of the driver."""
    if alert is None or alert.level is None or alert.silent:
        return SILENCE
    since = max(0.0, now - alert.since)
    if alert.level == "critical":
        return _critical(config, since)
    return _burst(config.advisory if alert.level == "advisory" else config.warning, since)


def light(alert: Alert | None, config: AlertsConfig, now: float) -> Beat:
    """Whether a lamp is lit at `now`: steady for advisory, in the sound's rhythm above, as long as the state lasts.

    It is never muted. Below a warning it flashes while he cannot be watched, else it is lit for an advisory and while
    he is sad, each as configured. None: nobody watches him, not yet or not any more, and that is told in the same way.
    """
    if alert is None:
        return _rhythm(*GLIMPSE_S, max(0.0, now)) if config.degraded == "lamp" else SILENCE
    since = max(0.0, now - alert.since)
    if alert.level == "critical":
        return _critical(config, since)
    if alert.level == "warning":
        return _rhythm(config.warning.on_s, config.warning.off_s, since)
    if alert.degraded:  # then an advisory, or sadness, is of before
        return _rhythm(*GLIMPSE_S, since)
    return Beat(on=True) if alert.level == "advisory" or alert.sad else SILENCE


def _critical(config: AlertsConfig, since: float) -> Beat:
    pattern = config.critical
    if pattern.steady_after_s is None:
        return _rhythm(pattern.on_s, pattern.off_s, since)
    if since >= pattern.steady_after_s:
        return Beat(on=True)
    return _until(_rhythm(pattern.on_s, pattern.off_s, since), pattern.steady_after_s - since)


def _burst(pattern: BurstConfig, since: float) -> Beat:
    if pattern.again_s is not None:
        since %= pattern.again_s
    if since < pattern.lasts_s:
        return _until(_rhythm(pattern.on_s, pattern.off_s, since), pattern.lasts_s - since)
    return Beat(on=False, for_s=None if pattern.again_s is None else pattern.again_s - since)


def _rhythm(on_s: float, off_s: float, since: float) -> Beat:
    into = since % (on_s + off_s)
    return Beat(on=True, for_s=on_s - into) if into < on_s else Beat(on=False, for_s=on_s + off_s - into)


def _until(beat: Beat, end_s: float) -> Beat:
    return Beat(beat.on, end_s if beat.for_s is None else min(beat.for_s, end_s))
