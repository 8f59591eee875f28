"""What a machine's broker heard of its daemon, and what systemd knows of it."""

from __future__ import annotations

import json
from typing import Any

from booted import Booted

SERVICE = "driver-monitor"


def listen(machine: Booted) -> None:
    """The broker runs, and somebody listens to it from now on."""
    machine.run("systemctl unmask -q mosquitto && systemctl start mosquitto")
    machine.run(
        "systemd-run -q --unit=listener -p Restart=always -p RestartSec=100ms -p StartLimitIntervalSec=0 "
        "sh -c 'exec mosquitto_sub -i listener -c -q 1 -v -t driver-monitor/# >>/run/heard'"
    )


def heard(machine: Booted, topic: str) -> list[str]:
    """The messages on `driver-monitor/bus-17/<topic>...` so far."""
    lines = machine.run("cat /run/heard", check=False).stdout.splitlines()
    return [line.split(" ", 1)[1] for line in lines if line.startswith(f"driver-monitor/bus-17/{topic}")]


def events(machine: Booted) -> list[dict[str, Any]]:
    return [json.loads(message) for message in heard(machine, "event/")]


def shown(machine: Booted, name: str, unit: str = SERVICE) -> str:
    return machine.say(f"systemctl show -P {name} {unit}")


def start(machine: Booted) -> None:
    machine.run(f"systemctl start {SERVICE}", timeout=120)


def next_event(machine: Booted, seconds: float = 60) -> float:
    """Seconds until one more event arrives than there are."""
    before = len(events(machine))
    return machine.wait_for(lambda: len(events(machine)) > before, seconds, "an event at the broker")


def journal(machine: Booted) -> str:
    return machine.say(f"journalctl --no-pager -o cat -u {SERVICE}")
