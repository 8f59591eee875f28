"""The Debian package as dpkg and apt handle it, on a booted Debian 12 without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from booted import Booted
from measured import MEASURED
from told import listen, next_event, shown, start

ROOT = Path(__file__).resolve().parents[2]
NEXT = "9.9.9"
OPERATORS = "sha256sum /etc/driver-monitor/*"
OURS = "find / -xdev -name '*driver-monitor*' -not -path '/srv/*' -not -path '/proc/*' -not -path '/var/lib/dpkg/*'"

if shutil.which("dh") is None:
    pytest.skip("no debhelper: make test-vehicle installs it", allow_module_level=True)


def make_package(wheels: Path, to: Path) -> Path:
    architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout
    subprocess.run([ROOT / "debian" / "build", wheels, architecture.strip(), to], check=True)
    (package,) = to.glob("*.deb")
    return package


@pytest.fixture(scope="module")
def package(shared: Path, wheels: Path) -> Path:
    return make_package(wheels, shared / "package")


@pytest.fixture(scope="module")
def next_package(shared: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same program under a later version."""
    folder = tmp_path_factory.mktemp("next")
    clone, later = folder / "clone", folder / "wheels"
    shutil.copytree(shared / "clone", clone)
    shutil.copytree(wheels, later, ignore=shutil.ignore_patterns("driver_monitor-*"))
    project = clone / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "', f'version = "{NEXT}" #', 1))
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index", "--find-links", later]
    subprocess.run([*pip, "-w", later, clone], check=True)
    return make_package(later, shared / "next")


@pytest.fixture(scope="module")
def packaged(
    boot: Callable[..., Booted], scratch: Path, package: Path, shared: Path, configuration: str
) -> tuple[Path, str]:
    """The layer that apt writes when it installs the package, and what it said."""
    upper = scratch / "packaged"
    with boot(upper=upper) as machine:
        begin = time.monotonic()
        said = machine.say(f"apt-get install -y {there(package, shared)}", timeout=600)
        MEASURED["apt-get install of the package"] = f"{time.monotonic() - begin:.0f} s"
        machine.write("/etc/driver-monitor/config.yaml", configuration)
    for name in ("run", "tmp", "var/log/journal"):
        shutil.rmtree(upper / name, ignore_errors=True)
    return upper, said


@pytest.fixture
def vehicle(boot: Callable[..., Booted], packaged: tuple[Path, str]) -> Iterator[Booted]:
    with boot(packaged[0]) as machine:
        listen(machine)
        yield machine


def there(package: Path, shared: Path) -> str:
    """Where the machine sees it."""
    return f"/srv/{package.relative_to(shared)}"


def test_the_package_installs_without_a_network_and_its_daemon_starts_with_the_machine(
    vehicle: Booted, packaged: tuple[Path, str]
) -> None:
    assert "who agreed to be watched" in packaged[1]
    assert shown(vehicle, "ActiveState") == "active"
    next_event(vehicle)
    assert vehicle.say("dpkg --verify driver-monitor; dpkg --audit") == ""


def test_an_upgrade_keeps_configuration_and_key(vehicle: Booted, next_package: Path, shared: Path) -> None:
    before = vehicle.say(OPERATORS)
    # A running daemon would be tried for a minute, as test_update does.
    vehicle.run("systemctl stop driver-monitor")
    vehicle.say(f"dpkg -i {there(next_package, shared)}", timeout=600)
    assert vehicle.say("dpkg-query -W -f '${Version} ${db:Status-Status}' driver-monitor") == f"{NEXT} installed"
    assert NEXT in vehicle.say("driver-monitor --version")
    assert vehicle.say(OPERATORS) == before
    assert shown(vehicle, "ActiveState") == "active"
    next_event(vehicle)


def test_removed_it_leaves_what_is_the_operators_and_purged_it_leaves_nothing(vehicle: Booted) -> None:
    start(vehicle)
    before = vehicle.say(OPERATORS)
    vehicle.say("apt-get remove -y driver-monitor")
    assert sorted(vehicle.say(OURS).splitlines()) == ["/etc/driver-monitor", "/var/lib/driver-monitor"]
    assert vehicle.say(OPERATORS) == before
    vehicle.say("apt-get purge -y driver-monitor")
    assert vehicle.say(OURS) == ""
    assert vehicle.run("getent passwd driver-monitor", check=False).returncode == 2


def test_in_an_image_that_is_being_built_it_waits_and_can_be_taken_away(
    boot: Callable[..., Booted], package: Path, shared: Path
) -> None:
    with boot() as machine:
        # What tells that systemd runs is hidden, as in a chroot.
        image = "unshare --mount sh -c 'mount -t tmpfs image /run/systemd && {}'"
        done = machine.run(image.format(f"dpkg -i {there(package, shared)}"), check=False)
        assert done.returncode == 1
        assert "systemd does not run here" in done.stdout
        machine.say(image.format("dpkg --purge driver-monitor"))
        assert machine.say(OURS) == ""
