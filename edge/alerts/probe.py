"""Looking at each configured output once, for `check`, without a sound; and sounding it, for whoever installs it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from edge.alerts.alarms import alarms, outputs_of
from edge.alerts.can import CanOutput
from edge.alerts.frame import FATIGUE
from edge.alerts.gpio import MuteButton, PinOutput
from edge.alerts.mute import Silence
from edge.alerts.output import Output, OutputError
from edge.config.alerts import AlertsConfig, CanConfig
from edge.errors import CheckFailed, ConfigError
from edge.records import LEVELS, Level, Phase, Signal

IFF_UP = 1
"""The flag of an interface that is up, of netdevice(7)."""
TICK_S = 0.05
PAUSE_S = 0.5


def looks(config: AlertsConfig) -> Iterator[tuple[str, Callable[[], str]]]:
    """The name of each configured output and a look at it, which gives what was found or raises CheckFailed."""
    for output in outputs_of(config, Silence(config.mute)):
        yield output.name, partial(_look, output, config)


def rehearse(config: AlertsConfig, levels: Sequence[Level], say: Callable[[str], None], each_s: float = 1.0) -> None:
    """Sound each level for a while at every output; `say` is called as one begins.

    Raises:
        ConfigError: no output is configured.
        CheckFailed: one of them did not work.
    """
    names = [one.name for one in outputs_of(config, Silence(config.mute)) if not isinstance(one, MuteButton)]
    if not names:
        raise ConfigError("No output is configured; give one under alerts: a pin of buzzer or lamp, can, or tone.")
    log = logging.getLogger("edge.alerts")
    before = log.level
    log.setLevel(logging.CRITICAL)  # what fails is told at the end, in one sentence
    try:
        with alarms(config) as running:
            for episode, level in enumerate(levels):
                say(f"{level}: {', '.join(names)}")
                _hold(running.take, _signal(level, "start", episode), each_s)
                _hold(running.take, _signal(level, "end", episode), PAUSE_S)
            failed = [f"{name}: {state}" for name, state in running.state().items() if state != "ok"]
    finally:
        log.setLevel(before)
    if failed:
        raise CheckFailed(f"{'; '.join(failed)}; see what driver-monitor check says of them.")


def turn_off(config: AlertsConfig) -> None:
    """Every pin off, for after a daemon that was killed amid an alarm.

    Raises:
        CheckFailed: pins cannot be used; the others are off.
    """
    failed = []
    for output in outputs_of(config, Silence(config.mute)):
        if isinstance(output, PinOutput):
            try:
                _open_and_close(output)
            except CheckFailed as error:
                failed.append(str(error))
    if failed:
        raise CheckFailed(" ".join(failed))


def _hold(take: Callable[[Sequence[Signal]], None], signal: Signal, seconds: float) -> None:
    until = time.monotonic() + seconds
    take([signal])
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(TICK_S, left))
        take([])


def _signal(level: Level, phase: Phase, episode: int) -> Signal:
    return Signal("fatigue", FATIGUE[LEVELS.index(level)], level, phase, 0.0, episode)


def _look(output: Output, config: AlertsConfig) -> str:
    _open_and_close(output)
    if isinstance(output, PinOutput | MuteButton):
        return f"GPIO {output.number} can be used"
    if isinstance(output, CanOutput):
        return _look_at_interface(config.can)
    return f"aplay plays at {config.tone.device}"


def _look_at_interface(config: CanConfig) -> str:
    flags = Path("/sys/class/net", config.channel or "", "flags")
    if config.interface == "socketcan" and not int(flags.read_text(), 16) & IFF_UP:
        raise CheckFailed(f"{config.channel} is down; docs/alerts.md tells how to bring it up.")
    return f"{config.channel} is there; identifier 0x{config.identifier:X} each {config.period_s:g} s"


def _open_and_close(output: Output) -> None:
    try:
        output.open()
        output.close()
    except OutputError as error:
        raise CheckFailed(f"{error}.") from None
