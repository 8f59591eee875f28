"""The driver is warned: what the rules decided goes to every output of the configuration, none waiting for another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from edge.alerts.can import CanOutput
from edge.alerts.gpio import MuteButton, PinOutput
from edge.alerts.mute import Silence
from edge.alerts.output import Output
from edge.alerts.pattern import light, sound
from edge.alerts.standing import Alert, Standing
from edge.alerts.tone import ToneOutput
from edge.alerts.worker import RETRY_S, Worker
from edge.config.alerts import AlertsConfig
from edge.records import Signal

GOODBYE_S = 1.0
"""Outputs that have not let go after so long are left to the end of the process."""


class Alarms:
    """Tells every output what stands open; `take` is called with each decision and never waits.

    Without a decision for `stale_s` every sound is off and no frame is sent: nobody watches the driver any more, and an
    alarm that nobody can end must not go on.
    """

    def __init__(
        self,
        config: AlertsConfig,
        outputs: Sequence[Output],
        silence: Silence | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        self._config = config
        self._clock = clock
        self._silence = silence or Silence(config.mute, clock=clock)
        self._standing = Standing(config)
        self._decided: tuple[Alert, float] | None = None
        self._workers = [Worker(output, self._current, clock, retry_s) for output in outputs]

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def take(self, signals: Iterable[Signal]) -> None:
        """Take in what one frame led to, in most cases nothing."""
        now = self._clock()
        self._standing.take(signals, now)
        alert = self._standing.alert(muted=self._silence.muted, critical_too=self._silence.critical_too)
        before, self._decided = self._decided, (alert, now)
        changed = before is None or before[0] != alert or now - before[1] >= self._config.stale_s
        for worker in self._workers:
            if changed:
                worker.wake()
            worker.look(now)

    def state(self) -> dict[str, str]:
        """How each output does, by name; nothing of the driver."""
        return {worker.name: worker.state() for worker in self._workers}

    def close(self) -> None:
        """Everything off; what hangs is left behind."""
        self._decided = (Alert(), self._clock())
        for worker in self._workers:
            worker.over()
        deadline = time.monotonic() + GOODBYE_S
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def _current(self) -> tuple[Alert | None, float | None]:
        if self._decided is None:
            return None, None
        alert, moment = self._decided
        left = moment + self._config.stale_s - self._clock()
        return (alert, left) if left > 0 else (None, None)


def outputs_of(config: AlertsConfig, silence: Silence) -> list[Output]:
    """The outputs that the configuration names, and the button."""
    outputs: list[Output] = []
    if config.buzzer.pin is not None:
        outputs.append(PinOutput("buzzer", config, config.buzzer, sound))
    if config.lamp.pin is not None:
        outputs.append(PinOutput("lamp", config, config.lamp, light))
    if config.can.channel is not None:
        outputs.append(CanOutput(config.can))
    if config.tone.device is not None:
        outputs.append(ToneOutput(config))
    if config.mute.pin is not None:
        outputs.append(MuteButton(config.mute, silence.press))
    return outputs


@contextmanager
def alarms(config: AlertsConfig, by_fleet: Callable[[], bool] = lambda: False) -> Iterator[Alarms]:
    """The alarms of the configuration, started; off and let go at the end. `by_fleet`: the fleet made them silent."""
    silence = Silence(config.mute, by_fleet)
    running = Alarms(config, outputs_of(config, silence), silence)
    running.start()
    try:
        yield running
    finally:
        running.close()
