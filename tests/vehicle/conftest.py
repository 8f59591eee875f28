"""Machines that boot, with the driver monitor installed in them by its own installer; `make test-vehicle` runs them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from booted import Booted
from emulated import make_starter
from measured import MEASURED
from roots import debian
from told import listen

ROOT = Path(__file__).resolve().parents[2]
WHEELS = "DRIVER_MONITOR_WHEELS"
CONFIGURATION = """\
vehicle: bus-17
camera: {kind: recording, path: /srv/recording, loop: true}
rules: {guards: {laughing: false}}
mqtt: {host: localhost, status_interval_s: 5}
clock: {trust_system: true}
"""

# They need root and minutes, so that a plain pytest leaves them alone.
collect_ignore_glob = [] if WHEELS in os.environ else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for what, number in MEASURED.items():
        terminalreporter.write_line(f"{what}: {number}")


@pytest.fixture(scope="session")
def wheels() -> Path:
    return Path(os.environ[WHEELS])


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """In memory: the files of machines are written once and thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="vehicle-"))
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g,mode=755", "vehicle", folder], check=False)
    if done.returncode == 0:
        trial = ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "--private-network", "--read-only"]
        done = subprocess.run([*trial, "-D", debian("bookworm"), "/bin/true"], stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        subprocess.run(["umount", "--lazy", folder], check=False)
        pytest.exit("root may not start a container here: run the tests on a machine of its own, or a virtual one", 77)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


@pytest.fixture(scope="session")
def shared(scratch: Path, synthetic_recording: Path) -> Path:
    """What machines find in /srv: a clone of the commit that is checked out, and a recording that begins with sleep."""
    folder = scratch / "srv"
    clone, recording = folder / "clone", folder / "recording"
    clone.mkdir(parents=True)
    recording.mkdir()
    archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD"], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", clone], input=archive, check=True)
    _cut(synthetic_recording / "video.mp4", recording / "video.mp4", 6.5, 14.0)
    return folder


def _cut(video: Path, to: Path, begin: float, end: float) -> None:
    reader = cv2.VideoCapture(str(video))
    rate = reader.get(cv2.CAP_PROP_FPS)
    size = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(to), cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
    for number in range(round(end * rate)):
        _, image = reader.read()
        if number >= round(begin * rate):
            writer.write(image)
    writer.release()


@pytest.fixture(scope="session")
def starter(scratch: Path) -> Path:
    """What an emulated machine starts from, with the working tree's `edge` and the programs of the tests."""
    folder = scratch / "emulated"
    folder.mkdir()
    here = Path(__file__).parent
    programs = [here / f"{name}_program.py" for name in ("machine", "can", "camera")]
    return make_starter(folder, [ROOT / "edge", *programs, here / "virtual_picamera2.py"])


@pytest.fixture(scope="session")
def boot(scratch: Path, shared: Path, wheels: Path) -> Callable[..., Booted]:
    """A fresh machine: boot() a bare one, boot(installed) one with the layer of the installation."""
    number = 0

    def _boot(*layers: Path, upper: Path | None = None) -> Booted:
        nonlocal number
        number += 1
        return Booted(
            [*layers, debian("bookworm")],
            upper or scratch / f"machine-{number}",
            {shared: "/srv", wheels: "/mnt"},
            scratch / f"machine-{number}.log",
        )

    return _boot


@pytest.fixture(scope="session")
def configuration() -> str:
    return CONFIGURATION


@pytest.fixture(scope="session")
def installed(boot: Callable[..., Booted], scratch: Path, configuration: str) -> Path:
    """The layer that the installer writes, from a clone and a folder of wheels, without a network."""
    upper = scratch / "installed"
    with boot(upper=upper) as machine:
        begin = time.monotonic()
        said = machine.say("umask 077 && /srv/clone/systemd/install --wheels /mnt", timeout=600)  # some harden logins
        MEASURED["install from a clone"] = f"{time.monotonic() - begin:.0f} s (limit 180)"
        assert "who agreed to be watched" in said
        machine.write("/etc/driver-monitor/config.yaml", configuration)
    for name in ("run", "tmp", "var/log/journal"):
        shutil.rmtree(upper / name, ignore_errors=True)
    return upper


@pytest.fixture
def machine(boot: Callable[..., Booted], installed: Path, scratch: Path) -> Iterator[Booted]:
    """A machine with the driver monitor, its broker, and whoever listens to it; the daemon is not started yet."""
    upper = Path(tempfile.mkdtemp(prefix="machine-", dir=scratch))
    upper.chmod(0o755)
    # It would begin with the machine. A character device 0/0 is what an overlay has in the place of what was deleted.
    wanted = upper / "etc/systemd/system/multi-user.target.wants"
    wanted.mkdir(parents=True)
    os.mknod(wanted / "driver-monitor.service", stat.S_IFCHR, os.makedev(0, 0))
    with boot(installed, upper=upper) as machine:
        machine.run("rm -rf /var/lib/driver-monitor/*")
        listen(machine)
        try:
            yield machine
        finally:
            journal = machine.run("journalctl --no-pager -o short-monotonic -u driver-monitor", check=False).stdout
            print(journal[-8000:])
            machine.cut_power()  # nobody looks at it again
