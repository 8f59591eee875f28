"""The daemon as systemd runs it on a booted Debian 12, installed from a clone without a network."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from booted import Booted
from fake_receiver import drive
from measured import MEASURED
from told import SERVICE, events, heard, next_event, shown, start

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "driver-monitor.service"
STARTS = 5
QUIET = 0.9
"""A loop that gets less of a processor shares it: what a start takes then says nothing of the daemon."""


def test_exposure_is_at_most_one_and_a_half() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=True,
    )
    exposure = float(re.search(r"Overall exposure level.*: ([0-9.]+)", done.stdout)[1])  # type: ignore[index]
    MEASURED["exposure"] = f"{exposure} (limit 1.5)"
    assert exposure <= 1.5


def test_what_is_installed_takes_at_most_400_megabytes(machine: Booted) -> None:
    megabytes = int(machine.say("du -sm /opt/driver-monitor").split()[0])
    MEASURED["installed"] = f"{megabytes} MB (limit 400)"
    assert megabytes <= 400
    # The camera's library is apt's, built against NumPy 1 in bookworm.
    python = "/opt/driver-monitor/current/bin/python3"
    assert machine.say(f"{python} -c 'import numpy; print(numpy.__version__)'").startswith("1.")


def test_it_starts_sends_events_and_says_that_it_stops(machine: Booted) -> None:
    start(machine)
    next_event(machine)
    assert {event["vehicle"] for event in events(machine)} == {"bus-17"}
    machine.run(f"systemctl stop {SERVICE}")
    assert shown(machine, "Result") == "success"
    assert heard(machine, "availability")[-1] == "stopped"


def test_a_start_takes_at_most_three_seconds(machine: Booted) -> None:
    took, cpu, quiet = [], [], []
    for _ in range(STARTS):
        share = _share()
        begin = time.monotonic()
        start(machine)
        took.append(time.monotonic() - begin)
        cpu.append(int(shown(machine, "CPUUsageNSec")) / 1e9)
        if min(share, _share()) >= QUIET:
            quiet.append(took[-1])
        machine.run(f"systemctl stop {SERVICE}")
    MEASURED["systemctl start to READY"] = (
        f"{statistics.median(took):.1f} s, median of {STARTS}, {statistics.median(cpu):.1f} s of a processor with the "
        f"capture process; {len(quiet)} on a quiet machine (limit 3)"
    )
    assert statistics.median(cpu) <= 3
    if len(quiet) > STARTS // 2:
        assert statistics.median(quiet) <= 3


def _share() -> float:
    """Of a processor, what a loop on each of them got at least: 1 where nothing else runs."""
    loop = (
        "import time; begin, used = time.monotonic(), time.process_time(); sum(range(10_000_000)); "
        "print((time.process_time() - used) / (time.monotonic() - begin))"
    )
    loops = [
        subprocess.Popen([sys.executable, "-S", "-c", loop], stdout=subprocess.PIPE) for _ in range(os.cpu_count() or 1)
    ]
    return min(float(one.communicate()[0]) for one in loops)


def test_it_starts_by_itself_with_the_machine(boot: Callable[..., Booted], installed: Path) -> None:
    with boot(installed) as machine:
        assert shown(machine, "ActiveState") == "active"


def test_place_and_time_come_from_gpsd(machine: Booted) -> None:
    lines = drive(600, time.time())
    machine.write("/run/receiver.nmea", "\r\n".join(lines))
    feeder = (
        "import socket, time; sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for line in open('/run/receiver.nmea', newline='\\n'):\n"
        "    sender.sendto(line.encode(), ('127.0.0.1', 5000))\n"
        "    'GPGSV,2,2' in line and time.sleep(1)\n"
    )
    machine.write("/run/feeder.py", feeder)
    machine.run("systemd-run -q --unit=receiver gpsd -n -N udp://127.0.0.1:5000")
    machine.run("systemd-run -q --unit=feeder python3 /run/feeder.py")
    machine.run("sed -i 's/^clock.*/gps: {kind: gpsd}/' /etc/driver-monitor/config.yaml")
    start(machine)
    machine.wait_for(
        lambda: any(event["time_source"] == "gps" and event["position"] for event in events(machine)),
        60,
        "an event with place and time of gpsd",
    )


def test_a_second_installation_changes_nothing(machine: Booted) -> None:
    kept = "sha256sum /etc/driver-monitor/*; readlink /opt/driver-monitor/current; ls /opt/driver-monitor/versions"
    before = machine.say(kept)
    start(machine)
    said = machine.say("/srv/clone/systemd/install --wheels /mnt", timeout=120)
    assert "is there" in said
    assert machine.say(kept) == before
    assert shown(machine, "ActiveState") == "active"


def test_uninstalled_it_leaves_only_what_is_the_operators(machine: Booted) -> None:
    start(machine)
    machine.run("/srv/clone/systemd/uninstall")
    left = machine.say("find / -xdev -name '*driver-monitor*' -not -path '/srv/*' -not -path '/proc/*'").splitlines()
    assert sorted(left) == ["/etc/driver-monitor", "/var/lib/driver-monitor"]
    machine.run("/srv/clone/systemd/uninstall --purge")
    assert machine.say("find / -xdev -name '*driver-monitor*' -not -path '/srv/*' -not -path '/proc/*'") == ""
    assert machine.run("getent passwd driver-monitor", check=False).returncode == 2


def test_the_installer_says_what_to_do(machine: Booted, wheels: Path) -> None:
    for arguments, code, mend in (
        ("--wheels /nowhere", 2, "make wheelhouse"),
        ("--nonsense", 2, "--help"),
        ("/srv/no.whl", 2, "name one"),
    ):
        done = machine.run(f"/srv/clone/systemd/install {arguments}", check=False)
        assert done.returncode == code
        assert mend in done.stdout
        assert len(done.stdout.splitlines()) == 1


def test_the_password_is_lent_by_systemd(machine: Booted) -> None:
    lent = "/run/credentials/driver-monitor.service/password"
    machine.run("umask 077; echo secret >/etc/driver-monitor/password")
    machine.run(
        f"sed -i 's|host: localhost|&, username: bus-17, password_file: {lent}|' /etc/driver-monitor/config.yaml"
    )
    drop_in = "[Service]\nLoadCredential=password:/etc/driver-monitor/password\n"
    machine.write("/etc/systemd/system/driver-monitor.service.d/password.conf", drop_in)
    machine.run("systemctl daemon-reload")
    start(machine)
    next_event(machine)
