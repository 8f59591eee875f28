"""How long after its decision an alarm is at the outputs, in the running daemon on a recording played at its own speed.

Run by hand it prints a table; without a recording of so many alarms one after another, and no camera:

    PYTHONPATH=tests .venv/bin/python tests/alerts/delays.py RECORDING...
    PYTHONPATH=tests .venv/bin/python tests/alerts/delays.py
"""

from __future__ import annotations

import math
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from unittest.mock import patch

import can
import gpiozero
from gpiozero.pins.mock import MockFactory, MockPin
from made_alerts import eventually
from made_alerts import signal as signal_of

from edge.alerts.alarms import alarms
from edge.config import AlertsConfig, Config
from edge.monitor import Monitor, Step
from edge.records import Frame
from edge.service.daemon import run_daemon

BUZZER = 17
LEVELS = {"advisory": 1, "warning": 2, "critical": 3}
MUTED = 1 << 6
MANY = 300
CHANNEL = "delays"
ALERTS = {"buzzer": {"pin": BUZZER}, "can": {"channel": CHANNEL, "interface": "virtual", "identifier": 0x5DA}}


@dataclass(frozen=True)
class Trial:
    """What happened in the daemon, each with its monotonic time: decisions on fatigue, frames on the bus, sounds."""

    decided: list[tuple[float, int, str]]
    """Level as the frame has it, and phase."""
    heard: list[tuple[float, int, bool]]
    """Level, and whether it was muted."""
    sounds: list[float]
    """The beginning of each beep of the buzzer."""

    def delays(self) -> dict[str, list[float]]:
        """Seconds from each decision (the policy has given its signals) to its frame and, of starts, to its beep."""
        found: dict[str, list[float]] = {"can": [], "buzzer": []}
        for moment, level, phase in self.decided:
            frames = (at for at, told, _ in self.heard if at >= moment and told == level)
            found["can"].append(next(frames, math.inf) - moment)
            if phase == "start":
                found["buzzer"].append(next((at for at in self.sounds if at >= moment), math.inf) - moment)
        return found


class Node:
    """Another node on the virtual bus: when it heard what."""

    def __init__(self, channel: str) -> None:
        self.heard: list[tuple[float, int, bool]] = []
        self._bus = can.Bus(channel, "virtual")
        self._is_over = False
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._is_over:
            if message := self._bus.recv(0.1):
                self.heard.append((time.monotonic(), message.data[0] & 3, bool(message.data[0] & MUTED)))

    def close(self) -> None:
        self._is_over = True
        self._thread.join()
        self._bus.shutdown()


def run_alarms(recording: Path) -> Trial:
    """Run the daemon on it, in this process, with a buzzer at a mock pin and a frame on the virtual bus."""
    config = Config.model_validate(
        {
            "camera": {"kind": "recording", "path": recording},
            "rules": {"guards": {"laughing": False}},  # the portrait of the shipped recording smiles
            "alerts": ALERTS,
        }
    )
    decided: list[tuple[float, int, str]] = []
    whole_step: Callable[[Monitor, Frame], Step] = Monitor.step

    def step(self: Monitor, frame: Frame) -> Step:
        done = whole_step(self, frame)
        now = time.monotonic()
        decided.extend(
            (now, 0 if one.phase == "end" else LEVELS[one.level], one.phase)
            for one in done.decision.signals
            if one.signal == "fatigue"
        )
        return done

    pin = MockFactory().pin(BUZZER)
    pin.clear_states()
    begun: float = pin._last_change
    handlers = [(one, signal.getsignal(one)) for one in (signal.SIGTERM, signal.SIGINT)]
    node = Node(CHANNEL)
    with patch.object(gpiozero.Device, "pin_factory", pin.factory), patch.object(Monitor, "step", step):
        try:
            run_daemon(config)
        finally:
            node.close()
            for one, handler in handlers:
                signal.signal(one, handler)
    return Trial(decided, node.heard, _sounds(pin, begun))


def many_alarms(number: int) -> Trial:
    """Critical alarms, each over before the next one begins, given to the outputs as the daemon gives them."""
    decided: list[tuple[float, int, str]] = []
    pin = MockFactory().pin(BUZZER)
    pin.clear_states()
    begun: float = pin._last_change
    node = Node(CHANNEL)
    with patch.object(gpiozero.Device, "pin_factory", pin.factory), alarms(AlertsConfig.model_validate(ALERTS)) as all_:
        all_.take([])
        eventually(lambda: node.heard, "the bus is open")
        for episode in range(number):
            level = LEVELS["critical"]
            for phase, expected in (("start", level), ("end", 0)):
                decided.append((time.monotonic(), expected, phase))
                all_.take([signal_of("critical", phase, episode)])
                eventually(lambda: node.heard[-1][1] == expected, "the bus has it")  # noqa: B023  called at once
                eventually(lambda: pin.state == bool(expected), "the buzzer has it")  # noqa: B023  called at once
    node.close()
    return Trial(decided, node.heard, _sounds(pin, begun))


def _sounds(pin: MockPin, begun: float) -> list[float]:
    times = accumulate(change.timestamp for change in pin.states)
    return [begun + moment for moment, change in zip(times, pin.states, strict=True) if change.state]


def main() -> None:
    found: dict[str, list[float]] = {"can": [], "buzzer": []}
    trials = [run_alarms(Path(one)) for one in sys.argv[1:]] or [many_alarms(MANY)]
    for trial in trials:
        for name, each in trial.delays().items():
            found[name].extend(each)
    for name, each in found.items():
        worst = sorted(each)
        p99 = worst[min(len(worst) - 1, round(0.99 * len(worst)))]
        print(f"{name}: {len(each)} alarms, median {1000 * statistics.median(each):.1f} ms, ", end="")
        print(f"p99 {1000 * p99:.1f} ms, worst {1000 * worst[-1]:.1f} ms")


if __name__ == "__main__":
    main()
