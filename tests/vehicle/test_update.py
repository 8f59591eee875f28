"""Updates: a good one runs after its minute, a broken one is undone without a hand."""

from __future__ import annotations

import os
import time

import pytest
from booted import Booted
from measured import MEASURED
from told import journal, next_event, shown, start

DAEMON = "/new/edge/service/daemon.py"
DIES_LATER = "import os, threading; threading.Timer(9, os._exit, [1]).start()"
NEVER_READY = "import time; time.sleep(3600)"


LONG = pytest.mark.skipif(os.environ.get("VEHICLE") != "long", reason="of the long form: VEHICLE=long")


def make_update(machine: Booted, defect: str = "") -> None:
    """A clone of another version in /new; `defect` is a line of Python that runs when the daemon begins."""
    machine.run("cp -r /srv/clone /new && sed -i 's/^version = .*/version = \"9.9.9\"/' /new/pyproject.toml")
    if defect:
        machine.run(f"cat >>{DAEMON}", given=f"\n{defect}\n")


def version(machine: Booted) -> str:
    return machine.say("readlink /opt/driver-monitor/current").rpartition("/")[2]


def test_an_update_takes_the_place_of_the_version_before(machine: Booted) -> None:
    start(machine)
    next_event(machine)
    machine.run("systemctl kill --kill-whom=main -s KILL driver-monitor")  # that it was once started again is past
    next_event(machine)
    assert shown(machine, "NRestarts") == "1"
    before = version(machine)
    configuration = machine.say("sha256sum /etc/driver-monitor/*")
    make_update(machine)
    said = machine.say("/new/systemd/install --wheels /mnt", timeout=600)
    assert "version 9.9.9" in said.splitlines()[-1]
    assert version(machine).startswith("9.9.9-")
    assert shown(machine, "NRestarts") == "0"
    next_event(machine)
    assert machine.say("sha256sum /etc/driver-monitor/*") == configuration
    assert machine.say("ls /opt/driver-monitor/versions").split() == sorted([before, version(machine)])
    assert "is done" in machine.say("cat /opt/driver-monitor/last-update")
    # Installed once more it leaves the version to go back to.
    machine.run("/new/systemd/install --wheels /mnt", timeout=120)
    assert machine.say("ls /opt/driver-monitor/versions").split() == sorted([before, version(machine)])


@pytest.mark.parametrize(
    "defect",
    [pytest.param(DIES_LATER, id="dies after 9 s"), pytest.param(NEVER_READY, id="is never ready", marks=LONG)],
)
def test_a_broken_update_is_undone_without_a_hand(machine: Booted, defect: str, request: pytest.FixtureRequest) -> None:
    start(machine)
    before = version(machine)
    make_update(machine, defect)
    machine.run("systemd-run -q --unit=updating /new/systemd/install --wheels /mnt")
    machine.wait_for(lambda: version(machine).startswith("9.9.9-"), 300, "the update's beginning")
    begin = time.monotonic()
    machine.wait_for(
        lambda: version(machine) == before and shown(machine, "ActiveState") == "active", 90, "the old version"
    )
    MEASURED[f"an update that {request.node.callspec.id}, back on the old version"] = (
        f"{time.monotonic() - begin:.0f} s (limit 90)"
    )
    machine.wait_for(lambda: shown(machine, "ActiveState", "updating") == "failed", 30, "the installer's failing")
    assert f"Version {before} is back" in machine.say("systemctl status --no-pager driver-monitor")
    assert f"Version {before} is back" in journal(machine)
    assert f"Version {before} is back" in machine.run("driver-monitor status", check=False).stdout
    next_event(machine)
    # The machine starts with the old version again.
    assert machine.run("test -e /opt/driver-monitor/trial", check=False).returncode == 1


@LONG
def test_an_installer_that_is_run_amid_the_trial_waits_for_its_end(machine: Booted) -> None:
    start(machine)
    before = version(machine)
    make_update(machine)
    machine.run("systemd-run -q --unit=updating /new/systemd/install --wheels /mnt")
    machine.wait_for(lambda: version(machine).startswith("9.9.9-"), 300, "the update's beginning")
    assert "another installation is under way" in machine.run("/new/systemd/install --wheels /mnt", check=False).stdout
    machine.run("systemctl kill -s KILL updating")  # as a lost login does
    said = machine.say("/new/systemd/install --wheels /mnt", timeout=200)
    assert "still tried" in said
    assert "is done" in machine.say("cat /opt/driver-monitor/last-update")
    assert machine.run("test -e /opt/driver-monitor/trial", check=False).returncode == 1
    assert machine.say("ls /opt/driver-monitor/versions").split() == sorted([before, version(machine)])


@LONG
def test_a_loss_of_power_amid_the_trial_ends_in_a_version_that_runs(machine: Booted) -> None:
    start(machine)
    before = version(machine)
    make_update(machine, "import os, threading; threading.Timer(20, os._exit, [1]).start()")
    machine.run("systemd-run -q --unit=updating /new/systemd/install --wheels /mnt")
    machine.wait_for(lambda: version(machine).startswith("9.9.9-"), 300, "the update's beginning")
    machine.run("sleep 5")
    machine.cut_power()
    with machine:
        machine.wait_for(
            lambda: version(machine) == before and shown(machine, "ActiveState") == "active", 120, "the old version"
        )
        machine.wait_for(lambda: f"Version {before} is back" in journal(machine), 30, "a word in the journal")
