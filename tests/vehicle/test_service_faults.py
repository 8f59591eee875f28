"""What systemd and the daemon make of kills, hangs, broken configurations and full disks."""

from __future__ import annotations

import json
import os
import statistics

from booted import Booted
from measured import MEASURED
from told import SERVICE, events, heard, journal, next_event, shown, start

KILLS, HANGS = (20, 5) if os.environ.get("VEHICLE") == "long" else (4, 1)
"""The long form is what the product promises; the short one is run with every change."""


def restart_limit(machine: Booted) -> None:
    """Forget the ends so far: more in a row than the unit allows are meant."""
    machine.run(f"systemctl reset-failed {SERVICE}")


def test_after_a_kill_the_next_event_comes_within_10_s(machine: Booted) -> None:
    start(machine)
    next_event(machine)
    took = []
    for number in range(KILLS):
        if number % 8 == 7:
            restart_limit(machine)
        machine.run(f"systemctl kill --kill-whom=main -s KILL {SERVICE}")
        took.append(next_event(machine))
    MEASURED["next event after a SIGKILL"] = (
        f"{statistics.median(took):.1f} s, median of {KILLS}; longest {max(took):.1f} (limit 10)"
    )
    assert statistics.median(took) <= 10
    assert heard(machine, "availability")[0] == "online"


def test_a_hang_is_ended_by_the_watchdog(machine: Booted) -> None:
    start(machine)
    next_event(machine)
    struck, took = [], []
    for number in range(1, HANGS + 1):
        first = shown(machine, "MainPID")
        machine.run(f"kill -STOP {first}")
        struck.append(
            machine.wait_for(lambda first=first: shown(machine, "MainPID") not in (first, "0"), 60, "a restart")
        )
        took.append(next_event(machine))
        assert journal(machine).count("Watchdog timeout") == number
    MEASURED["a hang until the restart"] = f"{statistics.median(struck):.1f} s, median of {HANGS}"
    MEASURED["next event after the watchdog's restart"] = (
        f"{statistics.median(took):.1f} s, median of {HANGS} (limit 10)"
    )


def test_a_daemon_that_only_ends_is_given_up_after_ten_times(machine: Booted) -> None:
    machine.write(
        f"/etc/systemd/system/{SERVICE}.service.d/crash.conf", "[Service]\nExecStart=\nExecStart=/bin/false\n"
    )
    machine.run("systemctl daemon-reload")
    machine.run(f"systemctl start {SERVICE}", check=False)
    machine.wait_for(lambda: "start-limit-hit" in shown(machine, "Result") or _given_up(machine), 60, "the giving up")
    assert shown(machine, "ActiveState") == "failed"
    assert journal(machine).count("Main process exited") == 10
    # By hand it starts at once.
    machine.run(f"rm /etc/systemd/system/{SERVICE}.service.d/crash.conf && systemctl daemon-reload")
    restart_limit(machine)
    start(machine)


def _given_up(machine: Booted) -> bool:
    return "Start request repeated too quickly" in journal(machine)


def test_a_broken_configuration_is_said_once_and_not_tried_again(machine: Booted) -> None:
    machine.run("echo 'camra: {}' >>/etc/driver-monitor/config.yaml")
    assert machine.run(f"systemctl start {SERVICE}", check=False).returncode != 0
    assert shown(machine, "ExecMainStatus") == "78"
    machine.run("sleep 3")
    assert shown(machine, "NRestarts") == "0"
    assert shown(machine, "ActiveState") == "failed"
    said = [line for line in journal(machine).splitlines() if line.startswith("driver-monitor: ")]
    assert len(said) == 1
    assert "camra" in said[0]
    assert "Traceback" not in journal(machine)


def test_without_its_key_it_does_not_start_and_systemd_says_why(machine: Booted) -> None:
    machine.run("rm /etc/driver-monitor/outbox.key")
    assert machine.run(f"systemctl start {SERVICE}", check=False).returncode != 0
    assert "CREDENTIALS" in journal(machine)
    machine.run("/srv/clone/systemd/install --wheels /mnt")  # makes one
    assert shown(machine, "ActiveState") == "active"


def test_a_full_disk_keeps_neither_the_driver_unwatched_nor_events_back(machine: Booted) -> None:
    state = "/var/lib/driver-monitor"
    machine.run(f"mkdir -p {state} && mount -t tmpfs -o size=2m,mode=700 none {state} && chown driver-monitor: {state}")
    start(machine)
    next_event(machine)
    machine.run(f"dd if=/dev/zero of={state}/filler bs=4k", check=False)
    assert machine.say(f"df --output=avail {state} | tail -1") == "0"
    next_event(machine)
    # It starts with a full disk, too.
    machine.run(f"systemctl restart {SERVICE}")
    next_event(machine)
    assert len({event["session"] for event in events(machine)}) == 2
    machine.run(f"rm {state}/filler")
    next_event(machine)
    assert shown(machine, "NRestarts") == "0"


def test_the_child_that_captures_ends_with_the_daemon(machine: Booted) -> None:
    start(machine)
    machine.run(f"systemctl stop {SERVICE}")
    assert machine.run("pgrep -u driver-monitor", check=False).stdout == ""


def test_without_a_broker_events_wait_and_none_is_lost(machine: Booted) -> None:
    start(machine)
    next_event(machine)
    machine.run("systemctl stop mosquitto")
    machine.run("sleep 12")
    # of a problem, such as a broker that is gone, the exit code tells
    status = json.loads(machine.run("driver-monitor status --json", check=False).stdout)
    made = status["outbox"]["waiting"] + status["outbox"]["sent"]
    assert status["outbox"]["waiting"] > 0
    machine.run(f"systemctl kill --kill-whom=main -s KILL {SERVICE}")  # what waits is on the disk
    machine.run("sleep 8")
    machine.run("systemctl start mosquitto")
    next_event(machine, 90)
    machine.run("sleep 5")
    told = events(machine)
    for session in {event["session"] for event in told}:
        numbers = sorted({event["sequence"] for event in told if event["session"] == session})
        assert numbers == list(range(1, len(numbers) + 1)), "a hole in the sequence"
        if session == status["session"]:
            assert len(numbers) >= made, "what waited when it was killed"
